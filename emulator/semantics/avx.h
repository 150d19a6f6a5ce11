// AVX and AVX2 instructions that have no legacy form: broadcasts, permutations across halves,
// shifts by lane, masked moves and gathers.
#pragma once

#include <bit>

#include "emulator/semantics/avx_ops.h"
#include "emulator/semantics/sse_shapes.h"
#include "emulator/semantics/sse_shuffle_ops.h"

namespace gantry::sem {

// The lanes T (s32 or s64) whose mask lane has its sign set; the others are zero, or stay as they
// are in memory, and their addresses may be any. `in_stack`: MemoryOperand::in_stack().
template <typename T>
V256 load_masked(guest::Cpu& cpu, u64 address, const V256& mask, u64 in_stack);
template <typename T>
void store_masked(guest::Cpu& cpu, u64 address, const V256& mask, const V256& data, u64 in_stack);

// What a gather needs to know of its operands, as one number.
struct GatherOperands {
  u8 destination;
  u8 mask;
  u8 index;
  u8 scale;          // shift count
  u8 width;          // vector length in bytes, of destination or index, whichever is longer
  u8 address_width;  // bytes
  u16 in_stack;      // MemoryOperand::in_stack()
};
static_assert(sizeof(GatherOperands) == sizeof(u64));

// Loads lanes T at base + index << scale for the signed lanes Index. On a fault the lanes before it
// have been loaded and their mask lanes cleared (SDM vol. 2, "VPGATHERDD/VPGATHERQD").
template <typename T, typename Index>
void gather(guest::Cpu& cpu, u64 base, u64 segment_base, u64 operands);

// --- broadcasts
template <auto kOp, typename B>
void vec_broadcast(B& b, const Insn& i) {
  auto lanes = b.call(kOp, b.read_vec(i, 1));
  b.write_wide(i, 0, typename B::Wide{lanes, lanes});
}
template <SemanticBuilder B>
void VPBROADCASTB(B& b, const Insn& i) {
  vec_broadcast<vec::broadcast<u8>>(b, i);
}
template <SemanticBuilder B>
void VPBROADCASTW(B& b, const Insn& i) {
  vec_broadcast<vec::broadcast<u16>>(b, i);
}
template <SemanticBuilder B>
void VPBROADCASTD(B& b, const Insn& i) {
  vec_broadcast<vec::broadcast<u32>>(b, i);
}
template <SemanticBuilder B>
void VPBROADCASTQ(B& b, const Insn& i) {
  vec_broadcast<vec::broadcast<u64>>(b, i);
}
template <SemanticBuilder B>
void VBROADCASTSS(B& b, const Insn& i) {
  vec_broadcast<vec::broadcast<u32>>(b, i);
}
template <SemanticBuilder B>
void VBROADCASTSD(B& b, const Insn& i) {
  vec_broadcast<vec::broadcast<u64>>(b, i);
}
template <SemanticBuilder B>
void VBROADCASTF128(B& b, const Insn& i) {
  auto half = b.read_vec(i, 1);
  b.write_wide(i, 0, typename B::Wide{half, half});
}
template <SemanticBuilder B>
void VBROADCASTI128(B& b, const Insn& i) {
  VBROADCASTF128(b, i);
}

// --- halves
template <SemanticBuilder B>
void VEXTRACTF128(B& b, const Insn& i) {
  auto value = b.read_wide(i, 1);
  b.write_vec(i, 0, i.imm & 1 ? value.high : value.low);
}
template <SemanticBuilder B>
void VEXTRACTI128(B& b, const Insn& i) {
  VEXTRACTF128(b, i);
}
template <SemanticBuilder B>
void VINSERTF128(B& b, const Insn& i) {
  auto half = b.read_vec(i, 2);
  auto value = b.read_wide(i, 1);
  (i.imm & 1 ? value.high : value.low) = half;
  b.write_wide(i, 0, value);
}
template <SemanticBuilder B>
void VINSERTI128(B& b, const Insn& i) {
  VINSERTF128(b, i);
}

// The half of two registers that four control bits choose.
template <typename B>
typename B::Vec choose_half(const typename B::Wide& lhs, const typename B::Wide& rhs, u64 control) {
  if (control & 8) return {};
  const auto& value = control & 2 ? rhs : lhs;
  return control & 1 ? value.high : value.low;
}
template <SemanticBuilder B>
void VPERM2F128(B& b, const Insn& i) {
  auto rhs = b.read_wide(i, 2);
  auto lhs = b.read_wide(i, 1);
  auto low = choose_half<B>(lhs, rhs, i.imm);
  auto high = choose_half<B>(lhs, rhs, i.imm >> 4);
  b.write_wide(i, 0, typename B::Wide{low, high});
}
template <SemanticBuilder B>
void VPERM2I128(B& b, const Insn& i) {
  VPERM2F128(b, i);
}

// --- permutations
template <SemanticBuilder B>
void VPERMD(B& b, const Insn& i) {
  auto value = b.read_wide(i, 2);
  auto index = b.read_wide(i, 1);
  auto op = [&](const auto& n) { return b.call(vec::permute_dwords, value.low, value.high, n); };
  b.write_wide(i, 0, each_half(b, i, op, index));
}
template <SemanticBuilder B>
void VPERMPS(B& b, const Insn& i) {
  VPERMD(b, i);
}
template <SemanticBuilder B>
void VPERMQ(B& b, const Insn& i) {
  auto value = b.read_wide(i, 1);
  auto low = b.call(vec::permute_qwords, value.low, value.high, b.imm(i.imm));
  auto high = b.call(vec::permute_qwords, value.low, value.high, b.imm(i.imm >> 4));
  b.write_wide(i, 0, typename B::Wide{low, high});
}
template <SemanticBuilder B>
void VPERMPD(B& b, const Insn& i) {
  VPERMQ(b, i);
}
template <SemanticBuilder B>
void VPERMILPS(B& b, const Insn& i) {
  if (b.kind(i, 2) == OperandKind::kImmediate) return vec_unary_imm<vec::shuffle_dwords>(b, i);
  vec_binary<vec::permute_within_dwords>(b, i);
}
template <SemanticBuilder B>
void VPERMILPD(B& b, const Insn& i) {
  if (b.kind(i, 2) == OperandKind::kImmediate) return vec_unary_imm<vec::select_qwords, 2>(b, i);
  vec_binary<vec::permute_within_qwords>(b, i);
}
template <SemanticBuilder B>
void VPBLENDD(B& b, const Insn& i) {
  vec_binary_imm<vec::blend<u32>, 4>(b, i);
}

// --- shifts by lane
template <SemanticBuilder B>
void VPSLLVD(B& b, const Insn& i) {
  vec_binary<vec::shl_each<u32>>(b, i);
}
template <SemanticBuilder B>
void VPSLLVQ(B& b, const Insn& i) {
  vec_binary<vec::shl_each<u64>>(b, i);
}
template <SemanticBuilder B>
void VPSRLVD(B& b, const Insn& i) {
  vec_binary<vec::shr_each<u32>>(b, i);
}
template <SemanticBuilder B>
void VPSRLVQ(B& b, const Insn& i) {
  vec_binary<vec::shr_each<u64>>(b, i);
}
template <SemanticBuilder B>
void VPSRAVD(B& b, const Insn& i) {
  vec_binary<vec::sar_each_dword>(b, i);
}

template <SemanticBuilder B>
void VTESTPS(B& b, const Insn& i) {
  vec_test<vec::test_signs<s32>>(b, i);
}
template <SemanticBuilder B>
void VTESTPD(B& b, const Insn& i) {
  vec_test<vec::test_signs<s64>>(b, i);
}

// --- masked moves
template <typename T, typename B>
void masked_move(B& b, const Insn& i) {
  auto mask = b.read_wide(i, 1);
  auto in_stack = b.imm(i.mem.in_stack());
  if (b.kind(i, 0) == OperandKind::kMemory) {
    b.call_cpu(store_masked<T>, b.address(i), mask, b.read_wide(i, 2), in_stack);
  } else {
    b.write_wide(i, 0, b.call_cpu(load_masked<T>, b.address(i), mask, in_stack));
  }
}
template <SemanticBuilder B>
void VMASKMOVPS(B& b, const Insn& i) {
  masked_move<s32>(b, i);
}
template <SemanticBuilder B>
void VMASKMOVPD(B& b, const Insn& i) {
  masked_move<s64>(b, i);
}
template <SemanticBuilder B>
void VPMASKMOVD(B& b, const Insn& i) {
  masked_move<s32>(b, i);
}
template <SemanticBuilder B>
void VPMASKMOVQ(B& b, const Insn& i) {
  masked_move<s64>(b, i);
}

// --- gathers
template <typename T, typename Index, typename B>
void gather_lanes(B& b, const Insn& i) {
  const auto& m = i.mem;
  GatherOperands operands = {i.op[0].reg, i.op[2].reg,     m.index,     m.scale,
                             i.width,     m.address_width, m.in_stack()};
  auto base = b.imm(static_cast<u64>(m.disp));
  if (m.base != x86::kNoRegister) base = b.add(8, base, b.gpr(m.base));
  b.call_cpu(gather<T, Index>, base, b.segment_base(i), b.imm(std::bit_cast<u64>(operands)));
}
template <SemanticBuilder B>
void VPGATHERDD(B& b, const Insn& i) {
  gather_lanes<s32, s32>(b, i);
}
template <SemanticBuilder B>
void VPGATHERDQ(B& b, const Insn& i) {
  gather_lanes<s64, s32>(b, i);
}
template <SemanticBuilder B>
void VPGATHERQD(B& b, const Insn& i) {
  gather_lanes<s32, s64>(b, i);
}
template <SemanticBuilder B>
void VPGATHERQQ(B& b, const Insn& i) {
  gather_lanes<s64, s64>(b, i);
}
template <SemanticBuilder B>
void VGATHERDPS(B& b, const Insn& i) {
  gather_lanes<s32, s32>(b, i);
}
template <SemanticBuilder B>
void VGATHERDPD(B& b, const Insn& i) {
  gather_lanes<s64, s32>(b, i);
}
template <SemanticBuilder B>
void VGATHERQPS(B& b, const Insn& i) {
  gather_lanes<s32, s64>(b, i);
}
template <SemanticBuilder B>
void VGATHERQPD(B& b, const Insn& i) {
  gather_lanes<s64, s64>(b, i);
}

// --- upper halves
template <SemanticBuilder B>
void VZEROUPPER(B& b, const Insn&) {
  for (unsigned n = 0; n < 16; ++n) b.clear_high(n);
}
template <SemanticBuilder B>
void VZEROALL(B& b, const Insn& i) {
  for (unsigned n = 0; n < 16; ++n) b.set_xmm(i, n, {});
}

}  // namespace gantry::sem

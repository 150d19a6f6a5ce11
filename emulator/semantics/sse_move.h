// Moves between vector registers, memory and general registers: MMX, SSE, SSE2, SSE3, SSE4.1.
#pragma once

#include "emulator/semantics/sse_shapes.h"
#include "emulator/semantics/sse_shuffle_ops.h"
#include "emulator/semantics/x87_state.h"

namespace gantry::sem {

// --- whole registers. Alignment is the row's attribute, the cache hints of MOVNT* have no effect.
template <SemanticBuilder B>
void MOVAPS(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVAPD(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVUPS(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVUPD(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVDQA(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVDQU(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void LDDQU(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVNTPS(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVNTPD(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVNTDQ(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVNTDQA(B& b, const Insn& i) {
  vec_move(b, i);
}
template <SemanticBuilder B>
void MOVNTI(B& b, const Insn& i) {
  b.write(i, 0, b.read(i, 1));
}
template <SemanticBuilder B>
void MOVNTQ(B& b, const Insn& i) {
  vec_move(b, i);
}

// --- scalars: a load clears the rest of the register, a move between registers keeps it.
template <unsigned kBytes, typename B>
void move_scalar(B& b, const Insn& i) {
  bool memory = b.kind(i, 0) == OperandKind::kMemory || b.kind(i, 1) == OperandKind::kMemory;
  if (memory) return vec_move(b, i);
  b.write_low(i, 0, kBytes, b.read_vec(i, source(b, i, 1)));
}
template <SemanticBuilder B>
void MOVSS(B& b, const Insn& i) {
  move_scalar<4>(b, i);
}
template <SemanticBuilder B>
void MOVSD(B& b, const Insn& i) {
  move_scalar<8>(b, i);
}

// MOVD and MOVQ in all directions; an XMM destination is zero-extended.
template <SemanticBuilder B>
void MOVD(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  if (b.kind(i, 0) == OperandKind::kGpr) {
    bool whole = b.operand_width(i, 0) == 8;
    b.write(i, 0, whole ? b.call(vec::low, value) : b.call(vec::extract<u32>, value, b.imm(0)));
  } else {
    b.write_vec(i, 0, b.kind(i, 1) == OperandKind::kXmm ? b.call(vec::low_only, value) : value);
  }
}
template <SemanticBuilder B>
void MOVQ(B& b, const Insn& i) {
  MOVD(b, i);
}
template <SemanticBuilder B>
void MOVQ2DQ(B& b, const Insn& i) {
  MOVD(b, i);
}
template <SemanticBuilder B>
void MOVDQ2Q(B& b, const Insn& i) {
  MOVD(b, i);
}

// --- halves
template <typename B>
void move_low_half(B& b, const Insn& i) {
  unsigned from = b.kind(i, 0) == OperandKind::kMemory ? 1 : source(b, i, 1);
  b.write_low(i, 0, 8, b.read_vec(i, from));
}
template <typename B>
void move_high_half(B& b, const Insn& i) {
  if (b.kind(i, 0) == OperandKind::kMemory) {
    b.write_low(i, 0, 8, b.call(vec::high_as_low, b.read_vec(i, 1)));
  } else {
    vec_binary<vec::with_high_qword>(b, i);
  }
}
template <SemanticBuilder B>
void MOVLPS(B& b, const Insn& i) {
  move_low_half(b, i);
}
template <SemanticBuilder B>
void MOVLPD(B& b, const Insn& i) {
  move_low_half(b, i);
}
template <SemanticBuilder B>
void MOVHPS(B& b, const Insn& i) {
  move_high_half(b, i);
}
template <SemanticBuilder B>
void MOVHPD(B& b, const Insn& i) {
  move_high_half(b, i);
}
template <SemanticBuilder B>
void MOVLHPS(B& b, const Insn& i) {
  move_high_half(b, i);
}
template <SemanticBuilder B>
void MOVHLPS(B& b, const Insn& i) {
  b.write_low(i, 0, 8, b.call(vec::high_as_low, b.read_vec(i, source(b, i, 1))));
}

template <SemanticBuilder B>
void MOVDDUP(B& b, const Insn& i) {
  vec_unary<vec::duplicate_low_qword>(b, i);
}
template <SemanticBuilder B>
void MOVSLDUP(B& b, const Insn& i) {
  vec_unary<vec::duplicate_even_dwords>(b, i);
}
template <SemanticBuilder B>
void MOVSHDUP(B& b, const Insn& i) {
  vec_unary<vec::duplicate_odd_dwords>(b, i);
}

// --- lanes to and from general registers. Indices are taken modulo the number of lanes.
template <typename T, typename B>
void extract_lane(B& b, const Insn& i) {
  unsigned lanes = is_mmx(b, i, 1) ? 8 / sizeof(T) : 16 / sizeof(T);
  b.write(i, 0, b.call(vec::extract<T>, b.read_vec(i, 1), b.imm(i.imm % lanes)));
}
template <typename T, typename B>
void insert_lane(B& b, const Insn& i) {
  unsigned lanes = is_mmx(b, i, 0) ? 8 / sizeof(T) : 16 / sizeof(T);
  if (is_mmx(b, i, 0)) b.call_cpu(x87::check_pending);
  auto value = b.read(i, source(b, i, 1));
  auto rest = b.read_vec(i, source(b, i, 0));
  b.write_vec(i, 0, b.call(vec::insert<T>, rest, value, b.imm(i.imm % lanes)));
}
template <SemanticBuilder B>
void PEXTRB(B& b, const Insn& i) {
  extract_lane<u8>(b, i);
}
template <SemanticBuilder B>
void PEXTRW(B& b, const Insn& i) {
  extract_lane<u16>(b, i);
}
template <SemanticBuilder B>
void PEXTRD(B& b, const Insn& i) {
  extract_lane<u32>(b, i);
}
template <SemanticBuilder B>
void PEXTRQ(B& b, const Insn& i) {
  extract_lane<u64>(b, i);
}
template <SemanticBuilder B>
void EXTRACTPS(B& b, const Insn& i) {
  extract_lane<u32>(b, i);
}
template <SemanticBuilder B>
void PINSRB(B& b, const Insn& i) {
  insert_lane<u8>(b, i);
}
template <SemanticBuilder B>
void PINSRW(B& b, const Insn& i) {
  insert_lane<u16>(b, i);
}
template <SemanticBuilder B>
void PINSRD(B& b, const Insn& i) {
  insert_lane<u32>(b, i);
}
template <SemanticBuilder B>
void PINSRQ(B& b, const Insn& i) {
  insert_lane<u64>(b, i);
}
// A register operand supplies any of its lanes, a memory operand is one lane.
template <SemanticBuilder B>
void INSERTPS(B& b, const Insn& i) {
  unsigned from = source(b, i, 1);
  auto value = b.read_vec(i, from);
  auto rest = b.read_vec(i, source(b, i, 0));
  u64 control = b.kind(i, from) == OperandKind::kMemory ? i.imm & 0x3f : i.imm & 0xff;
  b.write_vec(i, 0, b.call(vec::insert_dword_and_zero, rest, value, b.imm(control)));
}

// --- sign masks
template <SemanticBuilder B>
void PMOVMSKB(B& b, const Insn& i) {
  if (is_mmx(b, i, 1)) return vec_to_gpr<vec::sign_mask<s8, 8>, 8>(b, i);
  if (b.wide(i)) {
    auto value = b.read_wide(i, 1);
    return b.write(i, 0, b.call(vec::all_byte_signs, value.low, value.high));
  }
  vec_to_gpr<vec::sign_mask<s8, 16>, 16>(b, i);
}
template <SemanticBuilder B>
void MOVMSKPS(B& b, const Insn& i) {
  vec_to_gpr<vec::sign_mask<s32>, 4>(b, i);
}
template <SemanticBuilder B>
void MOVMSKPD(B& b, const Insn& i) {
  vec_to_gpr<vec::sign_mask<s64>, 2>(b, i);
}

}  // namespace gantry::sem

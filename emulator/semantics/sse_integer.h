// Packed integer instructions of MMX, SSE2, SSSE3 and SSE4.1: each is a shape and a pure function.
#pragma once

#include "emulator/semantics/sse_ops.h"
#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

// --- logic (the packed float forms are the same operation)
template <SemanticBuilder B>
void PAND(B& b, const Insn& i) {
  vec_binary<vec::and_>(b, i);
}
template <SemanticBuilder B>
void ANDPS(B& b, const Insn& i) {
  vec_binary<vec::and_>(b, i);
}
template <SemanticBuilder B>
void ANDPD(B& b, const Insn& i) {
  vec_binary<vec::and_>(b, i);
}
template <SemanticBuilder B>
void PANDN(B& b, const Insn& i) {
  vec_binary<vec::andn>(b, i);
}
template <SemanticBuilder B>
void ANDNPS(B& b, const Insn& i) {
  vec_binary<vec::andn>(b, i);
}
template <SemanticBuilder B>
void ANDNPD(B& b, const Insn& i) {
  vec_binary<vec::andn>(b, i);
}
template <SemanticBuilder B>
void POR(B& b, const Insn& i) {
  vec_binary<vec::or_>(b, i);
}
template <SemanticBuilder B>
void ORPS(B& b, const Insn& i) {
  vec_binary<vec::or_>(b, i);
}
template <SemanticBuilder B>
void ORPD(B& b, const Insn& i) {
  vec_binary<vec::or_>(b, i);
}
template <SemanticBuilder B>
void PXOR(B& b, const Insn& i) {
  vec_binary<vec::xor_>(b, i);
}
template <SemanticBuilder B>
void XORPS(B& b, const Insn& i) {
  vec_binary<vec::xor_>(b, i);
}
template <SemanticBuilder B>
void XORPD(B& b, const Insn& i) {
  vec_binary<vec::xor_>(b, i);
}

// --- sums
template <SemanticBuilder B>
void PADDB(B& b, const Insn& i) {
  vec_binary<vec::add<u8>>(b, i);
}
template <SemanticBuilder B>
void PADDW(B& b, const Insn& i) {
  vec_binary<vec::add<u16>>(b, i);
}
template <SemanticBuilder B>
void PADDD(B& b, const Insn& i) {
  vec_binary<vec::add<u32>>(b, i);
}
template <SemanticBuilder B>
void PADDQ(B& b, const Insn& i) {
  vec_binary<vec::add<u64>>(b, i);
}
template <SemanticBuilder B>
void PADDSB(B& b, const Insn& i) {
  vec_binary<vec::add_saturated<s8>>(b, i);
}
template <SemanticBuilder B>
void PADDSW(B& b, const Insn& i) {
  vec_binary<vec::add_saturated<s16>>(b, i);
}
template <SemanticBuilder B>
void PADDUSB(B& b, const Insn& i) {
  vec_binary<vec::add_saturated<u8>>(b, i);
}
template <SemanticBuilder B>
void PADDUSW(B& b, const Insn& i) {
  vec_binary<vec::add_saturated<u16>>(b, i);
}
template <SemanticBuilder B>
void PSUBB(B& b, const Insn& i) {
  vec_binary<vec::sub<u8>>(b, i);
}
template <SemanticBuilder B>
void PSUBW(B& b, const Insn& i) {
  vec_binary<vec::sub<u16>>(b, i);
}
template <SemanticBuilder B>
void PSUBD(B& b, const Insn& i) {
  vec_binary<vec::sub<u32>>(b, i);
}
template <SemanticBuilder B>
void PSUBQ(B& b, const Insn& i) {
  vec_binary<vec::sub<u64>>(b, i);
}
template <SemanticBuilder B>
void PSUBSB(B& b, const Insn& i) {
  vec_binary<vec::sub_saturated<s8>>(b, i);
}
template <SemanticBuilder B>
void PSUBSW(B& b, const Insn& i) {
  vec_binary<vec::sub_saturated<s16>>(b, i);
}
template <SemanticBuilder B>
void PSUBUSB(B& b, const Insn& i) {
  vec_binary<vec::sub_saturated<u8>>(b, i);
}
template <SemanticBuilder B>
void PSUBUSW(B& b, const Insn& i) {
  vec_binary<vec::sub_saturated<u16>>(b, i);
}
template <SemanticBuilder B>
void PAVGB(B& b, const Insn& i) {
  vec_binary<vec::average<u8>>(b, i);
}
template <SemanticBuilder B>
void PAVGW(B& b, const Insn& i) {
  vec_binary<vec::average<u16>>(b, i);
}
template <SemanticBuilder B>
void PABSB(B& b, const Insn& i) {
  vec_unary<vec::abs<s8>>(b, i);
}
template <SemanticBuilder B>
void PABSW(B& b, const Insn& i) {
  vec_unary<vec::abs<s16>>(b, i);
}
template <SemanticBuilder B>
void PABSD(B& b, const Insn& i) {
  vec_unary<vec::abs<s32>>(b, i);
}
template <SemanticBuilder B>
void PSIGNB(B& b, const Insn& i) {
  vec_binary<vec::sign<s8>>(b, i);
}
template <SemanticBuilder B>
void PSIGNW(B& b, const Insn& i) {
  vec_binary<vec::sign<s16>>(b, i);
}
template <SemanticBuilder B>
void PSIGND(B& b, const Insn& i) {
  vec_binary<vec::sign<s32>>(b, i);
}
template <SemanticBuilder B>
void PSADBW(B& b, const Insn& i) {
  vec_binary<vec::sum_differences>(b, i);
}
template <SemanticBuilder B>
void MPSADBW(B& b, const Insn& i) {
  vec_binary_imm<vec::sum_differences_sliding, 3>(b, i);
}
template <SemanticBuilder B>
void PHMINPOSUW(B& b, const Insn& i) {
  vec_unary<vec::min_position>(b, i);
}

// --- compares
template <SemanticBuilder B>
void PCMPEQB(B& b, const Insn& i) {
  vec_binary<vec::eq<u8>>(b, i);
}
template <SemanticBuilder B>
void PCMPEQW(B& b, const Insn& i) {
  vec_binary<vec::eq<u16>>(b, i);
}
template <SemanticBuilder B>
void PCMPEQD(B& b, const Insn& i) {
  vec_binary<vec::eq<u32>>(b, i);
}
template <SemanticBuilder B>
void PCMPEQQ(B& b, const Insn& i) {
  vec_binary<vec::eq<u64>>(b, i);
}
template <SemanticBuilder B>
void PCMPGTB(B& b, const Insn& i) {
  vec_binary<vec::gt<s8>>(b, i);
}
template <SemanticBuilder B>
void PCMPGTW(B& b, const Insn& i) {
  vec_binary<vec::gt<s16>>(b, i);
}
template <SemanticBuilder B>
void PCMPGTD(B& b, const Insn& i) {
  vec_binary<vec::gt<s32>>(b, i);
}
template <SemanticBuilder B>
void PCMPGTQ(B& b, const Insn& i) {
  vec_binary<vec::gt<s64>>(b, i);
}
template <SemanticBuilder B>
void PMINSB(B& b, const Insn& i) {
  vec_binary<vec::min<s8>>(b, i);
}
template <SemanticBuilder B>
void PMINUB(B& b, const Insn& i) {
  vec_binary<vec::min<u8>>(b, i);
}
template <SemanticBuilder B>
void PMINSW(B& b, const Insn& i) {
  vec_binary<vec::min<s16>>(b, i);
}
template <SemanticBuilder B>
void PMINUW(B& b, const Insn& i) {
  vec_binary<vec::min<u16>>(b, i);
}
template <SemanticBuilder B>
void PMINSD(B& b, const Insn& i) {
  vec_binary<vec::min<s32>>(b, i);
}
template <SemanticBuilder B>
void PMINUD(B& b, const Insn& i) {
  vec_binary<vec::min<u32>>(b, i);
}
template <SemanticBuilder B>
void PMAXSB(B& b, const Insn& i) {
  vec_binary<vec::max<s8>>(b, i);
}
template <SemanticBuilder B>
void PMAXUB(B& b, const Insn& i) {
  vec_binary<vec::max<u8>>(b, i);
}
template <SemanticBuilder B>
void PMAXSW(B& b, const Insn& i) {
  vec_binary<vec::max<s16>>(b, i);
}
template <SemanticBuilder B>
void PMAXUW(B& b, const Insn& i) {
  vec_binary<vec::max<u16>>(b, i);
}
template <SemanticBuilder B>
void PMAXSD(B& b, const Insn& i) {
  vec_binary<vec::max<s32>>(b, i);
}
template <SemanticBuilder B>
void PMAXUD(B& b, const Insn& i) {
  vec_binary<vec::max<u32>>(b, i);
}
template <SemanticBuilder B>
void PTEST(B& b, const Insn& i) {
  auto rhs = b.read_wide(i, 1);
  auto lhs = b.read_wide(i, 0);
  auto both = b.call(vec::and_, lhs.low, rhs.low), rest = b.call(vec::andn, lhs.low, rhs.low);
  if (b.wide(i)) {
    both = b.call(vec::or_, both, b.call(vec::and_, lhs.high, rhs.high));
    rest = b.call(vec::or_, rest, b.call(vec::andn, lhs.high, rhs.high));
  }
  b.set_flags(b.flags_raw(b.call(vec::zero_bits, both, rest)));
}

// --- products
template <SemanticBuilder B>
void PMULLW(B& b, const Insn& i) {
  vec_binary<vec::mul_low<u16>>(b, i);
}
template <SemanticBuilder B>
void PMULLD(B& b, const Insn& i) {
  vec_binary<vec::mul_low<u32>>(b, i);
}
template <SemanticBuilder B>
void PMULHW(B& b, const Insn& i) {
  vec_binary<vec::mul_high<s16>>(b, i);
}
template <SemanticBuilder B>
void PMULHUW(B& b, const Insn& i) {
  vec_binary<vec::mul_high<u16>>(b, i);
}
template <SemanticBuilder B>
void PMULHRSW(B& b, const Insn& i) {
  vec_binary<vec::mul_round>(b, i);
}
template <SemanticBuilder B>
void PMULUDQ(B& b, const Insn& i) {
  vec_binary<vec::mul_even<u64, u32>>(b, i);
}
template <SemanticBuilder B>
void PMULDQ(B& b, const Insn& i) {
  vec_binary<vec::mul_even<s64, s32>>(b, i);
}
template <SemanticBuilder B>
void PMADDWD(B& b, const Insn& i) {
  vec_binary<vec::mul_add_words>(b, i);
}
template <SemanticBuilder B>
void PMADDUBSW(B& b, const Insn& i) {
  vec_binary<vec::mul_add_bytes>(b, i);
}

// --- shifts
template <SemanticBuilder B>
void PSLLW(B& b, const Insn& i) {
  vec_shift<vec::shl<u16>>(b, i);
}
template <SemanticBuilder B>
void PSLLD(B& b, const Insn& i) {
  vec_shift<vec::shl<u32>>(b, i);
}
template <SemanticBuilder B>
void PSLLQ(B& b, const Insn& i) {
  vec_shift<vec::shl<u64>>(b, i);
}
template <SemanticBuilder B>
void PSRLW(B& b, const Insn& i) {
  vec_shift<vec::shr<u16>>(b, i);
}
template <SemanticBuilder B>
void PSRLD(B& b, const Insn& i) {
  vec_shift<vec::shr<u32>>(b, i);
}
template <SemanticBuilder B>
void PSRLQ(B& b, const Insn& i) {
  vec_shift<vec::shr<u64>>(b, i);
}
template <SemanticBuilder B>
void PSRAW(B& b, const Insn& i) {
  vec_shift<vec::sar<s16>>(b, i);
}
template <SemanticBuilder B>
void PSRAD(B& b, const Insn& i) {
  vec_shift<vec::sar<s32>>(b, i);
}
template <SemanticBuilder B>
void PSLLDQ(B& b, const Insn& i) {
  vec_shift<vec::shl_bytes>(b, i);
}
template <SemanticBuilder B>
void PSRLDQ(B& b, const Insn& i) {
  vec_shift<vec::shr_bytes>(b, i);
}

// --- horizontal
template <SemanticBuilder B>
void PHADDW(B& b, const Insn& i) {
  vec_binary_sized<vec::horizontal_add<u16, 8>, vec::horizontal_add<u16, 16>>(b, i);
}
template <SemanticBuilder B>
void PHADDD(B& b, const Insn& i) {
  vec_binary_sized<vec::horizontal_add<u32, 8>, vec::horizontal_add<u32, 16>>(b, i);
}
template <SemanticBuilder B>
void PHADDSW(B& b, const Insn& i) {
  vec_binary_sized<vec::horizontal_add_saturated<s16, 8>, vec::horizontal_add_saturated<s16, 16>>(
      b, i);
}
template <SemanticBuilder B>
void PHSUBW(B& b, const Insn& i) {
  vec_binary_sized<vec::horizontal_sub<u16, 8>, vec::horizontal_sub<u16, 16>>(b, i);
}
template <SemanticBuilder B>
void PHSUBD(B& b, const Insn& i) {
  vec_binary_sized<vec::horizontal_sub<u32, 8>, vec::horizontal_sub<u32, 16>>(b, i);
}
template <SemanticBuilder B>
void PHSUBSW(B& b, const Insn& i) {
  vec_binary_sized<vec::horizontal_sub_saturated<s16, 8>, vec::horizontal_sub_saturated<s16, 16>>(
      b, i);
}

}  // namespace gantry::sem

// Unpack, pack, shuffle, blend and extend: MMX to SSE4.1 and their VEX forms.
#pragma once

#include "emulator/semantics/sse_shapes.h"
#include "emulator/semantics/sse_shuffle_ops.h"

namespace gantry::sem {

// --- unpack
template <SemanticBuilder B>
void PUNPCKLBW(B& b, const Insn& i) {
  vec_binary_sized<vec::unpack_low<u8, 8>, vec::unpack_low<u8, 16>>(b, i);
}
template <SemanticBuilder B>
void PUNPCKLWD(B& b, const Insn& i) {
  vec_binary_sized<vec::unpack_low<u16, 8>, vec::unpack_low<u16, 16>>(b, i);
}
template <SemanticBuilder B>
void PUNPCKLDQ(B& b, const Insn& i) {
  vec_binary_sized<vec::unpack_low<u32, 8>, vec::unpack_low<u32, 16>>(b, i);
}
template <SemanticBuilder B>
void PUNPCKLQDQ(B& b, const Insn& i) {
  vec_binary<vec::low_low>(b, i);
}
template <SemanticBuilder B>
void UNPCKLPD(B& b, const Insn& i) {
  vec_binary<vec::low_low>(b, i);
}
template <SemanticBuilder B>
void UNPCKLPS(B& b, const Insn& i) {
  vec_binary<vec::unpack_low<u32, 16>>(b, i);
}
template <SemanticBuilder B>
void PUNPCKHBW(B& b, const Insn& i) {
  vec_binary_sized<vec::unpack_high<u8, 8>, vec::unpack_high<u8, 16>>(b, i);
}
template <SemanticBuilder B>
void PUNPCKHWD(B& b, const Insn& i) {
  vec_binary_sized<vec::unpack_high<u16, 8>, vec::unpack_high<u16, 16>>(b, i);
}
template <SemanticBuilder B>
void PUNPCKHDQ(B& b, const Insn& i) {
  vec_binary_sized<vec::unpack_high<u32, 8>, vec::unpack_high<u32, 16>>(b, i);
}
template <SemanticBuilder B>
void PUNPCKHQDQ(B& b, const Insn& i) {
  vec_binary<vec::high_high>(b, i);
}
template <SemanticBuilder B>
void UNPCKHPD(B& b, const Insn& i) {
  vec_binary<vec::high_high>(b, i);
}
template <SemanticBuilder B>
void UNPCKHPS(B& b, const Insn& i) {
  vec_binary<vec::unpack_high<u32, 16>>(b, i);
}

// --- pack
template <SemanticBuilder B>
void PACKSSWB(B& b, const Insn& i) {
  vec_binary_sized<vec::pack_saturated<s16, s8, 8>, vec::pack_saturated<s16, s8, 16>>(b, i);
}
template <SemanticBuilder B>
void PACKUSWB(B& b, const Insn& i) {
  vec_binary_sized<vec::pack_saturated<s16, u8, 8>, vec::pack_saturated<s16, u8, 16>>(b, i);
}
template <SemanticBuilder B>
void PACKSSDW(B& b, const Insn& i) {
  vec_binary_sized<vec::pack_saturated<s32, s16, 8>, vec::pack_saturated<s32, s16, 16>>(b, i);
}
template <SemanticBuilder B>
void PACKUSDW(B& b, const Insn& i) {
  vec_binary_sized<vec::pack_saturated<s32, u16, 8>, vec::pack_saturated<s32, u16, 16>>(b, i);
}

// --- shuffle
template <SemanticBuilder B>
void PSHUFD(B& b, const Insn& i) {
  vec_unary_imm<vec::shuffle_dwords>(b, i);
}
template <SemanticBuilder B>
void PSHUFLW(B& b, const Insn& i) {
  vec_unary_imm<vec::shuffle_low_words>(b, i);
}
template <SemanticBuilder B>
void PSHUFHW(B& b, const Insn& i) {
  vec_unary_imm<vec::shuffle_high_words>(b, i);
}
template <SemanticBuilder B>
void PSHUFW(B& b, const Insn& i) {
  vec_unary_imm<vec::shuffle_low_words>(b, i);
}
template <SemanticBuilder B>
void SHUFPS(B& b, const Insn& i) {
  vec_binary_imm<vec::shuffle_pairs_dwords>(b, i);
}
template <SemanticBuilder B>
void SHUFPD(B& b, const Insn& i) {
  vec_binary_imm<vec::shuffle_pairs_qwords, 2>(b, i);
}
template <SemanticBuilder B>
void PSHUFB(B& b, const Insn& i) {
  vec_binary_sized<vec::shuffle_bytes<8>, vec::shuffle_bytes<16>>(b, i);
}
template <SemanticBuilder B>
void PALIGNR(B& b, const Insn& i) {
  if (is_mmx(b, i, 0)) return vec_binary_imm<vec::align_right_mmx>(b, i);
  vec_binary_imm<vec::align_right>(b, i);
}

// --- blend
template <SemanticBuilder B>
void PBLENDW(B& b, const Insn& i) {
  vec_binary_imm<vec::blend<u16>>(b, i);
}
template <SemanticBuilder B>
void BLENDPS(B& b, const Insn& i) {
  vec_binary_imm<vec::blend<u32>, 4>(b, i);
}
template <SemanticBuilder B>
void BLENDPD(B& b, const Insn& i) {
  vec_binary_imm<vec::blend<u64>, 2>(b, i);
}
template <SemanticBuilder B>
void PBLENDVB(B& b, const Insn& i) {
  vec_binary_masked<vec::blend_variable<s8>>(b, i);
}
template <SemanticBuilder B>
void BLENDVPS(B& b, const Insn& i) {
  vec_binary_masked<vec::blend_variable<s32>>(b, i);
}
template <SemanticBuilder B>
void BLENDVPD(B& b, const Insn& i) {
  vec_binary_masked<vec::blend_variable<s64>>(b, i);
}

// --- extend
template <SemanticBuilder B>
void PMOVSXBW(B& b, const Insn& i) {
  vec_extend<vec::extend<s8, s16>, 8>(b, i);
}
template <SemanticBuilder B>
void PMOVSXBD(B& b, const Insn& i) {
  vec_extend<vec::extend<s8, s32>, 4>(b, i);
}
template <SemanticBuilder B>
void PMOVSXBQ(B& b, const Insn& i) {
  vec_extend<vec::extend<s8, s64>, 2>(b, i);
}
template <SemanticBuilder B>
void PMOVSXWD(B& b, const Insn& i) {
  vec_extend<vec::extend<s16, s32>, 8>(b, i);
}
template <SemanticBuilder B>
void PMOVSXWQ(B& b, const Insn& i) {
  vec_extend<vec::extend<s16, s64>, 4>(b, i);
}
template <SemanticBuilder B>
void PMOVSXDQ(B& b, const Insn& i) {
  vec_extend<vec::extend<s32, s64>, 8>(b, i);
}
template <SemanticBuilder B>
void PMOVZXBW(B& b, const Insn& i) {
  vec_extend<vec::extend<u8, u16>, 8>(b, i);
}
template <SemanticBuilder B>
void PMOVZXBD(B& b, const Insn& i) {
  vec_extend<vec::extend<u8, u32>, 4>(b, i);
}
template <SemanticBuilder B>
void PMOVZXBQ(B& b, const Insn& i) {
  vec_extend<vec::extend<u8, u64>, 2>(b, i);
}
template <SemanticBuilder B>
void PMOVZXWD(B& b, const Insn& i) {
  vec_extend<vec::extend<u16, u32>, 8>(b, i);
}
template <SemanticBuilder B>
void PMOVZXWQ(B& b, const Insn& i) {
  vec_extend<vec::extend<u16, u64>, 4>(b, i);
}
template <SemanticBuilder B>
void PMOVZXDQ(B& b, const Insn& i) {
  vec_extend<vec::extend<u32, u64>, 8>(b, i);
}

}  // namespace gantry::sem

// AES-NI, SHA, PCLMULQDQ and GFNI.
#pragma once

#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

namespace vec {

V128 aes_encrypt(V128 state, V128 key);
V128 aes_encrypt_last(V128 state, V128 key);
V128 aes_decrypt(V128 state, V128 key);
V128 aes_decrypt_last(V128 state, V128 key);
// The same with the key where ARM64 has it: added to the state first.
V128 aes_key_encrypt(V128 state, V128 key);
V128 aes_key_encrypt_last(V128 state, V128 key);
V128 aes_key_decrypt(V128 state, V128 key);
V128 aes_key_decrypt_last(V128 state, V128 key);
V128 aes_inverse_mix(V128 key);
V128 aes_key_assist(V128 key, u64 round_constant);

V128 sha1_rounds(V128 abcd, V128 words, u64 function);
V128 sha1_next_e(V128 abcd, V128 words);
V128 sha1_message1(V128 a, V128 b);
V128 sha1_message2(V128 a, V128 b);
V128 sha256_rounds(V128 cdgh, V128 abef, V128 words);
// The same in steps that do four rounds, as ARM64 does, on A to D and E to H. The upper two words
// of ABEF and CDGH, each two exchanged, are ABCD, the lower two EFGH; those of EFGH and ABCD are
// CDGH and ABEF. What four rounds make has in its upper words the state as two have left it.
V128 sha256_upper_words(V128 a, V128 b);
V128 sha256_lower_words(V128 a, V128 b);
V128 sha256_next_abcd(V128 abcd, V128 efgh, V128 words);
V128 sha256_next_efgh(V128 abcd, V128 efgh, V128 words);
V128 sha256_message1(V128 a, V128 b);
V128 sha256_message2(V128 a, V128 b);
// W16 to W19 from the sums of W0 to W3 and sigma0(W1) to sigma0(W4), from W8 to W11 and W12 to W15.
V128 sha256_next_words(V128 sums, V128 w8, V128 w12);

// The product of one half of each, without carries; control bits 0 and 4 choose the upper halves.
V128 carryless_multiply(V128 a, V128 b, u64 control);

// Bytes as elements of GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. The affine functions multiply each
// byte by the 8x8 matrix in its quadword of `matrix` and add `constant`.
V128 field_multiply(V128 a, V128 b);
V128 field_affine(V128 a, V128 matrix, u64 constant);
V128 field_affine_inverse(V128 a, V128 matrix, u64 constant);

}  // namespace vec

template <SemanticBuilder B>
void AESENC(B& b, const Insn& i) {
  vec_binary<vec::aes_encrypt>(b, i);
}
template <SemanticBuilder B>
void AESENCLAST(B& b, const Insn& i) {
  vec_binary<vec::aes_encrypt_last>(b, i);
}
template <SemanticBuilder B>
void AESDEC(B& b, const Insn& i) {
  vec_binary<vec::aes_decrypt>(b, i);
}
template <SemanticBuilder B>
void AESDECLAST(B& b, const Insn& i) {
  vec_binary<vec::aes_decrypt_last>(b, i);
}
template <SemanticBuilder B>
void AESIMC(B& b, const Insn& i) {
  vec_unary<vec::aes_inverse_mix>(b, i);
}
template <SemanticBuilder B>
void AESKEYGENASSIST(B& b, const Insn& i) {
  vec_unary_imm<vec::aes_key_assist>(b, i);
}

template <SemanticBuilder B>
void SHA1RNDS4(B& b, const Insn& i) {
  vec_binary_imm<vec::sha1_rounds>(b, i);
}
template <SemanticBuilder B>
void SHA1NEXTE(B& b, const Insn& i) {
  vec_binary<vec::sha1_next_e>(b, i);
}
template <SemanticBuilder B>
void SHA1MSG1(B& b, const Insn& i) {
  vec_binary<vec::sha1_message1>(b, i);
}
template <SemanticBuilder B>
void SHA1MSG2(B& b, const Insn& i) {
  vec_binary<vec::sha1_message2>(b, i);
}
template <SemanticBuilder B>
void SHA256RNDS2(B& b, const Insn& i) {
  vec_binary_masked<vec::sha256_rounds>(b, i);
}
template <SemanticBuilder B>
void SHA256MSG1(B& b, const Insn& i) {
  vec_binary<vec::sha256_message1>(b, i);
}
template <SemanticBuilder B>
void SHA256MSG2(B& b, const Insn& i) {
  vec_binary<vec::sha256_message2>(b, i);
}

template <SemanticBuilder B>
void PCLMULQDQ(B& b, const Insn& i) {
  vec_binary_imm<vec::carryless_multiply>(b, i);
}
template <SemanticBuilder B>
void GF2P8MULB(B& b, const Insn& i) {
  vec_binary<vec::field_multiply>(b, i);
}
template <SemanticBuilder B>
void GF2P8AFFINEQB(B& b, const Insn& i) {
  vec_binary_imm<vec::field_affine>(b, i);
}
template <SemanticBuilder B>
void GF2P8AFFINEINVQB(B& b, const Insn& i) {
  vec_binary_imm<vec::field_affine_inverse>(b, i);
}

}  // namespace gantry::sem

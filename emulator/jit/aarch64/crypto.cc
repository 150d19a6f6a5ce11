#include "emulator/jit/aarch64/crypto.h"

#include <utility>

#include "emulator/jit/aarch64/abi.h"

namespace gantry::aarch64 {
namespace {

constexpr V s0 = kVectorScratch0, s1 = kVectorScratch1;

// Lanes of 32 bits in reverse order: x86 has the first of them highest.
void reverse_lanes(Assembler& a, V to, V from) {
  a.rev64(k4S, to, from);
  a.ext(k16B, to, to, to, 8);
}

// `to` must not be `from`.
void rotate_lanes_left(Assembler& a, V to, V from, unsigned bits) {
  a.ushr(k4S, to, from, 32 - bits);
  a.sli(k4S, to, from, bits);
}

// `emit(v)` replaces a register v that holds `from`, and reads the two others.
template <typename F>
void replace(Assembler& a, V to, V from, V x, V y, F emit) {
  V at = to == x || to == y ? s0 : to;
  if (at != from) a.mov(k16B, at, from);
  emit(at);
  if (at != to) a.mov(k16B, to, at);
}

}  // namespace

// --- AES. The instructions add the key first, as the functions that ir/host_ops.cc makes of
// AESENC do. Substituting bytes and shifting rows commute.

namespace {

// `emit(v, key)` replaces the state v, which has the key added to it: so it does not matter which
// of the two is which.
template <typename F>
void emit_aes_round(Assembler& a, const Operands& o, F emit) {
  V state = o.vector[0], key = o.vector[1];
  if (o.to == key) std::swap(state, key);
  if (o.to != state) a.mov(k16B, o.to, state);
  emit(o.to, key);
}

}  // namespace

void emit_aes_encrypt(Assembler& a, const Operands& o) {
  emit_aes_round(a, o, [&](V state, V key) {
    a.aese(state, key);
    a.aesmc(state, state);
  });
}
void emit_aes_encrypt_last(Assembler& a, const Operands& o) {
  emit_aes_round(a, o, [&](V state, V key) { a.aese(state, key); });
}
void emit_aes_decrypt(Assembler& a, const Operands& o) {
  emit_aes_round(a, o, [&](V state, V key) {
    a.aesd(state, key);
    a.aesimc(state, state);
  });
}
void emit_aes_decrypt_last(Assembler& a, const Operands& o) {
  emit_aes_round(a, o, [&](V state, V key) { a.aesd(state, key); });
}

// Columns 1 1 3 3 are substituted. Shifting their rows exchanges the upper halves of lanes 0 and 2,
// which is undone.
void emit_aes_key_assist(Assembler& a, const Operands& o) {
  a.trn2(k4S, s1, o.vector[0], o.vector[0]);
  a.aese(s1, kVectorZero);
  a.ext(k16B, s0, s1, s1, 8);
  a.ushr(k4S, s0, s0, 16);
  a.sli(k4S, s1, s0, 16);
  rotate_lanes_left(a, s0, s1, 24);
  if (u64 constant = o.constant & 0xff) {
    a.mov(4, kScratch0, constant);
    a.dup(k4S, o.to, kScratch0);
    a.eor(k16B, s0, s0, o.to);
  }
  a.trn1(k4S, o.to, s1, s0);
}

// --- SHA

// E is part of the first word, and the round's constant is not yet.
void emit_sha1_rounds(Assembler& a, const Operands& o) {
  constexpr u32 kConstants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
  unsigned function = o.constant & 3;
  reverse_lanes(a, s0, o.vector[0]);
  reverse_lanes(a, s1, o.vector[1]);
  a.mov(4, kScratch0, kConstants[function]);
  a.dup(k4S, o.to, kScratch0);
  a.add(k4S, s1, s1, o.to);
  a.movi(o.to, 0);
  function == 0   ? a.sha1c(s0, o.to, s1)
  : function == 2 ? a.sha1m(s0, o.to, s1)
                  : a.sha1p(s0, o.to, s1);
  reverse_lanes(a, o.to, s0);
}

void emit_sha1_next_e(Assembler& a, const Operands& o) {
  a.dup(4, s0, o.vector[0], 3);
  a.sha1h(s0, s0);
  a.ext(k16B, s0, kVectorZero, s0, 4);
  a.add(k4S, o.to, s0, o.vector[1]);
}

void emit_sha1_message1(Assembler& a, const Operands& o) {
  a.ext(k16B, s0, o.vector[1], o.vector[0], 8);
  a.eor(k16B, o.to, s0, o.vector[0]);
}

// Lane 0 depends on the new lane 3.
void emit_sha1_message2(Assembler& a, const Operands& o) {
  a.ext(k16B, s0, kVectorZero, o.vector[1], 12);
  a.eor(k16B, s0, s0, o.vector[0]);
  rotate_lanes_left(a, s1, s0, 1);
  a.ext(k16B, s0, s1, kVectorZero, 12);
  rotate_lanes_left(a, o.to, s0, 1);
  a.eor(k16B, o.to, o.to, s1);
}

void emit_sha256_upper_words(Assembler& a, const Operands& o) {
  a.zip2(k2D, o.to, o.vector[0], o.vector[1]);
  a.rev64(k4S, o.to, o.to);
}
void emit_sha256_lower_words(Assembler& a, const Operands& o) {
  a.zip1(k2D, o.to, o.vector[0], o.vector[1]);
  a.rev64(k4S, o.to, o.to);
}
void emit_sha256_next_abcd(Assembler& a, const Operands& o) {
  V abcd = o.vector[0], efgh = o.vector[1], words = o.vector[2];
  replace(a, o.to, abcd, efgh, words, [&](V v) { a.sha256h(v, efgh, words); });
}
void emit_sha256_next_efgh(Assembler& a, const Operands& o) {
  V abcd = o.vector[0], efgh = o.vector[1], words = o.vector[2];
  replace(a, o.to, efgh, abcd, words, [&](V v) { a.sha256h2(v, abcd, words); });
}

void emit_sha256_message1(Assembler& a, const Operands& o) {
  V next = o.vector[1];
  replace(a, o.to, o.vector[0], next, next, [&](V v) { a.sha256su0(v, next); });
}

// SHA256SU1 adds the third operand's first lane as well, which is made zero.
void emit_sha256_message2(Assembler& a, const Operands& o) {
  a.zip2(k2D, s1, kVectorZero, o.vector[1]);
  if (o.to != o.vector[0]) a.mov(k16B, o.to, o.vector[0]);
  a.sha256su1(o.to, kVectorZero, s1);
}

void emit_sha256_next_words(Assembler& a, const Operands& o) {
  V w8 = o.vector[1], w12 = o.vector[2];
  replace(a, o.to, o.vector[0], w8, w12, [&](V v) { a.sha256su1(v, w8, w12); });
}

// --- products and sums

void emit_carryless_multiply(Assembler& a, const Operands& o) {
  bool upper = o.constant & 1;
  if (upper == ((o.constant & 16) != 0)) {
    return a.pmull(upper ? k2D : k1D, o.to, o.vector[0], o.vector[1]);
  }
  a.dup(8, s0, o.vector[upper ? 0 : 1], 1);
  a.pmull(k1D, o.to, s0, o.vector[upper ? 1 : 0]);
}

void emit_crc32c(Assembler& a, const Operands& o) {
  X sum = o.integer[1], data = o.integer[2];
  switch (o.constant) {
    case 1:
      return a.crc32cb(o.to_integer, sum, data);
    case 2:
      return a.crc32ch(o.to_integer, sum, data);
    case 4:
      return a.crc32cw(o.to_integer, sum, data);
    default:
      return a.crc32cx(o.to_integer, sum, data);
  }
}

}  // namespace gantry::aarch64

// Shifts and rotates (SDM vol. 1, section 7.3.6).
//
// Counts are taken modulo 32, or 64 with 64-bit operands. A count of zero changes no flag; where
// the count comes from CL that is decided at run time, else when the instruction is decoded.
#pragma once

#include "emulator/semantics/common.h"
#include "emulator/semantics/shift_helpers.h"

namespace gantry::sem {

constexpr u64 count_mask(unsigned w) { return w == 8 ? 63 : 31; }

// The masked count of operand n.
template <SemanticBuilder B>
typename B::Int shift_count(B& b, const Insn& i, unsigned n) {
  return b.and_(8, b.read(i, n), b.imm(count_mask(b.width(i))));
}

// True when the decoder knows that the count is not zero.
template <SemanticBuilder B>
bool count_is_constant(B& b, const Insn& i, unsigned n) {
  return b.kind(i, n) == OperandKind::kImmediate && (i.imm & count_mask(b.width(i))) != 0;
}

// Sets the flags of a shift by operand n unless the count is zero.
template <SemanticBuilder B>
void set_shift_flags(B& b, const Insn& i, unsigned n, typename B::Int count,
                     typename B::Flags flags) {
  if (count_is_constant(b, i, n)) return b.set_flags(flags);
  b.set_flags_if(b.not_zero(count), flags);
}

// CF and OF at their places in RFLAGS. OF is defined for counts of one only; cores compute it by
// the same rule for the others.
template <SemanticBuilder B>
typename B::Int carry_and_overflow(B& b, typename B::Int carry, typename B::Int overflow) {
  return b.or_(8, carry, b.shl(8, overflow, b.imm(11)));
}

template <SemanticBuilder B>
typename B::Int bit_of(B& b, typename B::Int value, typename B::Int position) {
  return b.and_(8, b.shr(8, value, position), b.imm(1));
}

template <SemanticBuilder B>
typename B::Int msb(B& b, unsigned w, typename B::Int value) {
  return b.shr(8, value, b.imm(w * 8 - 1));
}

template <SemanticBuilder B>
void SHL(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto value = b.read(i, 0), count = shift_count(b, i, 1);
  auto result = b.shl(8, value, count);
  // The last bit shifted out: above a narrow operand it is still in the 64-bit result.
  auto carry = w == 8 ? bit_of(b, value, b.and_(8, b.neg(8, count), b.imm(63)))
                      : bit_of(b, result, b.imm(w * 8));
  result = b.zext(w, result);
  b.write(i, 0, result);
  auto overflow = b.xor_(8, carry, msb(b, w, result));
  set_shift_flags(b, i, 1, count,
                  b.flags_result(w, result, carry_and_overflow(b, carry, overflow)));
}

// The last bit that a right shift of `value` pushes out; any bit when the count is zero.
template <SemanticBuilder B>
typename B::Int last_out(B& b, typename B::Int value, typename B::Int count) {
  return bit_of(b, value, b.and_(8, b.sub(8, count, b.imm(1)), b.imm(63)));
}

template <SemanticBuilder B>
void SHR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto value = b.read(i, 0), count = shift_count(b, i, 1);
  auto result = b.shr(8, value, count);
  b.write(i, 0, result);
  auto bits = carry_and_overflow(b, last_out(b, value, count), msb(b, w, value));
  set_shift_flags(b, i, 1, count, b.flags_result(w, result, bits));
}

template <SemanticBuilder B>
void SAR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto value = b.sext(w, b.read(i, 0)), count = shift_count(b, i, 1);
  auto result = b.zext(w, b.sar(8, value, count));
  b.write(i, 0, result);
  set_shift_flags(b, i, 1, count, b.flags_result(w, result, last_out(b, value, count)));
}

// Rotates change CF and OF only.
template <SemanticBuilder B>
void set_rotate_flags(B& b, const Insn& i, typename B::Int count, typename B::Int carry,
                      typename B::Int overflow) {
  constexpr u64 kChanged = guest::kCF | guest::kOF;
  auto bits = carry_and_overflow(b, carry, overflow);
  if (count_is_constant(b, i, 1)) return b.update_flags(kChanged, bits);
  b.when(b.not_zero(count), [&] { b.update_flags(kChanged, bits); });
}

template <SemanticBuilder B>
void ROL(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto count = shift_count(b, i, 1);
  auto result = b.rol(w, b.read(i, 0), b.and_(8, count, b.imm(w * 8 - 1)));
  b.write(i, 0, result);
  auto carry = b.and_(8, result, b.imm(1));
  set_rotate_flags(b, i, count, carry, b.xor_(8, carry, msb(b, w, result)));
}

template <SemanticBuilder B>
void ROR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto count = shift_count(b, i, 1);
  auto result = b.ror(w, b.read(i, 0), b.and_(8, count, b.imm(w * 8 - 1)));
  b.write(i, 0, result);
  auto carry = msb(b, w, result);
  auto second = bit_of(b, result, b.imm(w * 8 - 2));
  set_rotate_flags(b, i, count, carry, b.xor_(8, carry, second));
}

// RCL and RCR by one bit.
template <SemanticBuilder B>
void rotate_one_through_carry(B& b, const Insn& i, bool left) {
  unsigned w = b.width(i);
  auto value = b.read(i, 0), carry_in = b.to_int(b.flag(guest::kCF));
  auto result = left ? b.or_(w, b.shl(w, value, b.imm(1)), carry_in)
                     : b.or_(w, b.shr(w, value, b.imm(1)), b.shl(w, carry_in, b.imm(w * 8 - 1)));
  auto carry = left ? msb(b, w, value) : b.and_(w, value, b.imm(1));
  b.write(i, 0, result);
  auto other = left ? carry : bit_of(b, result, b.imm(w * 8 - 2));
  set_rotate_flags(b, i, b.imm(1), carry, b.xor_(8, other, msb(b, w, result)));
}

// RCL and RCR rotate through CF: w * 8 + 1 bits. `f` returns the value, `carry` the new CF.
template <SemanticBuilder B>
void rotate_through_carry(B& b, const Insn& i, u64 (*rotate)(u64, u64, u64, u64),
                          u64 (*carry_out)(u64, u64, u64, u64), bool left) {
  unsigned w = b.width(i);
  bool by_one = count_is_constant(b, i, 1) && (i.imm & count_mask(w)) == 1;
  if (by_one) return rotate_one_through_carry(b, i, left);
  auto value = b.read(i, 0), count = shift_count(b, i, 1);
  auto carry_in = b.to_int(b.flag(guest::kCF));
  auto result = b.call(rotate, b.imm(w), value, count, carry_in);
  auto carry = b.call(carry_out, b.imm(w), value, count, carry_in);
  b.write(i, 0, result);
  auto other = left ? carry : bit_of(b, result, b.imm(w * 8 - 2));
  set_rotate_flags(b, i, count, carry, b.xor_(8, other, msb(b, w, result)));
}

template <SemanticBuilder B>
void RCL(B& b, const Insn& i) {
  rotate_through_carry(b, i, rotate_carry_left, carry_of_rotate_left, true);
}

template <SemanticBuilder B>
void RCR(B& b, const Insn& i) {
  rotate_through_carry(b, i, rotate_carry_right, carry_of_rotate_right, false);
}

template <typename B>
struct Shifted {
  typename B::Int result;
  typename B::Int carry;
};

// SHLD and SHRD of 4 or 8 bytes: the filler is shifted by what the count lacks of the width, in two
// steps, for with a count of zero that is the whole width.
template <SemanticBuilder B>
Shifted<B> shift_double(B& b, unsigned w, typename B::Int value, typename B::Int filler,
                        typename B::Int count, bool left) {
  auto one = b.imm(1), rest = b.xor_(8, count, b.imm(w * 8 - 1));
  if (left) {
    auto carry = bit_of(b, value, b.and_(8, b.sub(8, b.imm(w * 8), count), b.imm(63)));
    return {b.or_(w, b.shl(w, value, count), b.shr(w, b.shr(w, filler, one), rest)), carry};
  }
  auto result = b.or_(w, b.shr(w, value, count), b.shl(w, b.shl(w, filler, one), rest));
  return {result, last_out(b, value, count)};
}

// SHLD and SHRD: bits come in from operand 1. Results and flags are undefined when a 16-bit operand
// is shifted by more than 16; the helpers say what is done then.
template <SemanticBuilder B>
void double_shift(B& b, const Insn& i, u64 (*shift)(u64, u64, u64, u64),
                  u64 (*carry_out)(u64, u64, u64, u64), bool left) {
  unsigned w = b.width(i);
  auto value = b.read(i, 0), filler = b.read(i, 1), count = shift_count(b, i, 2);
  auto [result, carry] = w == 2 ? Shifted<B>{b.call(shift, b.imm(w), value, filler, count),
                                             b.call(carry_out, b.imm(w), value, filler, count)}
                                : shift_double(b, w, value, filler, count, left);
  b.write(i, 0, result);
  auto overflow = msb(b, w, b.xor_(w, value, result));
  set_shift_flags(b, i, 2, count,
                  b.flags_result(w, result, carry_and_overflow(b, carry, overflow)));
}

template <SemanticBuilder B>
void SHLD(B& b, const Insn& i) {
  double_shift(b, i, shift_left_double, carry_of_shift_left_double, true);
}

template <SemanticBuilder B>
void SHRD(B& b, const Insn& i) {
  double_shift(b, i, shift_right_double, carry_of_shift_right_double, false);
}

// BMI2: no flags, any count register.
template <SemanticBuilder B>
void SHLX(B& b, const Insn& i) {
  b.write(i, 0, b.shl(b.width(i), b.read(i, 1), shift_count(b, i, 2)));
}

template <SemanticBuilder B>
void SHRX(B& b, const Insn& i) {
  b.write(i, 0, b.shr(b.width(i), b.read(i, 1), shift_count(b, i, 2)));
}

template <SemanticBuilder B>
void SARX(B& b, const Insn& i) {
  b.write(i, 0, b.sar(b.width(i), b.read(i, 1), shift_count(b, i, 2)));
}

template <SemanticBuilder B>
void RORX(B& b, const Insn& i) {
  b.write(i, 0, b.ror(b.width(i), b.read(i, 1), shift_count(b, i, 2)));
}

}  // namespace gantry::sem

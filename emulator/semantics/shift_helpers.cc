#include "emulator/semantics/shift_helpers.h"

namespace gantry::sem {
namespace {

// The operand with the carry above its highest bit.
u128 with_carry(u64 w, u64 value, u64 carry) { return static_cast<u128>(carry) << (w * 8) | value; }

u128 rotate_left(u64 w, u64 value, u64 count, u64 carry) {
  u64 bits = w * 8 + 1;
  u128 all = with_carry(w, value, carry);
  count %= bits;
  return count == 0 ? all : all << count | all >> (bits - count);
}

u128 rotate_right(u64 w, u64 value, u64 count, u64 carry) {
  u64 bits = w * 8 + 1;
  return rotate_left(w, value, bits - count % bits, carry);
}

u64 low(u64 w, u128 value) {
  return static_cast<u64>(value) & width_mask(static_cast<unsigned>(w));
}
u64 bit(u128 value, u64 position) { return static_cast<u64>(value >> position) & 1; }

// With 16-bit operands the count may exceed the width: the filler is then followed by the operand
// again, as Intel's cores do it.
u128 left_chain(u64 w, u64 value, u64 filler) {
  u64 bits = w * 8;
  u128 chain = static_cast<u128>(value) << bits | filler;
  return w == 2 ? chain << bits | value : chain;
}

u128 right_chain(u64 w, u64 value, u64 filler) {
  u64 bits = w * 8;
  u128 chain = static_cast<u128>(filler) << bits | value;
  return w == 2 ? static_cast<u128>(value) << (2 * bits) | chain : chain;
}

}  // namespace

u64 rotate_carry_left(u64 w, u64 value, u64 count, u64 carry) {
  return low(w, rotate_left(w, value, count, carry));
}
u64 carry_of_rotate_left(u64 w, u64 value, u64 count, u64 carry) {
  return bit(rotate_left(w, value, count, carry), w * 8);
}
u64 rotate_carry_right(u64 w, u64 value, u64 count, u64 carry) {
  return low(w, rotate_right(w, value, count, carry));
}
u64 carry_of_rotate_right(u64 w, u64 value, u64 count, u64 carry) {
  return bit(rotate_right(w, value, count, carry), w * 8);
}

u64 shift_left_double(u64 w, u64 value, u64 filler, u64 count) {
  u64 below = w == 2 ? 32 : w * 8;
  return low(w, left_chain(w, value, filler) << count >> below);
}

u64 carry_of_shift_left_double(u64 w, u64 value, u64 filler, u64 count) {
  if (count == 0) return 0;
  u64 top = w == 2 ? 48 : w * 16;
  return bit(left_chain(w, value, filler), top - count);
}

u64 shift_right_double(u64 w, u64 value, u64 filler, u64 count) {
  return low(w, right_chain(w, value, filler) >> count);
}

u64 carry_of_shift_right_double(u64 w, u64 value, u64 filler, u64 count) {
  return count == 0 ? 0 : bit(right_chain(w, value, filler), count - 1);
}

}  // namespace gantry::sem

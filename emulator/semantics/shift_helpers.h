// Rotates through carry and double shifts, whose 9-, 17-, 33- and 65-bit values no builder
// operation has. Counts are masked to 5 bits, or 6 with 64-bit operands; `w` is in bytes.
#pragma once

#include "emulator/base/bits.h"

namespace gantry::sem {

// RCL and RCR of a value and the carry: the new value, and the new carry.
u64 rotate_carry_left(u64 w, u64 value, u64 count, u64 carry);
u64 carry_of_rotate_left(u64 w, u64 value, u64 count, u64 carry);
u64 rotate_carry_right(u64 w, u64 value, u64 count, u64 carry);
u64 carry_of_rotate_right(u64 w, u64 value, u64 count, u64 carry);

// SHLD and SHRD: the shifted value, and the last bit shifted out.
u64 shift_left_double(u64 w, u64 value, u64 filler, u64 count);
u64 carry_of_shift_left_double(u64 w, u64 value, u64 filler, u64 count);
u64 shift_right_double(u64 w, u64 value, u64 filler, u64 count);
u64 carry_of_shift_right_double(u64 w, u64 value, u64 filler, u64 count);

}  // namespace gantry::sem

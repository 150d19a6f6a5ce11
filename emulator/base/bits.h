// Bit helpers that <bit> lacks.
#pragma once

#include "emulator/base/types.h"

namespace gantry {

// All ones in the low `bytes` bytes (1, 2, 4 or 8).
constexpr u64 width_mask(unsigned bytes) {
  return bytes >= 8 ? ~u64{0} : (u64{1} << (bytes * 8)) - 1;
}

// The sign bit of a value of `bytes` bytes.
constexpr u64 sign_bit(unsigned bytes) { return u64{1} << (bytes * 8 - 1); }

// The low `bytes` bytes, sign-extended to 64 bits.
constexpr u64 sign_extend(u64 value, unsigned bytes) {
  unsigned shift = 64 - bytes * 8;
  return static_cast<u64>(static_cast<s64>(value << shift) >> shift);
}

constexpr u64 align_down(u64 value, u64 alignment) { return value & ~(alignment - 1); }
constexpr u64 align_up(u64 value, u64 alignment) {
  return align_down(value + alignment - 1, alignment);
}

}  // namespace gantry

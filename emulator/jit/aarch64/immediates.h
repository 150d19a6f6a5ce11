// Which constants A64 instructions can hold, and how. Each function gives the encoded field, or
// nothing when there is no encoding.
#pragma once

#include <bit>
#include <optional>

#include "emulator/base/types.h"

namespace gantry::aarch64 {

// ADD, SUB and their like: 12 bits, or 12 bits shifted left by 12. The result is sh:imm12 (C6.2.5).
constexpr std::optional<u32> encode_add_immediate(u64 value) {
  if (value < 4096) return static_cast<u32>(value);
  if ((value & 0xfff) == 0 && value < (u64{1} << 24))
    return static_cast<u32>(value >> 12 | 1 << 12);
  return std::nullopt;
}

// AND, ORR, EOR, ANDS: a run of ones in an element of 2 to 64 bits, rotated, repeated over the
// operand of `width` bytes, 4 or 8; upper bits of a narrow one are ignored. The result is
// N:immr:imms (C6.2.13; shared pseudocode: DecodeBitMasks).
constexpr std::optional<u32> encode_bitmask(unsigned width, u64 value) {
  if (width == 4) value = (value & 0xffffffff) * 0x1'0000'0001;
  // Each element has exactly one bit that is set above one that is clear.
  u64 starts = value & ~std::rotl(value, 1);
  unsigned count = std::popcount(starts);
  if (!std::has_single_bit(count)) return std::nullopt;
  unsigned size = 64 / count;
  if (value != std::rotl(value, size % 64)) return std::nullopt;
  unsigned ones = std::popcount(value) / count;
  u32 immr = (size - std::countr_zero(starts)) % size;
  u32 imms = (~(2 * size - 1) & 0x3f) | (ones - 1);
  return u32{size == 64} << 12 | immr << 6 | imms;
}

// FMOV: ±n/16 × 2^e with 16 <= n <= 31 and -3 <= e <= 4 (shared pseudocode: VFPExpandImm).
constexpr std::optional<u32> encode_float8(double value) {
  u64 bits = std::bit_cast<u64>(value);
  // The exponent is NOT(b) followed by eight copies of b.
  u64 exponent = bits >> 54 & 0x1ff;
  if ((bits & 0xffff'ffff'ffff) || (exponent != 0x100 && exponent != 0x0ff)) return std::nullopt;
  return static_cast<u32>((bits >> 56 & 0x80) | (bits >> 48 & 0x7f));
}

// MOVI, MVNI and vector FMOV: a vector both of whose doublewords are `pattern`. The result is the
// instruction word without its destination (shared pseudocode: AdvSIMDExpandImm).
std::optional<u32> encode_vector_constant(u64 pattern);

// The shortest sequence of MOVZ, MOVN, ORR and MOVK that puts a constant into a register: first
// MOVZ, MOVN or ORR with the zero register, then MOVK.
struct ConstantPlan {
  u32 words[4];  // instruction words without the destination register
  u8 count;

  const u32* begin() const { return words; }
  const u32* end() const { return words + count; }
};

// `width` is 4 or 8 bytes; upper bits of a narrow constant are ignored.
ConstantPlan plan_constant(unsigned width, u64 value);

}  // namespace gantry::aarch64

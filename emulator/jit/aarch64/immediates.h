// Which constants A64 instructions can hold, and how. Each function gives the encoded field, or
// nothing when there is no encoding.
#pragma once

#include <optional>
#include <span>

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
std::optional<u32> encode_bitmask(unsigned width, u64 value);

// FMOV: ±n/16 × 2^e with 16 <= n <= 31 and -3 <= e <= 4 (shared pseudocode: VFPExpandImm).
std::optional<u32> encode_float8(double value);

// MOVI, MVNI and vector FMOV: a vector both of whose doublewords are `pattern`. The result is the
// instruction word without its destination (shared pseudocode: AdvSIMDExpandImm).
std::optional<u32> encode_vector_constant(u64 pattern);

// The shortest sequence of MOVZ, MOVN, ORR and MOVK that puts a constant into a register: first
// MOVZ, MOVN or ORR with the zero register, then MOVK.
struct ConstantPlan {
  u32 words[4];  // instruction words without the destination register
  u8 count;

  std::span<const u32> instructions() const { return {words, count}; }
};

// `width` is 4 or 8 bytes; upper bits of a narrow constant are ignored.
ConstantPlan plan_constant(unsigned width, u64 value);

}  // namespace gantry::aarch64

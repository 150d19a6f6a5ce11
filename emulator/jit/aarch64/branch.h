// Instructions that hold a distance, and how far they reach. Distances are bytes from the
// instruction to its target.
#pragma once

#include "emulator/base/types.h"
#include "emulator/jit/aarch64/operands.h"

namespace gantry::aarch64 {

// Where an instruction holds its distance in words: 26 bits at bit 0 (B, BL), 14 bits at bit 5
// (TBZ, TBNZ), or 19 bits at bit 5 (B.cond, CBZ, CBNZ, LDR of a literal, and ADR, whose bytes are
// apart).
enum class Reach : u8 { k26, k19, k14 };

constexpr Reach reach_of(u32 word) {
  if ((word & 0x7c000000) == 0x14000000) return Reach::k26;
  return (word & 0x7e000000) == 0x36000000 ? Reach::k14 : Reach::k19;
}

constexpr unsigned reach_bits(Reach reach) {
  return reach == Reach::k26 ? 26 : reach == Reach::k19 ? 19 : 14;
}

constexpr unsigned reach_position(Reach reach) { return reach == Reach::k26 ? 0 : 5; }

constexpr u32 reach_mask(Reach reach) {
  return ((1u << reach_bits(reach)) - 1) << reach_position(reach);
}

constexpr bool is_call(u32 word) { return (word & 0xfc000000) == 0x94000000; }
constexpr bool is_literal_load(u32 word) { return (word & 0x3b000000) == 0x18000000; }
constexpr bool is_adr(u32 word) { return (word & 0x9f000000) == 0x10000000; }

// Whether `word`, one of the above, can hold `distance`.
constexpr bool is_in_reach(u32 word, s64 distance) {
  s64 limit = s64{4} << (reach_bits(reach_of(word)) - 1);
  return distance >= -limit && distance < limit && (is_adr(word) || distance % 4 == 0);
}

// `word`, one of the above, with another distance.
constexpr u32 retarget(u32 word, s64 distance) {
  require(is_in_reach(word, distance));
  Reach reach = reach_of(word);
  u32 mask = reach_mask(reach);
  word = (word & ~mask) | (static_cast<u32>(distance >> 2) << reach_position(reach) & mask);
  return is_adr(word) ? (word & ~(3u << 29)) | (distance & 3) << 29 : word;
}

// That of `word`, a load of a literal.
constexpr s64 literal_distance(u32 word) { return s64{static_cast<s32>(word << 8) >> 13} * 4; }

// `word`, a conditional branch, that is taken where it was not.
constexpr u32 inverted(u32 word) {
  return word ^ ((word & 0xff000000) == 0x54000000 ? 1 : 1u << 24);
}

// Without condition, register, bit and distance.
constexpr u32 kBranch = 0x14000000, kBranchAndLink = 0x94000000, kBranchIf = 0x54000000;
constexpr u32 kAdr = 0x10000000;
constexpr u32 kCbz = 0x34000000, kCbnz = 0x35000000;
constexpr u32 kCbz64 = kCbz | 1u << 31, kCbnz64 = kCbnz | 1u << 31;
constexpr u32 kTbz = 0x36000000, kTbnz = 0x37000000;

// B, for code that links blocks.
constexpr bool is_branch_in_range(s64 distance) { return is_in_reach(kBranch, distance); }
constexpr u32 encode_branch(s64 distance) { return retarget(kBranch, distance); }

}  // namespace gantry::aarch64

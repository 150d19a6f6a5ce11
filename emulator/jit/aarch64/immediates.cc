#include "emulator/jit/aarch64/immediates.h"

#include <bit>
#include <span>

#include "emulator/base/bits.h"

namespace gantry::aarch64 {
namespace {

constexpr u32 kMovn = 0x12800000;
constexpr u32 kMovz = 0x52800000;
constexpr u32 kMovk = 0x72800000;
constexpr u32 kOrrZero = 0x320003e0;
constexpr u32 kSf = 0x80000000;

constexpr u64 repeat32(u64 value) { return (value & 0xffffffff) * 0x1'0000'0001; }

constexpr u32 halfword(u64 value, unsigned index) { return value >> (16 * index) & 0xffff; }

u32 wide_move(u32 opcode, u64 value, unsigned index) {
  return opcode | index << 21 | halfword(value, index) << 5;
}

// MOVZ or MOVN for the first halfword that `filler`, which it leaves elsewhere, does not provide,
// MOVK for the others.
ConstantPlan plan_wide_moves(unsigned halfwords, u64 value, u16 filler) {
  ConstantPlan plan{};
  for (unsigned i = 0; i < halfwords; ++i) {
    if (halfword(value, i) == filler) continue;
    bool first = plan.count == 0;
    u32 opcode = !first ? kMovk : filler ? kMovn : kMovz;
    plan.words[plan.count++] = wide_move(opcode, first && filler ? ~value : value, i);
  }
  if (plan.count == 0) plan.words[plan.count++] = filler ? kMovn : kMovz;
  return plan;
}

// `value` with the halfwords of `subset`, a bit each, taken from `filler`.
u64 replace_halfwords(u64 value, unsigned subset, u64 filler) {
  u64 mask = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if (subset >> i & 1) mask |= u64{0xffff} << (16 * i);
  }
  return (value & ~mask) | (filler & mask);
}

// ORR of a bitmask immediate, then MOVK for the halfwords of `subset`; no instructions when no such
// immediate has the other halfwords. These fillers find one whenever there is one: a run within 64
// bits continues through a gap as zeros or ones, a shorter element repeats what is 32 or 16 bits
// away. A single gap needs only the first three.
ConstantPlan plan_bitmask_and_moves(u64 value, unsigned subset) {
  const u64 fillers[] = {0,          ~u64{0},       std::rotl(value, 32), std::rotl(value, 16),
                         0xffffffff, ~0xffffffffull};
  ConstantPlan plan{};
  for (u64 filler : std::span(fillers).first(std::has_single_bit(subset) ? 3 : 6)) {
    auto bitmask = encode_bitmask(8, replace_halfwords(value, subset, filler));
    if (!bitmask) continue;
    plan.words[plan.count++] = kOrrZero | *bitmask << 10;
    for (unsigned i = 0; i < 4; ++i) {
      if (subset >> i & 1) plan.words[plan.count++] = wide_move(kMovk, value, i);
    }
    break;
  }
  return plan;
}

// Replaces `plan` with a shorter sequence that starts with ORR, if there is one.
void shorten_with_bitmask(ConstantPlan& plan, u64 value) {
  constexpr u8 kOneHalfword[] = {1, 2, 4, 8};
  constexpr u8 kTwoHalfwords[] = {3, 5, 6, 9, 10, 12};
  for (std::span<const u8> subsets : {std::span<const u8>(kOneHalfword), {kTwoHalfwords}}) {
    for (u8 subset : subsets) {
      if (plan.count <= std::popcount(subset) + 1) return;
      ConstantPlan shorter = plan_bitmask_and_moves(value, subset);
      if (shorter.count) plan = shorter;
    }
  }
}

// op, cmode and imm8 of AdvSIMDExpandImm at their places, with Q set.
u32 vector_word(unsigned op, unsigned cmode, u32 imm8) {
  return 0x4f000400 | op << 29 | (imm8 >> 5) << 16 | cmode << 12 | (imm8 & 31) << 5;
}

// A 32-bit lane with one byte that is not zero, or with ones below that byte.
std::optional<u32> encode_word_lanes(unsigned op, u32 lane) {
  for (unsigned i = 0; i < 4; ++i) {
    if ((lane & ~(0xffu << 8 * i)) == 0) return vector_word(op, 2 * i, lane >> 8 * i);
  }
  if ((lane & 0xffff00ff) == 0xff) return vector_word(op, 0xc, lane >> 8);
  if ((lane & 0xff00ffff) == 0xffff) return vector_word(op, 0xd, lane >> 16);
  return std::nullopt;
}

std::optional<u32> encode_half_lanes(unsigned op, u32 lane) {
  if ((lane & 0xff00) == 0) return vector_word(op, 0x8, lane);
  if ((lane & 0x00ff) == 0) return vector_word(op, 0xa, lane >> 8);
  return std::nullopt;
}

// Every byte is zeros or ones.
std::optional<u32> encode_byte_mask(u64 pattern) {
  u32 imm8 = 0;
  for (unsigned i = 0; i < 8; ++i) {
    u32 byte = pattern >> 8 * i & 0xff;
    if (byte != 0 && byte != 0xff) return std::nullopt;
    imm8 |= (byte & 1) << i;
  }
  return vector_word(1, 0xe, imm8);
}

std::optional<u32> encode_lanes(u64 pattern) {
  if (pattern == (pattern & 0xff) * 0x0101010101010101) return vector_word(0, 0xe, pattern & 0xff);
  if (pattern != repeat32(pattern)) return std::nullopt;
  u32 lane = static_cast<u32>(pattern);
  bool halves = halfword(lane, 0) == halfword(lane, 1);
  for (unsigned op : {0, 1}) {
    u32 value = op ? ~lane : lane;
    auto word = encode_word_lanes(op, value);
    if (!word && halves) word = encode_half_lanes(op, value & 0xffff);
    if (word) return word;
  }
  auto imm8 = encode_float8(std::bit_cast<float>(lane));
  return imm8 ? std::optional(vector_word(0, 0xf, *imm8)) : std::nullopt;
}

}  // namespace

std::optional<u32> encode_vector_constant(u64 pattern) {
  auto word = encode_lanes(pattern);
  if (!word) word = encode_byte_mask(pattern);
  if (word) return word;
  auto imm8 = encode_float8(std::bit_cast<double>(pattern));
  return imm8 ? std::optional(vector_word(1, 0xf, *imm8)) : std::nullopt;
}

ConstantPlan plan_constant(unsigned width, u64 value) {
  value &= width_mask(width);
  unsigned halfwords = width / 2;
  ConstantPlan plan = plan_wide_moves(halfwords, value, 0);
  ConstantPlan inverted = plan_wide_moves(halfwords, value, 0xffff);
  if (inverted.count < plan.count) plan = inverted;
  if (plan.count > 1) {
    if (auto bitmask = encode_bitmask(width, value)) plan = {{kOrrZero | *bitmask << 10}, 1};
  }
  if (plan.count > 2) shorten_with_bitmask(plan, value);
  for (u32& word : std::span(plan.words).first(plan.count)) word |= width == 8 ? kSf : 0;
  return plan;
}

}  // namespace gantry::aarch64

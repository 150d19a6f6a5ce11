// Encoders of constants, against decoders that follow the manual's pseudocode.
#include "emulator/jit/aarch64/immediates.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <set>

namespace gantry::aarch64 {
namespace {

// DecodeBitMasks, the part for immediates; nothing for reserved encodings. Its element is never all
// ones.
std::optional<u64> decode_bitmask(u32 field, unsigned width) {
  u32 n = field >> 12, immr = field >> 6 & 63, imms = field & 63;
  u32 levels_of = n << 6 | (~imms & 63);
  if (levels_of < 2) return std::nullopt;
  unsigned size = std::bit_floor(levels_of);
  if (size > width * 8) return std::nullopt;
  unsigned ones = (imms & (size - 1)) + 1, rotation = immr & (size - 1);
  if (ones == size) return std::nullopt;
  u64 value = 0;
  for (unsigned bit = 0; bit < width * 8; ++bit) {
    if ((bit + rotation) % size < ones) value |= u64{1} << bit;
  }
  return value;
}

std::set<u64> all_bitmasks(unsigned width) {
  std::set<u64> values;
  for (u32 field = 0; field < 1 << 13; ++field) {
    if (auto value = decode_bitmask(field, width)) values.insert(*value);
  }
  return values;
}

TEST(BitmaskImmediate, AllRoundTrip) {
  EXPECT_EQ(all_bitmasks(8).size(), 5334u);
  EXPECT_EQ(all_bitmasks(4).size(), 1302u);
  for (unsigned width : {4, 8}) {
    for (u64 value : all_bitmasks(width)) {
      auto field = encode_bitmask(width, value);
      ASSERT_TRUE(field) << std::hex << value;
      EXPECT_EQ(decode_bitmask(*field, width), value) << std::hex << value;
    }
  }
}

TEST(BitmaskImmediate, NothingElseIsEncoded) {
  std::mt19937_64 random(1);
  std::set<u64> valid = all_bitmasks(8), valid32 = all_bitmasks(4);
  EXPECT_FALSE(encode_bitmask(8, 0));
  EXPECT_FALSE(encode_bitmask(8, ~u64{0}));
  EXPECT_FALSE(encode_bitmask(4, 0));
  EXPECT_FALSE(encode_bitmask(4, 0xffffffff));
  for (u64 value : valid) {
    u64 near = value ^ u64 { 1 } << random() % 64;
    EXPECT_EQ(encode_bitmask(8, near).has_value(), valid.contains(near)) << std::hex << near;
    EXPECT_EQ(encode_bitmask(4, near).has_value(), valid32.contains(near & 0xffffffff));
  }
}

TEST(AddImmediate, TwelveBitsAtTwoPlaces) {
  EXPECT_EQ(encode_add_immediate(0), 0u);
  EXPECT_EQ(encode_add_immediate(0xfff), 0xfffu);
  EXPECT_EQ(encode_add_immediate(0x1000), 0x1001u);
  EXPECT_EQ(encode_add_immediate(0xfff000), 0x1fffu);
  EXPECT_FALSE(encode_add_immediate(0x1001));
  EXPECT_FALSE(encode_add_immediate(0x1000000));
  EXPECT_FALSE(encode_add_immediate(~u64{0}));
}

// VFPExpandImm for double precision.
double decode_float8(u32 imm8) {
  u64 sign = imm8 >> 7, b = imm8 >> 6 & 1;
  u64 exponent = (b ^ 1) << 10 | (b ? 0xff : 0) << 2 | (imm8 >> 4 & 3);
  return std::bit_cast<double>(sign << 63 | exponent << 52 | u64{imm8 & 15} << 48);
}

TEST(Float8, AllRoundTrip) {
  for (u32 imm8 = 0; imm8 < 256; ++imm8) EXPECT_EQ(encode_float8(decode_float8(imm8)), imm8);
}

TEST(Float8, NothingElseIsEncoded) {
  for (double value : {0.0, -0.0, 32.0, 0.0625, 1.03125, 31.5, 1.0 + 0x1p-52, HUGE_VAL}) {
    EXPECT_FALSE(encode_float8(value)) << value;
  }
  EXPECT_FALSE(encode_float8(std::nan("")));
}

// AdvSIMDExpandImm.
u64 expand(unsigned op, unsigned cmode, u64 imm8) {
  u64 value;
  if (cmode < 8) {
    value = (imm8 << (cmode / 2 * 8)) * 0x1'0000'0001;
  } else if (cmode < 12) {
    value = (imm8 << ((cmode & 2) / 2 * 8)) * 0x0001'0001'0001'0001;
  } else if (cmode < 14) {
    unsigned ones = cmode == 12 ? 8 : 16;
    value = (imm8 << ones | ((1u << ones) - 1)) * 0x1'0000'0001;
  } else if (cmode == 14 && op == 0) {
    return imm8 * 0x0101010101010101;
  } else if (cmode == 14) {
    value = 0;
    for (unsigned i = 0; i < 8; ++i) value |= (imm8 >> i & 1) * 0xff << 8 * i;
    return value;
  } else if (op == 0) {
    return std::bit_cast<u32>(static_cast<float>(decode_float8(imm8))) * u64{0x1'0000'0001};
  } else {
    return std::bit_cast<u64>(decode_float8(imm8));
  }
  return op ? ~value : value;
}

u64 expand(u32 word) {
  EXPECT_EQ(word & 0xdff80c1f, 0x4f000400u);
  return expand(word >> 29 & 1, word >> 12 & 15, (word >> 16 & 7) << 5 | (word >> 5 & 31));
}

// All that MOVI, MVNI and FMOV can make; odd cmodes below 12 are ORR and BIC.
std::set<u64> all_vector_constants() {
  std::set<u64> patterns;
  for (unsigned op : {0, 1}) {
    for (unsigned cmode : {0, 2, 4, 6, 8, 10, 12, 13, 14, 15}) {
      for (u64 imm8 = 0; imm8 < 256; ++imm8) patterns.insert(expand(op, cmode, imm8));
    }
  }
  return patterns;
}

TEST(VectorConstant, AllRoundTrip) {
  for (u64 pattern : all_vector_constants()) {
    auto word = encode_vector_constant(pattern);
    ASSERT_TRUE(word) << std::hex << pattern;
    EXPECT_EQ(expand(*word), pattern) << std::hex << pattern;
  }
}

TEST(VectorConstant, NothingElseIsEncoded) {
  std::set<u64> valid = all_vector_constants();
  for (u64 pattern : valid) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      u64 near = pattern ^ u64 { 1 } << bit;
      EXPECT_EQ(encode_vector_constant(near).has_value(), valid.contains(near)) << std::hex << near;
    }
  }
}

// What a plan leaves in the register.
u64 run(const ConstantPlan& plan, unsigned width) {
  u64 value = 0;
  for (u32 word : plan) {
    EXPECT_EQ(word & 31, 0u);
    EXPECT_EQ(word >> 31, width / 8);
    unsigned shift = (word >> 21 & 3) * 16;
    u64 half = u64{word >> 5 & 0xffff} << shift;
    switch (word >> 23 & 0xff) {
      case 0xa5:
        value = half;
        break;
      case 0x25:
        value = ~half;
        break;
      case 0xe5:
        value = (value & ~(u64{0xffff} << shift)) | half;
        break;
      case 0x64:
        EXPECT_EQ(word >> 5 & 31, 31u);
        value = decode_bitmask(word >> 10 & 0x1fff, width).value();
        break;
      default:
        ADD_FAILURE() << std::hex << word;
    }
    if (width == 4) value &= 0xffffffff;
  }
  return value;
}

// Runs the plan; how many instructions it has.
unsigned length_of(unsigned width, u64 value) {
  ConstantPlan plan = plan_constant(width, value);
  EXPECT_EQ(run(plan, width), width == 4 ? value & 0xffffffff : value) << std::hex << value;
  return plan.count;
}

// Halfwords of four kinds: zeros, ones, and two others.
TEST(ConstantPlan, EveryClassOfHalfwords) {
  const u64 halves[] = {0, 0xffff, 0x1234, 0x8765};
  for (unsigned kinds = 0; kinds < 256; ++kinds) {
    u64 value = 0;
    unsigned zeros = 0, ones = 0;
    for (unsigned i = 0; i < 4; ++i) {
      unsigned kind = kinds >> 2 * i & 3;
      value |= halves[kind] << 16 * i;
      zeros += kind == 0;
      ones += kind == 1;
    }
    unsigned most = std::max(1u, 4 - std::max(zeros, ones));
    EXPECT_LE(length_of(8, value), most) << std::hex << value;
    EXPECT_LE(length_of(4, value), 2u) << std::hex << value;
  }
}

TEST(ConstantPlan, OneInstruction) {
  for (u64 value : all_bitmasks(8)) EXPECT_EQ(length_of(8, value), 1u) << std::hex << value;
  for (u64 value : all_bitmasks(4)) EXPECT_EQ(length_of(4, value), 1u) << std::hex << value;
  for (unsigned shift = 0; shift < 64; shift += 16) {
    for (u64 half = 0; half < 0x10000; half += 0xff) {
      EXPECT_EQ(length_of(8, half << shift), 1u);
      EXPECT_EQ(length_of(8, ~(half << shift)), 1u);
    }
  }
  EXPECT_EQ(length_of(4, 0xffffffff), 1u);
  EXPECT_EQ(length_of(4, 0xffff1234), 1u);
}

// Every bitmask with one or two halfwords replaced takes at most one instruction more for each.
TEST(ConstantPlan, BitmasksWithReplacedHalfwords) {
  std::mt19937_64 random(2);
  for (u64 bitmask : all_bitmasks(8)) {
    for (unsigned subset : {1, 2, 4, 8, 3, 5, 6, 9, 10, 12}) {
      u64 mask = 0;
      for (unsigned i = 0; i < 4; ++i) mask |= subset >> i & 1 ? u64{0xffff} << 16 * i : 0;
      u64 value = (bitmask & ~mask) | (random() & mask);
      EXPECT_LE(length_of(8, value), 1u + std::popcount(subset)) << std::hex << value;
    }
  }
}

TEST(ConstantPlan, RandomValues) {
  std::mt19937_64 random(3);
  for (unsigned i = 0; i < 20000; ++i) {
    u64 value = random() >> random() % 64;
    EXPECT_LE(length_of(8, value), 4u);
    EXPECT_LE(length_of(4, value), 2u);
  }
}

}  // namespace
}  // namespace gantry::aarch64

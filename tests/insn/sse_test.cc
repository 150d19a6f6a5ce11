// MMX and SSE instructions where random operands seldom go.
#include <gtest/gtest.h>

#include <cmath>

#include "emulator/semantics/float_ops.h"
#include "tests/insn/machine.h"
#include "tests/insn/random_lanes.h"

namespace gantry::test {
namespace {

using guest::V128;
using guest::Vector;

constexpr u64 kOne = 0x3ff0000000000000;
constexpr u64 kMinus = u64{1} << 63;
constexpr u64 kDefaultNan = 0xfff8000000000000;

// --- moves
TEST(SseMove, MovssFromMemoryClearsTheRest) {
  Machine m;
  u32 value = 0x12345678;
  m.point_at(value);
  m.cpu.xmm[0] = {~u64{0}, ~u64{0}};
  EXPECT_EQ(m.run({0xf3, 0x0f, 0x10, 0x07}), kNoFault);
  EXPECT_EQ(m.cpu.xmm[0], (V128{0x12345678, 0}));
}

TEST(SseMove, MovssBetweenRegistersKeepsTheRest) {
  Machine m;
  m.cpu.xmm[0] = {~u64{0}, ~u64{0}};
  m.cpu.xmm[1] = {1, 2};
  EXPECT_EQ(m.run({0xf3, 0x0f, 0x10, 0xc1}), kNoFault);
  EXPECT_EQ(m.cpu.xmm[0], (V128{0xffffffff00000001, ~u64{0}}));
}

TEST(SseMove, MovapsFaultsOnUnalignedMemoryAndMovupsDoesNot) {
  Machine m;
  alignas(16) u8 memory[32] = {};
  m.point_at(memory[1]);
  EXPECT_EQ(m.run({0x0f, 0x28, 0x07}), Vector::kGeneralProtection);
  EXPECT_EQ(m.run({0x0f, 0x10, 0x07}), kNoFault);
}

TEST(SseMove, MaskmovdquWritesOnlySelectedBytes) {
  Machine m;
  u8 memory[16] = {};
  m.point_at(memory);
  m.cpu.xmm[0] = {0x0807060504030201, 0x100f0e0d0c0b0a09};
  m.cpu.xmm[1] = {0x8000000000000080, 0x00000000ff000000};
  EXPECT_EQ(m.run({0x66, 0x0f, 0xf7, 0xc1}), kNoFault);
  for (unsigned k = 0; k < 16; ++k) EXPECT_EQ(memory[k], k == 0 || k == 7 || k == 11 ? k + 1 : 0);
}

// --- integers
TEST(SseInteger, PmaddwdOfTheMostNegativeWordsWraps) {
  Machine m;
  m.cpu.xmm[0] = m.cpu.xmm[1] = {0x8000800080008000, 0};
  m.run({0x66, 0x0f, 0xf5, 0xc1});
  EXPECT_EQ(m.cpu.xmm[0], (V128{0x8000000080000000, 0}));
}

TEST(SseInteger, ShiftCountsAreNotTakenModulo) {
  for (u64 count : {u64{16}, u64{17}, u64{1} << 32, ~u64{0}}) {
    Machine m;
    m.cpu.xmm[0] = {0x8001ffff00017fff, 0};
    m.cpu.xmm[1] = {count, 0};
    m.run({0x66, 0x0f, 0xe1, 0xc1});  // psraw
    EXPECT_EQ(m.cpu.xmm[0], (V128{0xffffffff00000000, 0}));
    m.run({0x66, 0x0f, 0xf1, 0xc1});  // psllw
    EXPECT_EQ(m.cpu.xmm[0], V128{});
  }
}

TEST(SseInteger, ShiftCountIgnoresTheUpperQuadword) {
  Machine m;
  m.cpu.xmm[0] = {1, 1};
  m.cpu.xmm[1] = {1, ~u64{0}};
  m.run({0x66, 0x0f, 0xf3, 0xc1});  // psllq
  EXPECT_EQ(m.cpu.xmm[0], (V128{2, 2}));
}

TEST(SseInteger, PalignrBeyondBothOperandsIsZero) {
  Machine m;
  m.cpu.xmm[0] = m.cpu.xmm[1] = {~u64{0}, ~u64{0}};
  m.run({0x66, 0x0f, 0x3a, 0x0f, 0xc1, 31});
  EXPECT_EQ(m.cpu.xmm[0], (V128{0xff, 0}));
  m.run({0x66, 0x0f, 0x3a, 0x0f, 0xc1, 32});
  EXPECT_EQ(m.cpu.xmm[0], V128{});
}

TEST(SseInteger, PsignOfTheMostNegativeStays) {
  Machine m;
  m.cpu.xmm[0] = m.cpu.xmm[1] = {0x8080808080808080, 0};
  m.run({0x66, 0x0f, 0x38, 0x08, 0xc1});
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x8080808080808080u);
}

// --- strings
class StringCompare : public testing::Test {
 protected:
  void set(V128 a, V128 b) {
    m.cpu.xmm[0] = a;
    m.cpu.xmm[1] = b;
  }
  void pcmpistri(u8 control) { m.run({0x66, 0x0f, 0x3a, 0x63, 0xc1, control}); }
  Machine m;
};

TEST_F(StringCompare, EqualOrderedFindsANeedleThatRunsOffTheEnd) {
  set({0x6261, 0}, {0x7a7a7a7a7a7a7a7a, 0x617a7a7a7a7a7a7a});  // "ab" in "zzzzzzzzzzzzzzza"
  pcmpistri(0x0c);
  EXPECT_EQ(m.cpu.gpr[guest::kRcx], 15u);
}

TEST_F(StringCompare, NothingFoundIsTheNumberOfElements) {
  set({0x61, 0}, {0x62, 0});
  pcmpistri(0x00);
  EXPECT_EQ(m.cpu.gpr[guest::kRcx], 16u);
  EXPECT_EQ(m.flags(), guest::kZF | guest::kSF);
  pcmpistri(0x01);
  EXPECT_EQ(m.cpu.gpr[guest::kRcx], 8u);
}

TEST_F(StringCompare, MaskedNegationStopsAtTheEndOfTheText) {
  set({0x61, 0}, {0x6161, 0});
  m.run({0x66, 0x0f, 0x3a, 0x62, 0xc1, 0x30});  // pcmpistrm, equal any, masked negative
  EXPECT_EQ(m.cpu.xmm[0], V128{});
}

TEST_F(StringCompare, ExplicitLengthsAreMagnitudesAndSaturate) {
  set({0x61, 0}, {0x0061, 0});
  m.cpu.gpr[guest::kRax] = static_cast<u32>(-1);
  m.cpu.gpr[guest::kRdx] = 1000;
  m.run({0x66, 0x0f, 0x3a, 0x61, 0xc1, 0x08});  // pcmpestri, equal each
  EXPECT_EQ(m.cpu.gpr[guest::kRcx], 0u);
  EXPECT_EQ(m.flags(), guest::kCF | guest::kSF | guest::kOF);
}

// --- floats
TEST(SseFloat, MinAndMaxGiveTheSecondOperandForZerosAndNans) {
  Machine m;
  m.cpu.xmm[0] = {0, 0};
  m.cpu.xmm[1] = {kMinus, 0};
  m.run({0xf2, 0x0f, 0x5f, 0xc1});  // maxsd
  EXPECT_EQ(m.cpu.xmm[0].lo, kMinus);
  m.cpu.xmm[0] = {kOne, 0};
  m.cpu.xmm[1] = {0x7ff0000000000001, 0};  // signaling, and stays so
  m.run({0xf2, 0x0f, 0x5d, 0xc1});
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x7ff0000000000001u);
  EXPECT_EQ(m.mxcsr_flags(), 1u);
}

TEST(SseFloat, TheFirstNanWinsAndIsMadeQuiet) {
  Machine m;
  m.cpu.xmm[0] = {0x7ff0000000000001, 0};
  m.cpu.xmm[1] = {0xfff8000000000002, 0};
  m.run({0xf2, 0x0f, 0x58, 0xc1});
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x7ff8000000000001u);
  EXPECT_EQ(m.mxcsr_flags(), 1u);
}

TEST(SseFloat, InvalidGivesTheNegativeDefaultNan) {
  Machine m;
  m.cpu.xmm[0] = {0x7ff0000000000000, 0};
  m.cpu.xmm[1] = {0xfff0000000000000, 0};
  m.run({0xf2, 0x0f, 0x58, 0xc1});
  EXPECT_EQ(m.cpu.xmm[0].lo, kDefaultNan);
}

TEST(SseFloat, UnmaskedZeroDivideRaisesAndKeepsTheDestination) {
  Machine m;
  m.cpu.mxcsr = 0x1f80 & ~(4u << 7);
  m.cpu.xmm[0] = {kOne, 7};
  m.cpu.xmm[1] = {0, 0};
  EXPECT_EQ(m.run({0xf2, 0x0f, 0x5e, 0xc1}), Vector::kSimd);
  EXPECT_EQ(m.cpu.xmm[0], (V128{kOne, 7}));
  EXPECT_EQ(m.mxcsr_flags(), 4u);
}

// One lane's unmasked invalid keeps the other lane's overflow from being computed.
TEST(SseFloat, APackedOperationStopsAsAWhole) {
  Machine m;
  m.cpu.mxcsr = 0x1f80 & ~(1u << 7);
  m.cpu.xmm[0] = {0x7fefffffffffffff, 0x7ff0000000000000};
  m.cpu.xmm[1] = {0x7fefffffffffffff, 0xfff0000000000000};
  EXPECT_EQ(m.run({0x66, 0x0f, 0x58, 0xc1}), Vector::kSimd);
  EXPECT_EQ(m.mxcsr_flags(), 1u);
}

TEST(SseFloat, UcomisdIsSilentAboutQuietNansAndComisdIsNot) {
  Machine m;
  m.cpu.xmm[0] = {kDefaultNan, 0};
  m.run({0x66, 0x0f, 0x2e, 0xc0});
  EXPECT_EQ(m.flags(), guest::kZF | guest::kPF | guest::kCF);
  EXPECT_EQ(m.mxcsr_flags(), 0u);
  m.run({0x66, 0x0f, 0x2f, 0xc0});
  EXPECT_EQ(m.mxcsr_flags(), 1u);
}

TEST(SseFloat, Cvttsd2siOutOfRangeIsTheIntegerIndefinite) {
  Machine m;
  m.cpu.xmm[0] = {0x41e0000000000000, 0};  // 2^31
  m.run({0xf2, 0x0f, 0x2c, 0xc0});
  EXPECT_EQ(m.cpu.gpr[guest::kRax], 0x80000000u);
  EXPECT_EQ(m.mxcsr_flags(), 1u);
  m.run({0xf2, 0x48, 0x0f, 0x2c, 0xc0});
  EXPECT_EQ(m.cpu.gpr[guest::kRax], 0x80000000u);
}

TEST(SseFloat, LoadingReservedMxcsrBitsFaults) {
  Machine m;
  u32 value = 0x11f80;
  m.point_at(value);
  EXPECT_EQ(m.run({0x0f, 0xae, 0x17}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.mxcsr, 0x1f80u);
}

// With PE set the host's FPU computes where it is exact enough; with it clear and with all else the
// soft float does. Both must agree, in the flags too.
TEST(SseFloat, HostAndSoftPathsAgree) {
  RandomLanes random(3);
  const u8 opcodes[] = {0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f};
  for (int k = 0; k < 200000; ++k) {
    u8 opcode = opcodes[random.next() % 7];
    bool single = random.next() & 1;
    guest::V128 a = random.float_vector(), b = random.float_vector();
    if (single) a = {a.lo >> 29, a.hi}, b = {b.lo >> 29, b.hi};
    Machine fast, soft;
    fast.cpu.mxcsr = 0x1fa0;
    soft.cpu.mxcsr = 0x1fa0 & ~(0x20u << 7);  // an unmasked PE keeps off the host
    for (Machine* m : {&fast, &soft}) {
      m->cpu.xmm[0] = a;
      m->cpu.xmm[1] = b;
      auto fault = m->run({static_cast<u8>(single ? 0xf3 : 0xf2), 0x0f, opcode, 0xc1});
      if (fault) m->cpu.mxcsr |= 0x20;
      if (fault) m->cpu.xmm[0] = fast.cpu.xmm[0];
    }
    ASSERT_EQ(fast.cpu.xmm[0], soft.cpu.xmm[0])
        << std::hex << int{opcode} << " " << a.lo << " " << b.lo;
    ASSERT_EQ(fast.mxcsr_flags(), soft.mxcsr_flags())
        << std::hex << int{opcode} << " " << a.lo << " " << b.lo;
  }
}

// The manual's bound for RCPPS and RSQRTPS.
TEST(SseFloat, ApproximationsAreWithinTheirBound) {
  constexpr double kBound = 1.5 / 4096;
  RandomLanes random(4);
  for (int k = 0; k < 100000; ++k) {
    u32 bits = 0x00800000 + static_cast<u32>(random.next() % 0x7e000000);
    double x = std::bit_cast<float>(bits);
    auto value = [](V128 v) { return double{std::bit_cast<float>(static_cast<u32>(v.lo))}; };
    double reciprocal = value(sem::fp::reciprocal<1>({bits, 0}));
    if (bits < 0x7e800000) {
      ASSERT_LE(std::abs(reciprocal * x - 1), kBound) << x;
    }
    double root = value(sem::fp::reciprocal_root<1>({bits, 0}));
    ASSERT_LE(std::abs(root * std::sqrt(x) - 1), kBound) << x;
  }
}

TEST(SseFloat, ApproximationsOfSpecialValues) {
  auto rcp = [](u32 x) { return static_cast<u32>(sem::fp::reciprocal<1>({x, 0}).lo); };
  auto rsqrt = [](u32 x) { return static_cast<u32>(sem::fp::reciprocal_root<1>({x, 0}).lo); };
  EXPECT_EQ(rcp(0x80000001), 0xff800000u);  // a denormal counts as zero
  EXPECT_EQ(rcp(0xff800000), 0x80000000u);
  EXPECT_EQ(rcp(0x7f000001), 0u);  // the result would be denormal
  EXPECT_EQ(rcp(0x7f800001), 0x7fc00001u);
  EXPECT_EQ(rsqrt(0x80000000), 0xff800000u);
  EXPECT_EQ(rsqrt(0xbf800000), 0xffc00000u);
  EXPECT_EQ(rsqrt(0x7f800000), 0u);
}

// --- crypto, by the standards' own examples
TEST(Crypto, AesEncryptsTheExampleOfFips197) {
  // Appendix B, round 1: the state after the first key addition and round key 1.
  V128 state = V128::from<u8>({0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b, 0x9a, 0xc6, 0x8d,
                               0x2a, 0xe9, 0xf8, 0x48, 0x08});
  V128 key = V128::from<u8>({0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1, 0x23, 0xa3, 0x39, 0x39,
                             0x2a, 0x6c, 0x76, 0x05});
  V128 next = V128::from<u8>({0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b, 0x6b, 0x5b, 0xea,
                              0x43, 0x02, 0x6a, 0x50, 0x49});
  Machine m;
  m.cpu.xmm[0] = state;
  m.cpu.xmm[1] = key;
  m.run({0x66, 0x0f, 0x38, 0xdc, 0xc1});
  EXPECT_EQ(m.cpu.xmm[0], next);
}

TEST(Crypto, PclmulqdqMultipliesChosenHalves) {
  Machine m;
  m.cpu.xmm[0] = {0, 0x8000000000000001};
  m.cpu.xmm[1] = {0x8000000000000001, 0};
  m.run({0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x01});
  EXPECT_EQ(m.cpu.xmm[0], (V128{1, 0x4000000000000000}));
}

}  // namespace
}  // namespace gantry::test

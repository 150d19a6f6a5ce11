// Scalar and packed floating point: NaNs, zeros, denormals, rounding modes, flags, conversions;
// fused multiply-add and half precision.
#include <cmath>

#include "emulator/semantics/float_ops.h"
#include "tests/insn/machine.h"
#include "tests/insn/random_lanes.h"

namespace gantry::test {
namespace {

constexpr u64 kMinus = u64{1} << 63;
constexpr u64 kOne = 0x3ff0000000000000;
constexpr u64 kInfinity = 0x7ff0000000000000;
constexpr u64 kLargest = 0x7fefffffffffffff;
constexpr u64 kSmallestNormal = 0x0010000000000000;
constexpr u64 kDefaultNan = 0xfff8000000000000;
constexpr u64 kQuiet = 0x7ff8000000000002, kSignaling = 0x7ff0000000000001;

// MXCSR: flags, masks at seven bits above them, DAZ, RC, FTZ.
enum : u32 { kIe = 1, kDe = 2, kZe = 4, kOe = 8, kUe = 16, kPe = 32, kDaz = 64, kFtz = 0x8000 };
constexpr u32 kAllMasked = 0x1f80;
constexpr u32 unmasked(u32 flag) { return kAllMasked & ~(flag << 7); }
constexpr u32 kRoundings[] = {kAllMasked, kAllMasked | 0x2000, kAllMasked | 0x4000,
                              kAllMasked | 0x6000};  // nearest, down, up, zero

// The opcode byte of the operation in all its four forms.
enum Operation : u8 {
  kSqrt = 0x51,
  kAdd = 0x58,
  kMul = 0x59,
  kSub = 0x5c,
  kMin = 0x5d,
  kDiv = 0x5e,
  kMax = 0x5f
};

class FloatTest : public testing::Test {
 protected:
  void set(const V128& a, const V128& b) {
    m.cpu.xmm[0] = a;
    m.cpu.xmm[1] = b;
  }
  // The scalar double operation on two values, without earlier flags.
  u64 scalar(Operation operation, u64 a, u64 b, u32 mxcsr = kAllMasked) {
    m.cpu.mxcsr = mxcsr;
    set({a, 7}, {b, 8});
    m.run({0xf2, 0x0f, operation, 0xc1});
    EXPECT_EQ(m.cpu.xmm[0].hi, 7u);
    return m.cpu.xmm[0].lo;
  }
  u32 flags() const { return m.mxcsr_flags(); }
  Machine m;
};

// --- NaNs
TEST_F(FloatTest, TheFirstNanWinsAndIsMadeQuiet) {
  EXPECT_EQ(scalar(kAdd, kSignaling, kQuiet), kSignaling | u64{1} << 51);
  EXPECT_EQ(flags(), kIe);
  EXPECT_EQ(scalar(kMul, kQuiet, kSignaling), kQuiet);
  EXPECT_EQ(flags(), kIe);
  EXPECT_EQ(scalar(kSub, kQuiet, kQuiet + 1), kQuiet);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FloatTest, TheOnlyNanKeepsItsSignAndPayload) {
  EXPECT_EQ(scalar(kDiv, 0, kQuiet | kMinus), kQuiet | kMinus);
  EXPECT_EQ(scalar(kSub, kOne, kQuiet), kQuiet);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FloatTest, InvalidGivesTheNegativeDefaultNan) {
  EXPECT_EQ(scalar(kAdd, kInfinity, kInfinity | kMinus), kDefaultNan);
  EXPECT_EQ(scalar(kSub, kInfinity, kInfinity), kDefaultNan);
  EXPECT_EQ(scalar(kMul, 0, kInfinity), kDefaultNan);
  EXPECT_EQ(scalar(kDiv, 0, kMinus), kDefaultNan);
  EXPECT_EQ(scalar(kDiv, kInfinity, kInfinity), kDefaultNan);
  EXPECT_EQ(scalar(kSqrt, 0, kOne | kMinus), kDefaultNan);
  EXPECT_EQ(flags(), kIe);
}

TEST_F(FloatTest, RootOfMinusZeroIsMinusZero) {
  EXPECT_EQ(scalar(kSqrt, 0, kMinus), kMinus);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FloatTest, MinAndMaxGiveTheSecondOperandForZerosAndNans) {
  EXPECT_EQ(scalar(kMax, 0, kMinus), kMinus);
  EXPECT_EQ(scalar(kMin, kMinus, 0), 0u);
  EXPECT_EQ(scalar(kMin, kOne, kSignaling), kSignaling);  // which stays signaling
  EXPECT_EQ(flags(), kIe);
  EXPECT_EQ(scalar(kMax, kQuiet, kOne), kOne);
  EXPECT_EQ(flags(), kIe);
}

// --- comparisons
TEST_F(FloatTest, PredicatesOfUnorderedOperands) {
  constexpr bool kTrue[8] = {false, false, false, true, true, true, true, false};
  constexpr bool kSignals[8] = {false, true, true, false, false, true, true, false};
  for (u8 predicate = 0; predicate < 8; predicate++) {
    m.cpu.mxcsr = kAllMasked;
    set({kOne, 0}, {kQuiet, 0});
    m.run({0xf2, 0x0f, 0xc2, 0xc1, predicate});  // cmpsd
    EXPECT_EQ(m.cpu.xmm[0].lo, kTrue[predicate] ? ~u64{0} : 0) << int{predicate};
    EXPECT_EQ(flags(), kSignals[predicate] ? u32{kIe} : 0) << int{predicate};
  }
}

TEST_F(FloatTest, PredicatesOfZerosOfBothSigns) {
  constexpr bool kTrue[8] = {true, false, true, false, false, true, false, true};
  for (u8 predicate = 0; predicate < 8; predicate++) {
    set({0, 0}, {kMinus, 0});
    m.run({0xf2, 0x0f, 0xc2, 0xc1, predicate});
    EXPECT_EQ(m.cpu.xmm[0].lo, kTrue[predicate] ? ~u64{0} : 0) << int{predicate};
  }
}

TEST_F(FloatTest, UcomisdIsSilentAboutQuietNansAndComisdIsNot) {
  set({kDefaultNan, 0}, {});
  m.set_flags(kStatusFlags);
  m.run({0x66, 0x0f, 0x2e, 0xc0});
  EXPECT_EQ(m.flags(), kZF | kPF | kCF);
  EXPECT_EQ(flags(), 0u);
  m.run({0x66, 0x0f, 0x2f, 0xc0});
  EXPECT_EQ(flags(), kIe);
}

// --- denormals
TEST_F(FloatTest, DenormalOperandSetsItsFlag) {
  EXPECT_EQ(scalar(kAdd, 1, 0), 1u);
  EXPECT_EQ(flags(), kDe);
  EXPECT_EQ(scalar(kDiv, 1, 0), kInfinity);
  EXPECT_EQ(flags(), kZe);
  EXPECT_EQ(scalar(kAdd, 1, kQuiet), kQuiet);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FloatTest, DenormalsAreZeroOfTheirSignWithoutAFlag) {
  u32 daz = kAllMasked | kDaz;
  EXPECT_EQ(scalar(kAdd, kMinus | 1, kMinus, daz), kMinus);
  EXPECT_EQ(flags(), 0u);
  EXPECT_EQ(scalar(kDiv, kOne, kMinus | 1, daz), kInfinity | kMinus);
  EXPECT_EQ(flags(), kZe);
  EXPECT_EQ(scalar(kSqrt, 0, kMinus | 1, daz), kMinus);
  EXPECT_EQ(scalar(kMin, 1, 2, daz), 0u);  // the second of equal zeros, as a zero
}

TEST_F(FloatTest, FlushToZeroKeepsTheSignAndReportsUnderflow) {
  u32 ftz = kAllMasked | kFtz;
  EXPECT_EQ(scalar(kMul, kSmallestNormal | kMinus, 0x3fe0000000000000, ftz), kMinus);
  EXPECT_EQ(flags(), kUe | kPe);
  EXPECT_EQ(scalar(kAdd, 1, 0, ftz), 0u);  // exact, too
  EXPECT_EQ(flags(), kUe | kPe | kDe);
}

TEST_F(FloatTest, ExactDenormalResultIsNoUnderflowWhileMasked) {
  EXPECT_EQ(scalar(kMul, kSmallestNormal, 0x3fe0000000000000), kSmallestNormal >> 1);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FloatTest, ExactDenormalResultIsUnderflowWhenUnmasked) {
  m.cpu.mxcsr = unmasked(kUe);
  set({kSmallestNormal, 0}, {0x3fe0000000000000, 0});
  EXPECT_EQ(m.fault({0xf2, 0x0f, 0x59, 0xc1}), Vector::kSimd);
  EXPECT_EQ(m.cpu.xmm[0].lo, kSmallestNormal);
  EXPECT_EQ(flags(), kUe);
}

// --- rounding
TEST_F(FloatTest, SumsInAllRoundingModes) {
  constexpr u64 kTiny = 1;
  const u64 positive[] = {kOne, kOne, kOne + 1, kOne};
  const u64 negative[] = {kOne, kOne + 1, kOne, kOne};
  for (unsigned k = 0; k < 4; k++) {
    EXPECT_EQ(scalar(kAdd, kOne, kTiny, kRoundings[k]), positive[k]);
    EXPECT_EQ(scalar(kSub, kOne | kMinus, kTiny, kRoundings[k]), negative[k] | kMinus);
    EXPECT_EQ(flags(), kPe | kDe);
  }
}

TEST_F(FloatTest, OverflowInAllRoundingModes) {
  const u64 positive[] = {kInfinity, kLargest, kInfinity, kLargest};
  const u64 negative[] = {kInfinity, kInfinity, kLargest, kLargest};
  for (unsigned k = 0; k < 4; k++) {
    EXPECT_EQ(scalar(kAdd, kLargest, kLargest, kRoundings[k]), positive[k]);
    EXPECT_EQ(scalar(kMul, kLargest | kMinus, kLargest, kRoundings[k]), negative[k] | kMinus);
    EXPECT_EQ(flags(), kOe | kPe);
  }
}

TEST_F(FloatTest, DifferenceOfEqualsIsMinusZeroOnlyWhenRoundingDown) {
  const u64 expected[] = {0, kMinus, 0, 0};
  for (unsigned k = 0; k < 4; k++) {
    EXPECT_EQ(scalar(kSub, kOne, kOne, kRoundings[k]), expected[k]);
  }
}

TEST_F(FloatTest, HalvesToIntegersInAllRoundingModes) {
  constexpr u64 kHalves = 0xc004000000000000;  // -2.5
  const u32 expected[] = {static_cast<u32>(-2), static_cast<u32>(-3), static_cast<u32>(-2),
                          static_cast<u32>(-2)};
  for (unsigned k = 0; k < 4; k++) {
    m.cpu.mxcsr = kRoundings[k];
    set({kHalves, 0}, {});
    m.run({0xf2, 0x0f, 0x2d, 0xc0});  // cvtsd2si eax, xmm0
    EXPECT_EQ(m[kRax], expected[k]);
    m.run({0xf2, 0x0f, 0x2c, 0xc0});  // cvttsd2si
    EXPECT_EQ(m[kRax], static_cast<u32>(-2));
    EXPECT_EQ(flags(), kPe);
  }
}

TEST_F(FloatTest, RoundsdChoosesItsModeAndCanHidePrecision) {
  constexpr u64 kTwo = 0x4000000000000000, kThree = 0x4008000000000000;
  constexpr u64 kTwoAndAHalf = 0x4004000000000000;
  const std::pair<u8, u64> cases[] = {{0, kTwo},   {1, kTwo},   {2, kThree},
                                      {3, kTwo},   {4, kThree},  // MXCSR's, which is up
                                      {6, kThree}, {8, kTwo},   {10, kThree}};
  for (auto [control, expected] : cases) {
    m.cpu.mxcsr = kRoundings[2];
    set({}, {kTwoAndAHalf, 0});
    m.run({0x66, 0x0f, 0x3a, 0x0b, 0xc1, control});
    EXPECT_EQ(m.cpu.xmm[0].lo, expected) << int{control};
    EXPECT_EQ(flags(), control & 8 ? 0 : u32{kPe}) << int{control};
  }
}

TEST_F(FloatTest, RoundsdKeepsTheSignOfZero) {
  set({}, {0xbfd0000000000000, 0});          // -0.25
  m.run({0x66, 0x0f, 0x3a, 0x0b, 0xc1, 2});  // up
  EXPECT_EQ(m.cpu.xmm[0].lo, kMinus);
}

// --- conversions
TEST_F(FloatTest, OutOfRangeIsTheIntegerIndefinite) {
  for (u64 value : {u64{0x41e0000000000000}, kQuiet, kInfinity, kInfinity | kMinus}) {
    m.cpu.mxcsr = kAllMasked;
    set({value, 0}, {});
    m.run({0xf2, 0x0f, 0x2c, 0xc0});  // cvttsd2si eax, xmm0
    EXPECT_EQ(m[kRax], 0x80000000u);
    EXPECT_EQ(flags(), kIe);
  }
  set({0x41e0000000000000, 0}, {});       // 2^31
  m.run({0xf2, 0x48, 0x0f, 0x2c, 0xc0});  // cvttsd2si rax, xmm0
  EXPECT_EQ(m[kRax], 0x80000000u);
  set({0x43e0000000000000, 0}, {});  // 2^63
  m.run({0xf2, 0x48, 0x0f, 0x2c, 0xc0});
  EXPECT_EQ(m[kRax], u64{1} << 63);
}

TEST_F(FloatTest, MostNegativeIntegerIsInRange) {
  set({0xc1e0000000000000, 0}, {});
  m.run({0xf2, 0x0f, 0x2d, 0xc0});
  EXPECT_EQ(m[kRax], 0x80000000u);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FloatTest, RangeIsJudgedAfterRounding) {
  set({0x41dfffffffe00000, 0}, {});  // 2^31 - 0.5
  m.run({0xf2, 0x0f, 0x2d, 0xc0});   // cvtsd2si
  EXPECT_EQ(m[kRax], 0x80000000u);
  EXPECT_EQ(flags(), kIe);
  m.cpu.mxcsr = kAllMasked;
  m.run({0xf2, 0x0f, 0x2c, 0xc0});  // cvttsd2si
  EXPECT_EQ(m[kRax], 0x7fffffffu);
  EXPECT_EQ(flags(), kPe);
}

TEST_F(FloatTest, PackedConversionMarksTheLanesThatDoNotFit) {
  set({}, {0x4f0000003f800000, 0x7fc00000cf000000});
  m.run({0x66, 0x0f, 0x5b, 0xc1});  // cvtps2dq
  EXPECT_EQ(m.cpu.xmm[0], (V128{0x8000000000000001, 0x8000000080000000}));
  EXPECT_EQ(flags(), kIe);
}

TEST_F(FloatTest, NarrowingConversionOverflowsUnderflowsAndQuietens) {
  const std::pair<u64, std::pair<u32, u32>> cases[] = {
      {kLargest, {0x7f800000, kOe | kPe}},
      {kSmallestNormal, {0, kUe | kPe}},
      {kSignaling, {0x7fc00000, kIe}},
      {0x36a0000000000000, {1, 0}},  // 2^-149, the smallest of all
      {1, {0, kDe | kUe | kPe}}};
  for (auto [value, expected] : cases) {
    m.cpu.mxcsr = kAllMasked;
    set({}, {value, 0});
    m.run({0xf2, 0x0f, 0x5a, 0xc1});  // cvtsd2ss
    EXPECT_EQ(m.cpu.xmm[0].lo, expected.first);
    EXPECT_EQ(flags(), expected.second);
  }
}

TEST_F(FloatTest, WideningConversionKeepsThePayload) {
  set({}, {0xff800001, 0});
  m.run({0xf3, 0x0f, 0x5a, 0xc1});  // cvtss2sd
  EXPECT_EQ(m.cpu.xmm[0].lo, 0xfff8000020000000u);
  EXPECT_EQ(flags(), kIe);
}

TEST_F(FloatTest, WideIntegerIsRounded) {
  m[kRax] = (u64{1} << 53) + 1;
  m.run({0xf2, 0x48, 0x0f, 0x2a, 0xc0});  // cvtsi2sd xmm0, rax
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x4340000000000000u);
  EXPECT_EQ(flags(), kPe);
}

// --- flags and exceptions
TEST_F(FloatTest, FlagsStay) {
  scalar(kDiv, kOne, 0);
  set({kLargest, 0}, {kLargest, 0});
  m.run({0xf2, 0x0f, 0x58, 0xc1});
  EXPECT_EQ(flags(), kZe | kOe | kPe);
}

TEST_F(FloatTest, UnmaskedZeroDivideRaisesAndKeepsTheDestination) {
  m.cpu.mxcsr = unmasked(kZe);
  set({kOne, 7}, {0, 0});
  EXPECT_EQ(m.fault({0xf2, 0x0f, 0x5e, 0xc1}), Vector::kSimd);
  EXPECT_EQ(m.cpu.xmm[0], (V128{kOne, 7}));
  EXPECT_EQ(flags(), kZe);
}

// One lane's unmasked invalid keeps the other lane's overflow from being computed.
TEST_F(FloatTest, APackedOperationStopsAsAWhole) {
  m.cpu.mxcsr = unmasked(kIe);
  set({kLargest, kInfinity}, {kLargest, kInfinity | kMinus});
  EXPECT_EQ(m.fault({0x66, 0x0f, 0x58, 0xc1}), Vector::kSimd);
  EXPECT_EQ(flags(), kIe);
}

TEST_F(FloatTest, AnOldFlagOfAnUnmaskedExceptionRaisesNothing) {
  m.cpu.mxcsr = unmasked(kZe) | kZe;
  set({kOne, 0}, {kOne, 0});
  m.run({0xf2, 0x0f, 0x58, 0xc1});
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x4000000000000000u);
}

TEST_F(FloatTest, LoadingReservedMxcsrBitsFaults) {
  m.put(kData, u32{0x11f80});
  m[kRbx] = kData;
  EXPECT_EQ(m.fault({0x0f, 0xae, 0x13}), Vector::kGeneralProtection);  // ldmxcsr [rbx]
  EXPECT_EQ(m.cpu.mxcsr, kAllMasked);
}

// With PE set the host's FPU computes where it is exact enough; with it clear and with all else the
// soft float does. Both must agree, in the flags too.
TEST_F(FloatTest, HostAndSoftPathsAgree) {
  RandomLanes random(3);
  constexpr Operation kOperations[] = {kSqrt, kAdd, kMul, kSub, kMin, kDiv, kMax};
  for (int k = 0; k < 20000; ++k) {
    u8 opcode = kOperations[random.next() % 7];
    bool single = random.next() & 1;
    V128 a = random.float_vector(), b = random.float_vector();
    if (single) a = {a.lo >> 29, a.hi}, b = {b.lo >> 29, b.hi};
    const u8 bytes[] = {static_cast<u8>(single ? 0xf3 : 0xf2), 0x0f, opcode, 0xc1};
    m.cpu.mxcsr = kAllMasked | kPe;
    set(a, b);
    ASSERT_EQ(m.execute(bytes), std::nullopt);
    V128 fast = m.cpu.xmm[0];
    u32 fast_flags = flags();
    m.cpu.mxcsr = unmasked(kPe) | kPe;  // keeps off the host
    set(a, b);
    auto inexact = m.execute(bytes);
    ASSERT_EQ(flags(), fast_flags) << std::hex << int{opcode} << " " << a.lo << " " << b.lo;
    if (inexact) continue;
    ASSERT_EQ(m.cpu.xmm[0], fast) << std::hex << int{opcode} << " " << a.lo << " " << b.lo;
  }
}

// --- fused multiply-add
class FusedMultiplyAdd : public FloatTest {
 protected:
  // xmm1 * xmm2 + xmm0, as VFMADD231SD has it.
  u64 fused(u64 a, u64 b, u64 c, u32 mxcsr = kAllMasked) {
    m.cpu.mxcsr = mxcsr;
    set({c, 7}, {a, 0});
    m.cpu.xmm[2] = {b, 0};
    m.run({0xc4, 0xe2, 0xf1, 0xb9, 0xc2});
    EXPECT_EQ(m.cpu.xmm[0].hi, 7u);
    return m.cpu.xmm[0].lo;
  }
};

TEST_F(FusedMultiplyAdd, RoundsOnce) {
  // (1 + 2^-52)^2 - (1 + 2^-51) is 2^-104.
  EXPECT_EQ(fused(kOne + 1, kOne + 1, (kOne + 2) | kMinus), 0x3970000000000000u);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FusedMultiplyAdd, ProductBeyondTheRangeIsNoOverflow) {
  EXPECT_EQ(fused(kLargest, 0x4000000000000000, kLargest | kMinus), kLargest);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(FusedMultiplyAdd, CancellationToZeroTakesItsSignFromTheMode) {
  const u64 expected[] = {0, kMinus, 0, 0};
  for (unsigned k = 0; k < 4; k++) {
    EXPECT_EQ(fused(kOne, kOne, kOne | kMinus, kRoundings[k]), expected[k]);
  }
  EXPECT_EQ(fused(0, kMinus, kMinus), kMinus);
}

TEST_F(FusedMultiplyAdd, ProductOfZeroAndInfinityIsInvalidUnlessTheAddendIsANan) {
  EXPECT_EQ(fused(0, kInfinity, kOne), kDefaultNan);
  EXPECT_EQ(flags(), kIe);
  EXPECT_EQ(fused(0, kInfinity, kQuiet), kQuiet);
  EXPECT_EQ(flags(), 0u);
  EXPECT_EQ(fused(kInfinity, kOne, kInfinity | kMinus), kDefaultNan);
  EXPECT_EQ(flags(), kIe);
}

// The factors come before the addend, and of them the one that the manual writes first, whatever
// the form (SDM vol. 1, section 14.5.1).
TEST_F(FusedMultiplyAdd, NansOfEachForm) {
  constexpr u64 kFirst = kQuiet + 0x100, kSecond = kQuiet + 0x200, kThird = kQuiet + 0x300;
  const std::pair<u8, u64> forms[] = {{0x99, kFirst},    // 132: first * third + second
                                      {0xa9, kSecond},   // 213: second * first + third
                                      {0xb9, kSecond}};  // 231: second * third + first
  for (auto [opcode, expected] : forms) {
    set({kFirst, 0}, {kSecond, 0});
    m.cpu.xmm[2] = {kThird, 0};
    m.run({0xc4, 0xe2, 0xf1, opcode, 0xc2});
    EXPECT_EQ(m.cpu.xmm[0].lo, expected);
    EXPECT_EQ(flags(), 0u);
  }
  EXPECT_EQ(fused(kOne, kQuiet, kSignaling), kQuiet);
  EXPECT_EQ(flags(), kIe);
}

TEST_F(FusedMultiplyAdd, NegatedFormsKeepTheSignsOfNans) {
  set({kOne, 0}, {kQuiet, 0});
  m.cpu.xmm[2] = {kOne, 0};
  m.run({0xc4, 0xe2, 0xf1, 0xbf, 0xc2});  // vfnmsub231sd
  EXPECT_EQ(m.cpu.xmm[0].lo, kQuiet);
}

TEST_F(FusedMultiplyAdd, AlternatingFormsSubtractInEvenLanes) {
  set({kOne, kOne}, {kOne, kOne});
  m.cpu.xmm[2] = {kOne, kOne};
  m.run({0xc4, 0xe2, 0xf1, 0xb6, 0xc2});  // vfmaddsub231pd
  EXPECT_EQ(m.cpu.xmm[0], (V128{0, 0x4000000000000000}));
}

// --- half precision
class HalfPrecision : public FloatTest {
 protected:
  u64 narrow(u32 value, u8 control, u32 mxcsr = kAllMasked) {
    m.cpu.mxcsr = mxcsr;
    set({}, {value, 0});
    m.run({0xc4, 0xe3, 0x79, 0x1d, 0xc8, control});  // vcvtps2ph xmm0, xmm1, control
    return m.cpu.xmm[0].lo;
  }
  u64 widen(u16 value, u32 mxcsr = kAllMasked) {
    m.cpu.mxcsr = mxcsr;
    set({}, {value, 0});
    m.run({0xc4, 0xe2, 0x79, 0x13, 0xc1});  // vcvtph2ps xmm0, xmm1
    return m.cpu.xmm[0].lo;
  }
};

TEST_F(HalfPrecision, OverflowByTheMode) {
  constexpr u32 kJustTooLarge = 0x477ff000;  // 65520
  const u16 expected[] = {0x7c00, 0x7bff, 0x7c00, 0x7bff};
  for (u8 mode = 0; mode < 4; mode++) {
    EXPECT_EQ(narrow(kJustTooLarge, mode), expected[mode]);
    EXPECT_EQ(narrow(kJustTooLarge, 4, kRoundings[mode]), expected[mode]);
  }
  EXPECT_EQ(narrow(kJustTooLarge, 0), 0x7c00u);
  EXPECT_EQ(flags(), kOe | kPe);
}

TEST_F(HalfPrecision, DenormalsAreMadeWhateverFtzSays) {
  EXPECT_EQ(narrow(0x33800000, 0, kAllMasked | kFtz), 1u);  // 2^-24
  EXPECT_EQ(flags(), 0u);
  EXPECT_EQ(narrow(0x33000000, 0), 0u);  // 2^-25, half way to nothing
  EXPECT_EQ(flags(), kUe | kPe);
  EXPECT_EQ(narrow(0x33000001, 0), 1u);
}

TEST_F(HalfPrecision, DenormalsAreTakenWhateverDazSays) {
  EXPECT_EQ(widen(1, kAllMasked | kDaz), 0x33800000u);
  EXPECT_EQ(widen(0x83ff), 0xb87fc000u);
  EXPECT_EQ(flags(), 0u);
}

TEST_F(HalfPrecision, NansKeepWhatFitsOfTheirPayload) {
  EXPECT_EQ(narrow(0xffa02000, 0), 0xff01u);  // signaling, made quiet
  EXPECT_EQ(flags(), kIe);
  EXPECT_EQ(widen(0x7c01), 0x7fc02000u);
  EXPECT_EQ(flags(), kIe);
}

TEST_F(HalfPrecision, StoreToMemoryIsHalfAsLong) {
  m[kRbx] = kReadOnly - 8;
  set({}, {0x400000003f800000, 0x4080000040400000});
  m.run({0xc4, 0xe3, 0x79, 0x1d, 0x0b, 0x00});  // vcvtps2ph [rbx], xmm1, 0
  EXPECT_EQ(m.get<u64>(kReadOnly - 8), 0x4400420040003c00u);
}

// --- approximations: the bits are ours, so only the manual's bound and the special values count
TEST(Approximation, RcppsAndRsqrtpsAreWithinTheirBound) {
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

TEST(Approximation, SpecialValues) {
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

}  // namespace
}  // namespace gantry::test

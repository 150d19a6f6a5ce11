// The soft float at the edges of its formats.
#include <gtest/gtest.h>

#include <cmath>

#include "emulator/semantics/float_ops.h"
#include "tests/insn/random_lanes.h"

namespace gantry::sem::fp {
namespace {

constexpr u64 kMinNormal = 0x0010000000000000;
constexpr u64 kMaxFinite = 0x7fefffffffffffff;
constexpr u64 kInfinityBits = 0x7ff0000000000000;
constexpr u64 kOneBits = 0x3ff0000000000000;
constexpr Rounding kModes[] = {Rounding::kNearest, Rounding::kDown, Rounding::kUp, Rounding::kZero};

struct Result {
  u64 bits;
  u32 flags;
  bool operator==(const Result&) const = default;
};

Result run(Env env, u64 a, u64 b, Number (*f)(Env&, const Format&, const Number&, const Number&)) {
  u64 bits = pack<u64>(f(env, kBinary64, unpack(env, a), unpack(env, b)));
  return {bits, env.flags};
}

TEST(SoftFloat, HalfwaySumsGoToEven) {
  u64 half_ulp = 0x3ca0000000000000;  // 2^-53
  EXPECT_EQ(run({}, kOneBits, half_ulp, add), (Result{kOneBits, kPrecision}));
  EXPECT_EQ(run({}, kOneBits + 1, half_ulp, add), (Result{kOneBits + 2, kPrecision}));
}

TEST(SoftFloat, DirectedModesLookAtTheSign) {
  u64 tiny = 1, sign = u64{1} << 63;
  const u64 positive[] = {kOneBits, kOneBits, kOneBits + 1, kOneBits};
  const u64 negative[] = {kOneBits, kOneBits + 1, kOneBits, kOneBits};
  for (unsigned k = 0; k < 4; ++k) {
    Env env = {.rounding = kModes[k]};
    EXPECT_EQ(run(env, kOneBits, tiny, add).bits, positive[k]);
    EXPECT_EQ(run(env, kOneBits | sign, tiny | sign, add).bits, negative[k] | sign);
  }
}

TEST(SoftFloat, OverflowIsInfinityOrTheLargestNumber) {
  const u64 expected[] = {kInfinityBits, kMaxFinite, kInfinityBits, kMaxFinite};
  for (unsigned k = 0; k < 4; ++k) {
    Result r = run({.rounding = kModes[k]}, kMaxFinite, kMaxFinite, add);
    EXPECT_EQ(r, (Result{expected[k], kOverflow | kPrecision}));
  }
}

// Tininess is detected after rounding as if the exponent were unbounded.
TEST(SoftFloat, RoundingUpToTheSmallestNormalCanStillUnderflow) {
  u64 half = 0x3fe0000000000000, below_two = 0x3fffffffffffffff;
  // 2^-1022 × (1 - 2^-53): with 53 bits it is 1 - 2^-53, below the normals.
  EXPECT_EQ(run({}, kMinNormal, half + 0x000fffffffffffff, multiply),
            (Result{kMinNormal, kUnderflow | kPrecision}));
  // 2^-1022 × (1 - 2^-105): rounded to 53 bits it is normal.
  EXPECT_EQ(run({}, kMinNormal + 1, 0x3feffffffffffffe, multiply).bits, kMinNormal);
  EXPECT_EQ(run({}, kMinNormal + 1, 0x3feffffffffffffe, multiply).flags, kPrecision);
  EXPECT_EQ(run({}, kMinNormal, below_two, multiply).flags, 0u);
}

TEST(SoftFloat, ExactDenormalResultsDoNotUnderflow) {
  EXPECT_EQ(run({}, kMinNormal + 1, kMinNormal | u64{1} << 63, add), (Result{1, 0}));
}

TEST(SoftFloat, FlushToZeroTakesExactTinyResultsToo) {
  Env env = {.flush_to_zero = true};
  EXPECT_EQ(run(env, kMinNormal + 1, kMinNormal | u64{1} << 63, add),
            (Result{0, kUnderflow | kPrecision}));
}

TEST(SoftFloat, DenormalsAreZeroKeepsTheSignAndSetsNoFlag) {
  Env env = {.denormals_are_zero = true};
  u64 minus = u64{1} << 63;
  EXPECT_EQ(run(env, minus | 5, minus, add), (Result{minus, 0}));
}

TEST(SoftFloat, DifferenceOfEqualsIsPositiveZeroExceptDown) {
  u64 minus_one = kOneBits | u64{1} << 63;
  EXPECT_EQ(run({}, kOneBits, minus_one, add).bits, 0u);
  EXPECT_EQ(run({.rounding = Rounding::kDown}, kOneBits, minus_one, add).bits, u64{1} << 63);
}

TEST(SoftFloat, ZeroDividedByZeroIsTheNegativeDefaultNan) {
  EXPECT_EQ(run({}, 0, 0, divide), (Result{0xfff8000000000000, kInvalid}));
}

// A denormal divided by zero: the zero divide hides the denormal.
TEST(SoftFloat, ZeroDivideComesBeforeDenormal) {
  EXPECT_EQ(run({}, 5, 0, divide), (Result{kInfinityBits, kZeroDivide}));
}

TEST(SoftFloat, IntegerIndefiniteWhenOutOfRange) {
  Env env;
  EXPECT_EQ(to_integer(env, Rounding::kZero, 32, from_integer(s64{1} << 31)), u64{1} << 31);
  EXPECT_EQ(env.flags, kInvalid);
  env = {};
  EXPECT_EQ(static_cast<s32>(to_integer(env, Rounding::kZero, 32, from_integer(-(s64{1} << 31)))),
            INT32_MIN);
  EXPECT_EQ(env.flags, 0u);
}

TEST(SoftFloat, IntegerOverflowIsJudgedAfterRounding) {
  Env env;
  Number almost = unpack(env, 0x41dfffffffe00000);  // 2147483647.5
  EXPECT_EQ(to_integer(env, Rounding::kNearest, 32, almost), 0x80000000u);
  EXPECT_EQ(env.flags, kInvalid);
  env = {};
  EXPECT_EQ(to_integer(env, Rounding::kDown, 32, almost), 0x7fffffffu);
  EXPECT_EQ(env.flags, kPrecision);
}

// The 80-bit square root and quotient of numbers that are squares and products are exact.
TEST(SoftFloat, ExtendedRootsOfSquaresAreExact) {
  test::RandomLanes random(1);
  for (int k = 0; k < 20000; ++k) {
    Number a = from_integer(static_cast<s64>(random.next() >> 32 | 1));
    Env env;
    Number square = multiply(env, kExtended, a, a);
    Number root = square_root(env, kExtended, square);
    EXPECT_EQ(env.flags, 0u);
    EXPECT_EQ(root.significand, a.significand);
    EXPECT_EQ(root.exponent, a.exponent);
  }
}

// IEEE operations are the same on all our hosts: the FPU is a second opinion in round to nearest.
TEST(SoftFloat, AgreesWithTheHostOnRandomOperands) {
  test::RandomLanes random(2);
  for (int k = 0; k < 300000; ++k) {
    u64 a = random.float_lane(), b = random.float_lane();
    double x = host(a), y = host(b);
    if (std::isnan(x) || std::isnan(y)) continue;
    const std::pair<u64, double> results[] = {{run({}, a, b, add).bits, x + y},
                                              {run({}, a, b, multiply).bits, x * y},
                                              {run({}, a, b, divide).bits, x / y}};
    for (auto [bits, value] : results) {
      if (std::isnan(value)) continue;
      ASSERT_EQ(bits, std::bit_cast<u64>(value)) << std::hex << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace gantry::sem::fp

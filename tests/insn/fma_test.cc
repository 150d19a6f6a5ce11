// Fused multiply-add where one rounding differs from two, and at the ends of the range.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "emulator/semantics/float_ops.h"
#include "tests/insn/random_lanes.h"

namespace gantry::sem::fp {
namespace {

using test::RandomLanes;

constexpr u32 kDefaultControls = 0x1f80;

template <typename T>
struct Operands {
  T a, b, c;
};

template <typename T>
struct Outcome {
  T bits;
  u32 flags;
  bool operator==(const Outcome&) const = default;
};

template <typename T>
std::ostream& operator<<(std::ostream& out, const Operands<T>& o) {
  return out << std::hex << o.a << " * " << o.b << " + " << o.c;
}
template <typename T>
std::ostream& operator<<(std::ostream& out, const Outcome<T>& o) {
  return out << std::hex << o.bits << " flags " << o.flags;
}

template <typename T>
constexpr T kSignBit = T{1} << (sizeof(T) * 8 - 1);
template <typename T>
constexpr T kMinNormalBits = T{1} << kFractionBits<T>;
template <typename T>
constexpr T kInfinityOf = T{kMaxBiased<T>} << kFractionBits<T>;
template <typename T>
constexpr int kBias = kFormatOf<T>.max_exponent;

// --- operands of a kind

template <typename T>
T fraction(RandomLanes& random) {
  T bits = static_cast<T>(random.next());
  if (random.next() & 1) bits &= ~T{0} << random.next() % kFractionBits<T>;
  return bits & (kMinNormalBits<T> - 1);
}
template <typename T>
T sign(RandomLanes& random) {
  return random.next() & 1 ? kSignBit<T> : 0;
}
// ±1.f × 2^exponent with random f, the exponent brought into the normal range.
template <typename T>
T number(RandomLanes& random, int exponent) {
  int biased = std::clamp(exponent + kBias<T>, 1, static_cast<int>(kMaxBiased<T>) - 1);
  return sign<T>(random) | static_cast<T>(biased) << kFractionBits<T> | fraction<T>(random);
}
int between(RandomLanes& random, int low, int high) {
  return low + static_cast<int>(random.next() % static_cast<u64>(high - low + 1));
}
// `bits` moved by at most two units in the last place.
template <typename T>
T nearby(RandomLanes& random, T bits) {
  return static_cast<T>(bits + random.next() % 5 - 2);
}

// c is the negated product, rounded and perhaps a little off: what remains is the rounding error.
template <typename T>
Operands<T> cancelling(RandomLanes& random) {
  int spread = kBias<T> / 2 - 2;
  T a = number<T>(random, between(random, -spread, spread));
  T b = number<T>(random, between(random, -spread, spread));
  T product = std::bit_cast<T>(host(a) * host(b));
  return {a, b, static_cast<T>(nearby(random, product) ^ kSignBit<T>)};
}

// The product is about half a unit in the last place of c, or a trifle beside that.
template <typename T>
Operands<T> halfway(RandomLanes& random) {
  int i = between(random, -20, 20), exponent = between(random, -20, 20);
  int j = exponent - static_cast<int>(kFractionBits<T>) - 1 - i + between(random, -1, 1);
  auto power = [](int e) { return static_cast<T>(e + kBias<T>) << kFractionBits<T>; };
  return {nearby(random, power(i)), static_cast<T>(nearby(random, power(j)) ^ sign<T>(random)),
          number<T>(random, exponent)};
}

// The product lies up to twice the precision below 2^exponent, and c is near there.
template <typename T>
Operands<T> around(RandomLanes& random, int exponent, T c) {
  int reach = 2 * static_cast<int>(kFractionBits<T>) + 4;
  int i = between(random, -kBias<T> / 2, kBias<T> / 2);
  T a = number<T>(random, i);
  T b = number<T>(random, exponent - i - between(random, 0, reach));
  return {a, b, static_cast<T>(nearby(random, c) ^ sign<T>(random))};
}
template <typename T>
Operands<T> tiny(RandomLanes& random) {
  const T addends[] = {2, kMinNormalBits<T>, 2 * kMinNormalBits<T>,
                       static_cast<T>(fraction<T>(random) | 2)};
  return around<T>(random, between(random, -2, 2) + kFormatOf<T>.min_exponent,
                   addends[random.next() % 4]);
}
template <typename T>
Operands<T> huge(RandomLanes& random) {
  T addend = kInfinityOf<T> - 3;
  if (random.next() & 1) addend -= kMinNormalBits<T>;
  return around<T>(random, between(random, -1, 2) + kFormatOf<T>.max_exponent, addend);
}

// Zeros, denormals, infinities and NaNs among numbers.
template <typename T>
Operands<T> special(RandomLanes& random) {
  auto lane = [&] {
    const T kinds[] = {0,
                       fraction<T>(random),
                       kInfinityOf<T>,
                       static_cast<T>(kInfinityOf<T> | fraction<T>(random)),
                       number<T>(random, between(random, -3, 3)),
                       number<T>(random, between(random, -kBias<T>, kBias<T>))};
    return static_cast<T>(kinds[random.next() % 6] ^ sign<T>(random));
  };
  return {lane(), lane(), lane()};
}

template <typename T>
Operands<T> operands(RandomLanes& random) {
  switch (random.next() % 5) {
    case 0:
      return cancelling<T>(random);
    case 1:
      return halfway<T>(random);
    case 2:
      return tiny<T>(random);
    case 3:
      return huge<T>(random);
    default:
      return special<T>(random);
  }
}

// --- who computes

template <typename T, typename F>
Outcome<T> with_controls(u32 mxcsr, const Operands<T>& o, F compute) {
  static guest::Cpu cpu;
  cpu.mxcsr = mxcsr;
  V128 result = compute(cpu, V128{o.a, 0}, V128{o.b, 0}, V128{o.c, 0});
  return {static_cast<T>(result.lo), cpu.mxcsr & kAllExceptions};
}
template <typename T>
Outcome<T> soft(u32 mxcsr, const Operands<T>& o) {
  return with_controls(mxcsr, o, [](Cpu& cpu, V128 a, V128 b, V128 c) {
    return fma_soft<T>(cpu, Fma::kAdd, 1, a, b, c);
  });
}
// On the host's FPU where that is known to be right.
template <typename T>
Outcome<T> usual(u32 mxcsr, const Operands<T>& o) {
  return with_controls(mxcsr, o, fma<Fma::kAdd, T, V128, 1>);
}

template <typename T>
void expect_the_same_on_the_host(u64 seed) {
  RandomLanes random(seed);
  for (int k = 0; k < 300000; ++k) {
    auto o = operands<T>(random);
    ASSERT_EQ(usual<T>(kDefaultControls, o), soft<T>(kDefaultControls, o)) << o;
    u32 noted = kDefaultControls | kPrecision;
    ASSERT_EQ(usual<T>(noted, o), soft<T>(noted, o)) << o;
  }
}

TEST(Fma, SingleIsTheSameOnTheHostAndInSoftFloat) { expect_the_same_on_the_host<u32>(1); }
TEST(Fma, DoubleIsTheSameOnTheHostAndInSoftFloat) { expect_the_same_on_the_host<u64>(2); }

#ifdef __x86_64__
// The CPU's own answer, exceptions masked.
template <typename T>
Outcome<T> native(u32 mxcsr, Operands<T> o) {
  Host<T> a = host(o.a);
  const Host<T> b = host(o.b), c = host(o.c);
  const u32 before = kDefaultControls;
  u32 after = mxcsr;
  if constexpr (sizeof(T) == 4) {
    asm volatile("ldmxcsr %1\n\tvfmadd213ss %3, %2, %0\n\tstmxcsr %1\n\tldmxcsr %4"
                 : "+x"(a), "+m"(after)
                 : "x"(b), "x"(c), "m"(before));
  } else {
    asm volatile("ldmxcsr %1\n\tvfmadd213sd %3, %2, %0\n\tstmxcsr %1\n\tldmxcsr %4"
                 : "+x"(a), "+m"(after)
                 : "x"(b), "x"(c), "m"(before));
  }
  return {std::bit_cast<T>(a), after & kAllExceptions};
}

// 213 multiplies its second operand by the first: so do we here.
template <typename T>
void expect_what_the_cpu_says(u64 seed) {
  if (!__builtin_cpu_supports("fma")) GTEST_SKIP() << "this CPU has no FMA";
  RandomLanes random(seed);
  for (int k = 0; k < 300000; ++k) {
    auto o = operands<T>(random);
    u32 mxcsr = kDefaultControls | static_cast<u32>(random.next() % 4) << 13;
    if (random.next() % 4 == 0) mxcsr |= kMxcsrDaz;
    if (random.next() % 4 == 0) mxcsr |= kMxcsrFtz;
    ASSERT_EQ(soft<T>(mxcsr, o), native<T>(mxcsr, {o.b, o.a, o.c})) << o << " mxcsr " << mxcsr;
  }
}

TEST(Fma, SingleIsWhatTheCpuSays) { expect_what_the_cpu_says<u32>(3); }
TEST(Fma, DoubleIsWhatTheCpuSays) { expect_what_the_cpu_says<u64>(4); }
#endif

// --- by hand

constexpr u64 kOneBits = 0x3ff0000000000000;

TEST(Fma, TheRoundingErrorOfAProductIsExact) {
  // (1 + 2^-52)² = 1 + 2^-51 + 2^-104
  Operands<u64> o = {kOneBits + 1, kOneBits + 1, kSignBit<u64> | (kOneBits + 2)};
  EXPECT_EQ(soft<u64>(kDefaultControls, o), (Outcome<u64>{0x3970000000000000, 0}));
}

TEST(Fma, WhatIsFarBelowDecidesAHalfwayCase) {
  // 1 + 2^-53 lies halfway; 2^-53 × (1 ± 2^-52) does not.
  u64 half = 0x3ca0000000000000;
  EXPECT_EQ(soft<u64>(kDefaultControls, {half, kOneBits, kOneBits}),
            (Outcome<u64>{kOneBits, kPrecision}));
  EXPECT_EQ(soft<u64>(kDefaultControls, {half, kOneBits + 1, kOneBits}),
            (Outcome<u64>{kOneBits + 1, kPrecision}));
  EXPECT_EQ(soft<u64>(kDefaultControls, {half, kOneBits - 1, kOneBits + 1}),
            (Outcome<u64>{kOneBits + 1, kPrecision}));
}

TEST(Fma, InfinityTimesZeroIsInvalidUnlessTheAddendIsANan) {
  u64 infinity = kInfinityOf<u64>, quiet = 0x7ff8000000000005;
  EXPECT_EQ(soft<u64>(kDefaultControls, {infinity, 0, kOneBits}),
            (Outcome<u64>{0xfff8000000000000, kInvalid}));
  EXPECT_EQ(soft<u64>(kDefaultControls, {infinity, 0, quiet}), (Outcome<u64>{quiet, 0}));
}

TEST(Fma, AlternatingFormsTurnTheSignOfTheAddend) {
  guest::Cpu cpu;
  auto ones = V256{{kOneBits, kOneBits}, {kOneBits, kOneBits}};
  const u64 two = 0x4000000000000000;
  V256 add_sub = fma<Fma::kAddSub, u64>(cpu, ones, ones, ones);
  EXPECT_EQ(add_sub, (V256{{0, two}, {0, two}}));
  V256 sub_add = fma<Fma::kSubAdd, u64>(cpu, ones, ones, ones);
  EXPECT_EQ(sub_add, (V256{{two, 0}, {two, 0}}));
}

TEST(Fma, LanesOfBothHalvesCountTogether) {
  guest::Cpu cpu;
  V256 a = {{0, 0}, {0, kInfinityOf<u64>}}, zero = {}, c = {{1, 0}, {0, 0}};
  fma<Fma::kAdd, u64>(cpu, a, zero, c);
  EXPECT_EQ(cpu.mxcsr & kAllExceptions, kInvalid | kDenormal);
}

}  // namespace
}  // namespace gantry::sem::fp

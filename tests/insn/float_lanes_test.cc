// The packed functions that take the host's FPU where they may: the same as in soft float, flags
// included, in every mode of MXCSR.
#include <gtest/gtest.h>

#include "emulator/semantics/float_ops.h"
#include "tests/insn/random_lanes.h"

namespace gantry::sem::fp {
namespace {

using test::RandomLanes;

constexpr u32 kAllMasked = 0x1f80;

// Any rounding, DAZ, FTZ and PE; half of the time as a program finds it.
u32 any_mode(RandomLanes& random) {
  u32 precision = random.next() & 1 ? kPrecision : 0;
  if (random.next() & 1) return kAllMasked | precision;
  return kAllMasked | precision | (static_cast<u32>(random.next()) & ~kMxcsrMasks & kMxcsrControls);
}

template <typename T>
T lane(RandomLanes& random, bool ordinary) {
  constexpr unsigned kBias = kFormatOf<T>.max_exponent;
  const T fraction = static_cast<T>(random.next()) & ((T{1} << kFractionBits<T>)-1);
  const T short_fraction = fraction & ~T{0} << (kFractionBits<T> - random.next() % 4);
  auto biased = [](u64 exponent) { return static_cast<T>(exponent) << kFractionBits<T>; };
  const T kinds[] = {biased(kBias + random.next() % 8) | short_fraction,
                     biased(kBias - 4 + random.next() % 40) | fraction,
                     0,
                     biased(random.next() % (2 * kBias)) | fraction,
                     biased(2 * kBias + random.next() % 2) | fraction,
                     fraction};
  return kinds[random.next() % (ordinary ? 3 : 6)] |
         (random.next() & 1 ? T{1} << (sizeof(T) * 8 - 1) : 0);
}

template <typename T>
V256 vector(RandomLanes& random) {
  V256::Lanes<T> lanes;
  bool ordinary = random.next() % 4 != 0;
  for (T& l : lanes.lane) l = lane<T>(random, ordinary);
  return V256::from(lanes);
}

struct Outcome {
  V256 value;
  u32 mxcsr;
  bool operator==(const Outcome&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& o) {
  const auto& [low, high] = o.value;
  return out << std::hex << high.hi << ':' << high.lo << ':' << low.hi << ':' << low.lo << " mxcsr "
             << o.mxcsr;
}

template <typename F, typename... Operands>
Outcome run(u32 mxcsr, F f, Operands... operands) {
  static guest::Cpu cpu;
  cpu.mxcsr = mxcsr;
  V256 value = f(cpu, operands...);
  return {value, cpu.mxcsr};
}

// fast(cpu, a, b, control) and soft(…) agree.
template <typename T, typename F, typename G>
void expect_the_same(u64 seed, F fast, G soft) {
  RandomLanes random(seed);
  for (int k = 0; k < 50000; ++k) {
    V256 a = vector<T>(random), b = vector<T>(random);
    u32 mxcsr = any_mode(random);
    u64 control = random.next() & 31;
    ASSERT_EQ(run(mxcsr, fast, a, b, control), run(mxcsr, soft, a, b, control))
        << "from " << Outcome{a, mxcsr} << " and " << Outcome{b, mxcsr} << " by " << control;
  }
}

template <typename T>
class FloatLanes : public testing::Test {};
using Formats = testing::Types<u32, u64>;
TYPED_TEST_SUITE(FloatLanes, Formats);

TYPED_TEST(FloatLanes, Compare) {
  using T = TypeParam;
  expect_the_same<T>(1, compare_lanes<T, V256>, [](Cpu& cpu, V256 a, V256 b, u64 predicate) {
    return compare_soft<T>(cpu, kLanesIn<T, V256>, a, b, predicate);
  });
}

TYPED_TEST(FloatLanes, Round) {
  using T = TypeParam;
  expect_the_same<T>(
      2, [](Cpu& cpu, V256 a, V256, u64 control) { return round_lanes<T>(cpu, a, control); },
      [](Cpu& cpu, V256 a, V256, u64 control) {
        return round_soft<T>(cpu, kLanesIn<T, V256>, a, control);
      });
}

TYPED_TEST(FloatLanes, Resize) {
  using T = TypeParam;
  using To = std::conditional_t<sizeof(T) == 4, u64, u32>;
  expect_the_same<T>(
      3, [](Cpu& cpu, V256 a, V256, u64) { return resize<To, T>(cpu, a); },
      [](Cpu& cpu, V256 a, V256, u64) { return resize_soft<To, T>(cpu, 4, a); });
}

template <typename T, bool kTruncate>
void expect_the_same_integers(u64 seed) {
  expect_the_same<T>(
      seed, [](Cpu& cpu, V256 a, V256, u64) { return lanes_to_integer<T, kTruncate>(cpu, a); },
      [](Cpu& cpu, V256 a, V256, u64) {
        return lanes_to_integer_soft<T>(cpu, kLanesIn<T, V256>, a, kTruncate);
      });
}
TYPED_TEST(FloatLanes, ToIntegersTruncated) { expect_the_same_integers<TypeParam, true>(4); }
TYPED_TEST(FloatLanes, ToIntegersRounded) { expect_the_same_integers<TypeParam, false>(6); }

TEST(FloatLanes32, FromIntegers) {
  expect_the_same<u32>(
      5, [](Cpu& cpu, V256 a, V256, u64) { return lanes_from_integer<u32>(cpu, a); },
      [](Cpu& cpu, V256 a, V256, u64) { return lanes_from_integer_soft<u32>(cpu, 8, a); });
}

// Every half is a float, and that float is the half again in every rounding.
TEST(Half, EveryHalfSurvivesTheWayThere) {
  guest::Cpu cpu;
  for (u64 half = 0; half < 0x10000; ++half) {
    bool nan = (half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0;
    V128 single = from_half(cpu, V128{half, 0});
    ASSERT_EQ(to_half(cpu, single, half & 3).lo, nan ? half | 0x200 : half);
  }
  EXPECT_EQ(cpu.mxcsr & kAllExceptions, kInvalid);
}

// Neither DAZ nor FTZ keeps denormal halves from being numbers.
TEST(Half, DenormalsAreNumbersInEveryMode) {
  guest::Cpu cpu;
  cpu.mxcsr = kAllMasked | kMxcsrDaz | kMxcsrFtz;
  V128 single = from_half(cpu, V128{0x0001, 0});
  EXPECT_EQ(single.lo, 0x33800000u);  // 2^-24
  EXPECT_EQ(to_half(cpu, single, 0).lo, 1u);
  EXPECT_EQ(cpu.mxcsr & kAllExceptions, 0u);
}

}  // namespace
}  // namespace gantry::sem::fp

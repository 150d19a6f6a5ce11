#include "emulator/semantics/float_wide.h"

#include <utility>

namespace gantry::sem::fp {
namespace {

constexpr u128 bits(u64 high, u64 low) { return static_cast<u128>(high) << 64 | low; }

int leading_zeros(u128 value) {
  u64 high = static_cast<u64>(value >> 64);
  return high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<u64>(value));
}

Wide normalized_wide(bool sign, s32 exponent, u128 significand) {
  if (significand == 0) return {};
  int zeros = leading_zeros(significand);
  return {sign, exponent - zeros, significand << zeros};
}

// The upper half of the product of two 128-bit integers, at most one too small.
u128 multiply_high(u128 a, u128 b) {
  u64 a1 = static_cast<u64>(a >> 64), a0 = static_cast<u64>(a);
  u64 b1 = static_cast<u64>(b >> 64), b0 = static_cast<u64>(b);
  u128 middle = (static_cast<u128>(a0) * b0 >> 64) + static_cast<u64>(static_cast<u128>(a1) * b0) +
                static_cast<u64>(static_cast<u128>(a0) * b1);
  return static_cast<u128>(a1) * b1 + (static_cast<u128>(a1) * b0 >> 64) +
         (static_cast<u128>(a0) * b1 >> 64) + (middle >> 64);
}

// Terms this much below the sum no longer matter.
bool negligible(const Wide& term, const Wide& sum) {
  return term.significand == 0 || term.exponent < sum.exponent - 126;
}

// sum of first × ratio(1) × ratio(2) …
template <typename F>
Wide series(const Wide& first, F next) {
  Wide sum = first, term = first;
  for (s64 n = 1; !negligible(term, sum); ++n) {
    term = next(n, term);
    sum = add(sum, term);
  }
  return sum;
}

// 2 atanh(z) = log((1 + z) / (1 - z)), as a logarithm to base 2.
Wide log2_from_ratio(const Wide& z) {
  Wide square = multiply(z, z);
  Wide power = z, sum = z;
  for (s64 n = 3; !negligible(power, sum); n += 2) {
    power = multiply(power, square);
    sum = add(sum, divide(power, wide(n)));
  }
  return divide(scale(sum, 1), kWideLog2);
}

}  // namespace

const Wide kWideOne = {false, 0, bits(0x8000000000000000, 0)};
const Wide kWidePi = {false, 1, bits(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1)};
const Wide kWideLog2 = {false, -1, bits(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af)};

Wide widen(const Number& a) { return a.is_zero() ? Wide{} : exact(a); }

Wide wide(s64 value) {
  u64 magnitude = value < 0 ? -static_cast<u64>(value) : static_cast<u64>(value);
  return normalized_wide(value < 0, 127, magnitude);
}

Wide negate(const Wide& a) { return {!a.sign, a.exponent, a.significand}; }
Wide scale(const Wide& a, int exponent) { return {a.sign, a.exponent + exponent, a.significand}; }

Wide add(const Wide& a, const Wide& b) {
  if (a.significand == 0) return b;
  if (b.significand == 0) return a;
  const Wide& large = a.exponent >= b.exponent ? a : b;
  const Wide& small = a.exponent >= b.exponent ? b : a;
  int distance = large.exponent - small.exponent;
  u128 y = distance >= 128 ? 0 : small.significand >> distance;
  if (large.sign == small.sign) {
    u128 sum = large.significand + y;
    if (sum >= y) return {large.sign, large.exponent, sum};
    return {large.sign, large.exponent + 1, sum >> 1 | static_cast<u128>(1) << 127};
  }
  if (y > large.significand)
    return normalized_wide(small.sign, large.exponent, y - large.significand);
  return normalized_wide(large.sign, large.exponent, large.significand - y);
}

Wide subtract(const Wide& a, const Wide& b) { return add(a, negate(b)); }

Wide multiply(const Wide& a, const Wide& b) {
  if (a.significand == 0 || b.significand == 0) return {};
  return normalized_wide(a.sign != b.sign, a.exponent + b.exponent + 1,
                         multiply_high(a.significand, b.significand));
}

// Long division, a bit at a time.
Wide divide(const Wide& a, const Wide& b) {
  if (a.significand == 0) return {};
  u128 rest = a.significand, quotient = 0;
  bool carry = false;
  for (int k = 0; k < 128; ++k) {
    bool fits = carry || rest >= b.significand;
    if (fits) rest -= b.significand;
    quotient = quotient << 1 | fits;
    carry = rest >> 127;
    rest <<= 1;
  }
  return normalized_wide(a.sign != b.sign, a.exponent - b.exponent, quotient);
}

Wide exp_minus_1(const Wide& x) {
  return series(x, [&](s64 n, const Wide& term) { return divide(multiply(term, x), wide(n + 1)); });
}

// The significand is taken between sqrt(1/2) and sqrt(2), so that the logarithm of what is near one
// does not cancel against the exponent.
Wide log2(const Wide& x) {
  constexpr u64 kRootOfTwo = 0xb504f333f9de6484;
  bool high = static_cast<u64>(x.significand >> 64) > kRootOfTwo;
  Wide m = {false, high ? -1 : 0, x.significand};
  Wide ratio = divide(subtract(m, kWideOne), add(m, kWideOne));
  return add(wide(x.exponent + high), log2_from_ratio(ratio));
}

Wide log2_of_1_plus(const Wide& x) {
  return log2_from_ratio(divide(x, add(scale(kWideOne, 1), x)));
}

// Euler's series, whose terms are all positive: q / (1 + q²), then from term to term the factor
// 2n / (2n + 1) × q² / (1 + q²).
Wide arctangent(const Wide& x) {
  Wide square = multiply(x, x);
  Wide sum = add(kWideOne, square);
  Wide ratio = divide(square, sum);
  return series(divide(x, sum), [&](s64 n, const Wide& term) {
    return divide(multiply(multiply(term, ratio), wide(2 * n)), wide(2 * n + 1));
  });
}

// Where x² no longer counts, a trifle less than x and than one.
constexpr int kTiny = -64;

Wide sine(const Wide& x) {
  if (x.exponent < kTiny) return normalized_wide(x.sign, x.exponent, x.significand - 1);
  Wide square = negate(multiply(x, x));
  return series(x, [&](s64 n, const Wide& term) {
    return divide(multiply(term, square), wide(2 * n * (2 * n + 1)));
  });
}

Wide cosine(const Wide& x) {
  if (x.exponent < kTiny) return {false, -1, ~static_cast<u128>(0)};
  Wide square = negate(multiply(x, x));
  return series(kWideOne, [&](s64 n, const Wide& term) {
    return divide(multiply(term, square), wide((2 * n - 1) * 2 * n));
  });
}

}  // namespace gantry::sem::fp

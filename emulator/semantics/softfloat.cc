#include "emulator/semantics/softfloat.h"

#include <algorithm>
#include <utility>

namespace gantry::sem::fp {
namespace {

// Added to the exponent of an x87 result whose underflow is unmasked, subtracted on overflow (SDM
// vol. 1, section 8.5.4).
constexpr s32 kWrap = 24576;

constexpr u128 kTop = static_cast<u128>(1) << 127;

int leading_zeros(u128 value) {
  u64 high = static_cast<u64>(value >> 64);
  return high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<u64>(value));
}

// Shifted right; what is lost stays visible in bit 0.
u128 shift_right_sticky(u128 value, unsigned count) {
  if (count == 0) return value;
  if (count >= 128) return value != 0;
  return value >> count | ((value << (128 - count)) != 0);
}

// The top `precision` bits (0 to 64) of a significand, rounded: up to 2^precision.
struct Cut {
  u128 kept;
  bool inexact;
  bool up;
};

Cut cut(u128 significand, int precision, Rounding rounding, bool sign) {
  u128 kept = precision == 0 ? 0 : significand >> (128 - precision);
  u128 rest = significand << precision;
  bool up = false;
  switch (rounding) {
    case Rounding::kNearest:
      up = rest > kTop || (rest == kTop && (kept & 1));
      break;
    case Rounding::kDown:
      up = sign && rest != 0;
      break;
    case Rounding::kUp:
      up = !sign && rest != 0;
      break;
    case Rounding::kZero:
      break;
  }
  return {kept + up, rest != 0, up};
}

// The number whose significand's top `precision` bits are `kept`, which may have carried out.
Number from_cut(const Cut& c, int precision, bool sign, s32 exponent) {
  if (c.kept >> precision) return normalized(sign, exponent + 1, u64{1} << 63);
  if (c.kept == 0) return zero(sign);
  return normalized(sign, exponent, static_cast<u64>(c.kept << (64 - precision)));
}

void note_rounding(Env& env, const Cut& c) {
  env.flags |= c.inexact ? kPrecision : 0;
  env.rounded_up = c.up;
}

// The masked response to overflow: infinity or the largest finite number, away from or toward zero.
Number overflow(Env& env, const Format& format, bool sign) {
  env.flags |= kOverflow | kPrecision;
  bool to_infinity = env.rounding == Rounding::kNearest ||
                     env.rounding == (sign ? Rounding::kDown : Rounding::kUp);
  env.rounded_up = to_infinity;
  if (to_infinity) return infinity(sign);
  return normalized(sign, format.max_exponent, ~u64{0} << (64 - format.precision));
}

Number round_tiny(Env& env, const Format& format, const Exact& x) {
  if (!(env.masked & kUnderflow)) {
    Cut c = cut(x.significand, format.precision, env.rounding, x.sign);
    env.flags |= kUnderflow;
    note_rounding(env, c);
    return from_cut(c, format.precision, x.sign, x.exponent + (env.wraps ? kWrap : 0));
  }
  if (env.flush_to_zero) {
    env.flags |= kUnderflow | kPrecision;
    return zero(x.sign);
  }
  u128 shifted =
      shift_right_sticky(x.significand, static_cast<unsigned>(format.min_exponent - x.exponent));
  Cut c = cut(shifted, format.precision, env.rounding, x.sign);
  note_rounding(env, c);
  env.flags |= c.inexact ? kUnderflow : 0;
  return from_cut(c, format.precision, x.sign, format.min_exponent);
}

// x87 and SSE detect tininess after rounding: as if the exponent were unbounded.
bool is_tiny(const Format& format, const Exact& x, const Cut& c) {
  if (x.exponent >= format.min_exponent) return false;
  return x.exponent < format.min_exponent - 1 || !(c.kept >> format.precision);
}

Exact normalized_exact(bool sign, s32 exponent, u128 significand) {
  int zeros = leading_zeros(significand);
  return {sign, exponent - zeros, significand << zeros};
}

u64 integer_root(u128 n) {
  double estimate = __builtin_sqrt(static_cast<double>(static_cast<u64>(n >> 64))) * 4294967296.0;
  u128 root = estimate >= 18446744073709549568.0 ? ~u64{0} : static_cast<u64>(estimate);
  root = std::min<u128>((root + n / root) >> 1, ~u64{0});
  while (root * root > n) --root;
  while (root != ~u64{0} && (root + 1) * (root + 1) <= n) ++root;
  return static_cast<u64>(root);
}

// Rounded to an integer; the exponent is below 64.
Cut integer_part(Rounding rounding, const Number& a) {
  u128 significand = static_cast<u128>(a.significand) << 64;
  int bits = a.exponent + 1;
  if (bits < 0) significand = shift_right_sticky(significand, static_cast<unsigned>(-bits));
  return cut(significand, std::max(bits, 0), rounding, a.sign);
}

Number zero_difference(const Env& env) { return zero(env.rounding == Rounding::kDown); }

// The rounded sum of two numbers that are not zero and whose significands end in zero bits, 22 of
// them behind a product: aligning loses bits to the sticky one only where nothing cancels.
Number round_sum(Env& env, const Format& format, const Exact& a, const Exact& b) {
  bool swapped =
      a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand);
  const Exact& large = swapped ? b : a;
  const Exact& small = swapped ? a : b;
  u128 x = large.significand >> 1;
  u128 y = shift_right_sticky(small.significand >> 1,
                              static_cast<unsigned>(large.exponent - small.exponent));
  u128 sum = a.sign == b.sign ? x + y : x - y;
  if (sum == 0) return zero_difference(env);
  return round(env, format, normalized_exact(large.sign, large.exponent + 1, sum));
}

Exact exact_product(const Number& a, const Number& b) {
  u128 product = static_cast<u128>(a.significand) * b.significand;
  return normalized_exact(a.sign != b.sign, a.exponent + b.exponent + 1, product);
}

}  // namespace

Number normalized(bool sign, s32 exponent, u64 significand) {
  if (significand == 0) return zero(sign);
  int zeros = std::countl_zero(significand);
  return {.kind = Kind::kFinite,
          .sign = sign,
          .exponent = exponent - zeros,
          .significand = significand << zeros};
}

Number round(Env& env, const Format& format, const Exact& x) {
  Cut c = cut(x.significand, format.precision, env.rounding, x.sign);
  if (is_tiny(format, x, c)) return round_tiny(env, format, x);
  Number result = from_cut(c, format.precision, x.sign, x.exponent);
  if (result.exponent > format.max_exponent) {
    if (env.masked & kOverflow) return overflow(env, format, x.sign);
    env.flags |= kOverflow;
    if (env.wraps) result.exponent -= kWrap;
  }
  note_rounding(env, c);
  return result;
}

Number add(Env& env, const Format& format, const Number& a, const Number& b) {
  if (a.is_infinity() && b.is_infinity() && a.sign != b.sign) return invalid(env);
  note_denormals(env, a, b);
  if (env.stopped()) return {};
  if (a.is_infinity()) return a;
  if (b.is_infinity()) return b;
  if (a.is_zero() && b.is_zero()) return a.sign == b.sign ? a : zero_difference(env);
  if (a.is_zero()) return round(env, format, exact(b));
  if (b.is_zero()) return round(env, format, exact(a));

  return round_sum(env, format, exact(a), exact(b));
}

Number multiply(Env& env, const Format& format, const Number& a, const Number& b) {
  bool sign = a.sign != b.sign;
  if ((a.is_infinity() && b.is_zero()) || (a.is_zero() && b.is_infinity())) return invalid(env);
  note_denormals(env, a, b);
  if (env.stopped()) return {};
  if (a.is_infinity() || b.is_infinity()) return infinity(sign);
  if (a.is_zero() || b.is_zero()) return zero(sign);
  return round(env, format, exact_product(a, b));
}

Number multiply_add(Env& env, const Format& format, const Number& a, const Number& b,
                    const Number& c) {
  bool sign = a.sign != b.sign;
  bool infinite = a.is_infinity() || b.is_infinity(), zero_product = a.is_zero() || b.is_zero();
  if (infinite && (zero_product || (c.is_infinity() && c.sign != sign))) return invalid(env);
  note_denormals(env, a, b);
  note_denormals(env, c);
  if (env.stopped()) return {};
  if (infinite) return infinity(sign);
  if (c.is_infinity()) return c;
  if (zero_product && c.is_zero()) return sign == c.sign ? c : zero_difference(env);
  if (zero_product) return round(env, format, exact(c));
  if (c.is_zero()) return round(env, format, exact_product(a, b));
  return round_sum(env, format, exact_product(a, b), exact(c));
}

Number divide(Env& env, const Format& format, const Number& a, const Number& b) {
  bool sign = a.sign != b.sign;
  if ((a.is_infinity() && b.is_infinity()) || (a.is_zero() && b.is_zero())) return invalid(env);
  if (b.is_zero() && !a.is_infinity()) {
    env.flags |= kZeroDivide;
    return infinity(sign);
  }
  note_denormals(env, a, b);
  if (env.stopped()) return {};
  if (a.is_infinity()) return infinity(sign);
  if (a.is_zero() || b.is_infinity()) return zero(sign);

  bool below = a.significand < b.significand;
  u128 numerator = static_cast<u128>(a.significand) << (below ? 64 : 63);
  u64 quotient = static_cast<u64>(numerator / b.significand);
  u128 remainder = numerator % b.significand;
  // The low half only has to say how the remainder compares with half of the divisor.
  u64 rest = remainder == 0 ? 0 : 1;
  if (2 * remainder >= b.significand) rest = u64{1} << 63 | (2 * remainder > b.significand);
  return round(env, format,
               {sign, a.exponent - b.exponent - below, static_cast<u128>(quotient) << 64 | rest});
}

Number square_root(Env& env, const Format& format, const Number& a) {
  if (a.is_zero()) return a;
  if (a.sign) return invalid(env);
  note_denormals(env, a);
  if (env.stopped() || a.is_infinity()) return a;
  u128 n = static_cast<u128>(a.significand) << (a.exponent & 1 ? 64 : 63);
  u64 root = integer_root(n);
  u128 remainder = n - static_cast<u128>(root) * root;
  // (root + 1/2)² = root² + root + 1/4, so the remainder tells on which side of half it lies.
  u64 rest = remainder > root ? u64{1} << 63 | 1 : remainder != 0;
  return round(env, format, {false, a.exponent >> 1, static_cast<u128>(root) << 64 | rest});
}

Number convert(Env& env, const Format& format, const Number& a) {
  note_denormals(env, a);
  if (env.stopped() || a.kind != Kind::kFinite) return a;
  return round(env, format, exact(a));
}

Number round_to_integral(Env& env, Rounding rounding, const Number& a) {
  if (a.kind != Kind::kFinite || a.exponent >= 63) return a;
  Cut c = integer_part(rounding, a);
  note_rounding(env, c);
  if (c.kept >> 64) return normalized(a.sign, 64, u64{1} << 63);
  return normalized(a.sign, 63, static_cast<u64>(c.kept));
}

u64 to_integer(Env& env, Rounding rounding, unsigned bits, const Number& a) {
  u64 indefinite = u64{1} << (bits - 1);
  if (a.is_zero()) return 0;
  if (a.kind == Kind::kFinite && a.exponent < 64) {
    Cut c = integer_part(rounding, a);
    if (c.kept < indefinite + (a.sign ? 1 : 0)) {
      note_rounding(env, c);
      u64 magnitude = static_cast<u64>(c.kept);
      return a.sign ? -magnitude : magnitude;
    }
  }
  env.flags |= kInvalid;
  return indefinite;
}

Number from_integer(s64 value) {
  u64 magnitude = value < 0 ? -static_cast<u64>(value) : static_cast<u64>(value);
  return normalized(value < 0, 63, magnitude);
}

Division divide_integral(const Number& a, const Number& b) {
  int shift = a.exponent - b.exponent;
  if (shift < 0) return {0, 0};
  u128 numerator = static_cast<u128>(a.significand) << shift;
  return {static_cast<u64>(numerator / b.significand), static_cast<u64>(numerator % b.significand)};
}

int compare(const Number& a, const Number& b) {
  if (a.is_zero() && b.is_zero()) return 0;
  if (a.is_zero()) return b.sign ? 1 : -1;
  if (a.sign != b.sign || b.is_zero()) return a.sign ? -1 : 1;
  auto magnitude = [](const Number& n) {
    return std::pair(n.is_infinity() ? 1 << 20 : n.exponent, n.significand);
  };
  auto x = magnitude(a);
  auto y = magnitude(b);
  if (x == y) return 0;
  return (x < y) != a.sign ? -1 : 1;
}

Number unpack(const guest::F80& value) {
  bool sign = value.sign_exponent >> 15;
  unsigned biased = value.sign_exponent & 0x7fff;
  u64 significand = value.significand;
  if (biased == 0) {
    // A pseudo-denormal has the integer bit and means the same as with exponent 1.
    Number result = normalized(sign, kExtended.min_exponent, significand);
    result.denormal = significand != 0;
    return result;
  }
  if (!(significand >> 63))
    return {.kind = Kind::kUnsupported, .sign = sign, .significand = significand};
  if (biased != 0x7fff) {
    s32 exponent = static_cast<s32>(biased) - kExtended.max_exponent;
    return {.kind = Kind::kFinite, .sign = sign, .exponent = exponent, .significand = significand};
  }
  if (significand << 1 == 0) return infinity(sign);
  Kind kind = significand >> 62 & 1 ? Kind::kQuietNan : Kind::kSignalingNan;
  return {.kind = kind, .sign = sign, .significand = significand};
}

guest::F80 pack(const Number& n) {
  u16 sign = static_cast<u16>(n.sign << 15);
  if (n.is_zero()) return {0, sign};
  if (n.kind != Kind::kFinite) return {n.significand, static_cast<u16>(sign | 0x7fff)};
  if (n.exponent < kExtended.min_exponent) {
    return {n.significand >> (kExtended.min_exponent - n.exponent), sign};
  }
  return {n.significand, static_cast<u16>(sign | (n.exponent + kExtended.max_exponent))};
}

}  // namespace gantry::sem::fp

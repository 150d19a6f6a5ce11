// Floating point in integers: the IEEE 754 operations as x86 defines them, for the binary16,
// binary32, binary64 and 80-bit formats, the same on every host. SSE and x87 differ in their choice
// of NaNs, which their own files make before they come here.
#pragma once

#include <bit>

#include "emulator/base/types.h"
#include "emulator/guest/cpu.h"

namespace gantry::sem::fp {

// The encoding of RC in MXCSR and the x87 control word.
enum class Rounding : u8 { kNearest, kDown, kUp, kZero };

// Exception flags and masks: bits 0..5 of MXCSR and of the x87 status and control words.
constexpr u32 kInvalid = 1;
constexpr u32 kDenormal = 2;
constexpr u32 kZeroDivide = 4;
constexpr u32 kOverflow = 8;
constexpr u32 kUnderflow = 16;
constexpr u32 kPrecision = 32;
constexpr u32 kAllExceptions = 63;
// Found before the result is computed; when one of them is unmasked, nothing is computed.
constexpr u32 kPreComputation = kInvalid | kDenormal | kZeroDivide;

// How to compute, and what happened.
struct Env {
  Rounding rounding = Rounding::kNearest;
  bool denormals_are_zero = false;
  bool flush_to_zero = false;
  // x87: an unmasked overflow or underflow delivers a result with a biased exponent.
  bool wraps = false;
  u32 masked = kAllExceptions;
  u32 flags = 0;
  bool rounded_up = false;  // the magnitude of the last rounded result grew (C1 of the x87)

  u32 unmasked() const { return flags & ~masked; }
  bool stopped() const { return unmasked() & kPreComputation; }
};

// A format for rounding: significand bits and exponents of the normal numbers 1.f × 2^e.
struct Format {
  int precision;
  int min_exponent;
  int max_exponent;
};
constexpr Format kBinary16 = {11, -14, 15};
constexpr Format kBinary32 = {24, -126, 127};
constexpr Format kBinary64 = {53, -1022, 1023};
constexpr Format kExtended = {64, -16382, 16383};

enum class Kind : u8 { kZero, kFinite, kInfinity, kQuietNan, kSignalingNan, kUnsupported };

// Any value of any format. A finite one is significand × 2^(exponent - 63) with bit 63 set. A
// NaN's payload is left-aligned below bit 63, the quiet bit is bit 62.
struct Number {
  Kind kind = Kind::kZero;
  bool sign = false;
  bool denormal = false;  // it was encoded as one
  s32 exponent = 0;
  u64 significand = 0;

  bool is_nan() const { return kind >= Kind::kQuietNan; }
  bool is_zero() const { return kind == Kind::kZero; }
  bool is_infinity() const { return kind == Kind::kInfinity; }
  Number negated() const {
    Number result = *this;
    result.sign = !sign;
    return result;
  }
  Number quieted() const {
    Number result = *this;
    result.kind = Kind::kQuietNan;
    result.significand |= u64{3} << 62;
    return result;
  }
};

inline Number zero(bool sign) { return {.sign = sign}; }
inline Number infinity(bool sign) {
  return {.kind = Kind::kInfinity, .sign = sign, .significand = u64{1} << 63};
}
inline Number default_nan() {
  return {.kind = Kind::kQuietNan, .sign = true, .significand = u64{3} << 62};
}
inline Number invalid(Env& env) {
  env.flags |= kInvalid;
  return default_nan();
}

// A finite result before rounding: significand / 2^127 × 2^exponent with bit 127 set. Bit 0 is
// sticky: it stands for anything below it.
struct Exact {
  bool sign = false;
  s32 exponent = 0;
  u128 significand = 0;
};

inline Exact exact(const Number& n) {
  return {n.sign, n.exponent, static_cast<u128>(n.significand) << 64};
}

// Rounds to the format, with overflow, underflow, flush to zero and their flags. The significand of
// a denormal result has been cut at the format's last place but is normalised as all others are.
Number round(Env& env, const Format& format, const Exact& x);

// The operations want no NaNs. They set the flags of what they do, kDenormal included.
Number add(Env& env, const Format& format, const Number& a, const Number& b);
Number multiply(Env& env, const Format& format, const Number& a, const Number& b);
Number divide(Env& env, const Format& format, const Number& a, const Number& b);
// a × b + c with one rounding, exact for formats of at most 53 bits.
Number multiply_add(Env& env, const Format& format, const Number& a, const Number& b,
                    const Number& c);
Number square_root(Env& env, const Format& format, const Number& a);
// a to the format; sets kDenormal.
Number convert(Env& env, const Format& format, const Number& a);
// a rounded to an integral value; kPrecision when that changes it.
Number round_to_integral(Env& env, Rounding rounding, const Number& a);

// The integer of `bits` bits (two's complement), kPrecision when inexact. NaNs and what does not
// fit give kInvalid and the integer indefinite, 1 << (bits - 1) (SDM vol. 1, table E-1).
u64 to_integer(Env& env, Rounding rounding, unsigned bits, const Number& a);
Number from_integer(s64 value);

// The truncated quotient's low bits and the exact remainder of a finite a by a finite b, whose
// exponents differ by less than 64.
struct Division {
  u64 quotient;
  u64 remainder;  // in units of 2^(exponent of b - 63)
};
Division divide_integral(const Number& a, const Number& b);

// A finite number from significand × 2^(exponent - 63); zero of that sign if the significand is.
Number normalized(bool sign, s32 exponent, u64 significand);

// -1, 0, 1 for less, equal, greater; neither is a NaN.
int compare(const Number& a, const Number& b);

// kDenormal, if one of them was encoded as a denormal.
inline void note_denormals(Env& env, const Number& a) { env.flags |= a.denormal ? kDenormal : 0; }
inline void note_denormals(Env& env, const Number& a, const Number& b) {
  env.flags |= a.denormal || b.denormal ? kDenormal : 0;
}

// --- encodings. T is u16, u32 or u64.
template <typename T>
constexpr Format kFormatOf = sizeof(T) == 2   ? kBinary16
                             : sizeof(T) == 4 ? kBinary32
                                              : kBinary64;
template <typename T>
constexpr unsigned kFractionBits = kFormatOf<T>.precision - 1;
template <typename T>
constexpr unsigned kMaxBiased = kFormatOf<T>.max_exponent * 2 + 1;

template <typename T>
Number unpack(const Env& env, T bits) {
  constexpr unsigned kShift = 63 - kFractionBits<T>;
  unsigned biased = static_cast<unsigned>(bits >> kFractionBits<T>) & kMaxBiased<T>;
  bool sign = bits >> (sizeof(T) * 8 - 1);
  u64 fraction = static_cast<u64>(bits) << kShift & ~(u64{1} << 63);
  if (biased == kMaxBiased<T>) {
    if (fraction == 0) return infinity(sign);
    Kind kind = fraction >> 62 ? Kind::kQuietNan : Kind::kSignalingNan;
    return {.kind = kind, .sign = sign, .significand = fraction | u64{1} << 63};
  }
  if (biased != 0) {
    s32 exponent = static_cast<s32>(biased) - kFormatOf<T>.max_exponent;
    return {.kind = Kind::kFinite,
            .sign = sign,
            .exponent = exponent,
            .significand = fraction | u64{1} << 63};
  }
  if (fraction == 0 || env.denormals_are_zero) return zero(sign);
  Number result = normalized(sign, kFormatOf<T>.min_exponent, fraction);
  result.denormal = true;
  return result;
}

// `n` has been rounded to the format.
template <typename T>
T pack(const Number& n) {
  constexpr unsigned kShift = 63 - kFractionBits<T>;
  T sign = static_cast<T>(n.sign) << (sizeof(T) * 8 - 1);
  if (n.is_zero()) return sign;
  T fraction = static_cast<T>(n.significand << 1 >> 1 >> kShift);
  if (n.kind != Kind::kFinite) return sign | T{kMaxBiased<T>} << kFractionBits<T> | fraction;
  if (n.exponent < kFormatOf<T>.min_exponent) {
    unsigned extra = static_cast<unsigned>(kFormatOf<T>.min_exponent - n.exponent);
    return sign | static_cast<T>(n.significand >> kShift >> extra);
  }
  return sign | static_cast<T>(n.exponent + kFormatOf<T>.max_exponent) << kFractionBits<T> |
         fraction;
}

Number unpack(const guest::F80& value);
guest::F80 pack(const Number& n);

}  // namespace gantry::sem::fp

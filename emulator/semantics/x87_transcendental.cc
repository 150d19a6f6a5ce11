// The transcendental instructions. They are computed to more than 115 bits and rounded once, in the
// current rounding mode, so that they are within half a unit in the last place (but for the rare
// value that lies within 2^-50 of a rounding boundary). A processor's own result may differ in the
// last bit; the manual allows it one unit (SDM vol. 1, section 8.3.10).
#include <utility>

#include "emulator/semantics/float_wide.h"
#include "emulator/semantics/x87_nan.h"
#include "emulator/semantics/x87_ops.h"

namespace gantry::sem::x87 {
namespace {

using fp::Kind;
using fp::Wide;

// Rounds a result, which is never exact unless the series was a single term.
Number rounded(Fpu& fpu, const Wide& value) {
  if (value.significand == 0) return fp::zero(value.sign);
  Wide inexact = value;
  inexact.significand |= 1;
  return fp::round(fpu.env, fp::kExtended, inexact);
}

Number pi_times(Fpu& fpu, bool sign, int numerator, int shift) {
  Wide value = fp::scale(fp::multiply(fp::kWidePi, fp::wide(numerator)), -shift);
  value.sign = sign;
  return rounded(fpu, value);
}

// --- trigonometry. The processor reduces by a pi of 66 bits: this is pi × 2^64.
constexpr u128 kPi66 = static_cast<u128>(3) << 64 | 0x243f6a8885a308d3;

struct Reduced {
  Wide rest;  // |rest| <= pi / 4
  unsigned quadrant;
};

// x = quadrant × pi / 2 + rest, for |x| < 2^63. Units are 2^-65, so that pi / 2 is kPi66.
Reduced reduce(const Number& x) {
  if (x.exponent < -1) return {fp::widen(x), 0};
  u128 units = static_cast<u128>(x.significand) << (x.exponent + 2);
  u128 quotient = units / kPi66;
  u128 rest = units % kPi66;
  bool above = rest > kPi66 / 2;
  if (above) rest = kPi66 - rest;
  auto quadrant = static_cast<unsigned>(quotient + above) & 3;
  Wide high = fp::scale(fp::wide(static_cast<s64>(rest >> 32)), 32 - 65);
  Wide low = fp::scale(fp::wide(static_cast<s64>(rest & 0xffffffff)), -65);
  Wide value = fp::add(high, low);
  value.sign = above != x.sign;
  return {value, x.sign ? (4 - quadrant) & 3 : quadrant};
}

// Sine of rest + quadrant × pi / 2.
Wide sine_of(const Reduced& r, unsigned extra_quadrants) {
  unsigned quadrant = (r.quadrant + extra_quadrants) & 3;
  Wide value = quadrant & 1 ? fp::cosine(r.rest) : fp::sine(r.rest);
  return quadrant & 2 ? fp::negate(value) : value;
}

Number tangent(Fpu& fpu, const Number& a) {
  if (a.is_zero()) return a;
  Reduced r = reduce(a);
  return rounded(fpu, fp::divide(sine_of(r, 0), sine_of(r, 1)));
}
Number sine_result(Fpu& fpu, const Number& a) {
  return a.is_zero() ? a : rounded(fpu, sine_of(reduce(a), 0));
}
Number cosine_result(Fpu& fpu, const Number& a) {
  if (a.is_zero()) return fp::from_integer(1);
  return rounded(fpu, sine_of(reduce(a), 1));
}

// What the four instructions do first. C2 says that the operand is out of range and left alone.
enum class Angle : u8 { kGood, kDecided, kOutOfRange };
Angle classify(Fpu& fpu, const Number& a, Number& result) {
  bool done = decided(fpu, a, a, result);
  if (!done && a.is_infinity()) {
    result = fp::invalid(fpu.env);
    done = true;
  }
  bool far = !done && a.kind == Kind::kFinite && a.exponent >= 63;
  fpu.set_condition(kC2, far ? kC2 : 0);
  if (far) return Angle::kOutOfRange;
  if (!done) fp::note_denormals(fpu.env, a);
  return done || fpu.env.stopped() ? Angle::kDecided : Angle::kGood;
}

template <typename F>
void trigonometric(Cpu& cpu, F f) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number result;
  Angle angle = classify(fpu, a, result);
  if (angle == Angle::kGood) result = f(fpu, a);
  if (angle != Angle::kOutOfRange) fpu.write(0, result);
  fpu.finish();
}

// FPTAN and FSINCOS: one result replaces ST(0), the other is pushed.
template <typename F>
void trigonometric_pair(Cpu& cpu, F f) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  fpu.require_room();
  Number decided_result;
  Angle angle = classify(fpu, a, decided_result);
  if (angle == Angle::kOutOfRange) return fpu.finish();
  auto results = angle == Angle::kGood ? f(fpu, a) : std::pair(decided_result, decided_result);
  fpu.write(0, results.first);
  fpu.push(results.second);
  fpu.finish();
}

// --- logarithms: y × log2(x), of which `logarithm` is the sign and the size where it is special.
Number times_logarithm(Fpu& fpu, const Number& y, const Number& logarithm) {
  if (y.is_zero() && logarithm.is_infinity()) return fp::invalid(fpu.env);
  if (y.is_infinity() && logarithm.is_zero()) return fp::invalid(fpu.env);
  bool sign = y.sign != logarithm.sign;
  if (y.is_infinity() || logarithm.is_infinity()) return fp::infinity(sign);
  return fp::zero(sign);
}

bool special(const Number& a) { return a.kind != Kind::kFinite; }

Number y_log2_result(Fpu& fpu, const Number& x, const Number& y) {
  if (x.is_zero()) {
    if (y.is_zero()) return fp::invalid(fpu.env);
    if (!y.is_infinity()) fpu.env.flags |= fp::kZeroDivide;
    return times_logarithm(fpu, y, fp::infinity(true));
  }
  if (x.sign) return fp::invalid(fpu.env);
  fp::note_denormals(fpu.env, x, y);
  if (x.is_infinity()) return times_logarithm(fpu, y, x);
  Wide logarithm = fp::log2(fp::widen(x));
  if (special(y) || logarithm.significand == 0) {
    Number sign_only =
        logarithm.significand == 0 ? fp::zero(false) : fp::normalized(logarithm.sign, 0, 1);
    return times_logarithm(fpu, y, sign_only);
  }
  if (fpu.env.stopped()) return x;
  Wide product = fp::multiply(fp::widen(y), logarithm);
  if (x.significand << 1 != 0) return rounded(fpu, product);
  // An exact logarithm; processors note it as inexact none the less.
  Number result = fp::round(fpu.env, fp::kExtended, product);
  fpu.env.flags |=
      fp::kPrecision | (result.exponent < fp::kExtended.min_exponent ? fp::kUnderflow : 0);
  return result;
}

// Outside of the range the manual gives, 1 + x is computed first; from -1 down it is invalid.
Number y_log2_plus_1_result(Fpu& fpu, const Number& x, const Number& y) {
  if (x.is_infinity() && x.sign) return fp::invalid(fpu.env);
  fp::note_denormals(fpu.env, x, y);
  if (special(x) || special(y)) return times_logarithm(fpu, y, x);
  if (fpu.env.stopped()) return x;
  if (x.exponent < -1)
    return rounded(fpu, fp::multiply(fp::widen(y), fp::log2_of_1_plus(fp::widen(x))));
  Wide sum = fp::add(fp::kWideOne, fp::widen(x));
  if (sum.sign || sum.significand == 0) return fp::invalid(fpu.env);
  return rounded(fpu, fp::multiply(fp::widen(y), fp::log2(sum)));
}

// --- FPATAN (SDM vol. 2, table 3-31)
Number arctangent_special(Fpu& fpu, const Number& y, const Number& x) {
  if (y.is_infinity()) {
    if (!x.is_infinity()) return pi_times(fpu, y.sign, 1, 1);
    return x.sign ? pi_times(fpu, y.sign, 3, 2) : pi_times(fpu, y.sign, 1, 2);
  }
  if (y.is_zero() || x.is_infinity())
    return x.sign ? pi_times(fpu, y.sign, 1, 0) : fp::zero(y.sign);
  return pi_times(fpu, y.sign, 1, 1);  // x is zero
}

Number arctangent_result(Fpu& fpu, const Number& y, const Number& x) {
  fp::note_denormals(fpu.env, x, y);
  if (fpu.env.stopped()) return x;
  if (special(x) || special(y)) return arctangent_special(fpu, y, x);
  Wide a = fp::widen(y), b = fp::widen(x);
  a.sign = b.sign = false;
  bool steep =
      a.exponent > b.exponent || (a.exponent == b.exponent && a.significand > b.significand);
  Wide quotient = steep ? fp::divide(b, a) : fp::divide(a, b);
  if (!steep && !x.sign && quotient.exponent < -70) {
    // atan(q) is q - q³/3 …: the quotient, a trifle less.
    quotient = fp::subtract(quotient, fp::scale(quotient, -127));
    quotient.sign = y.sign;
    return rounded(fpu, quotient);
  }
  Wide angle = fp::arctangent(quotient);
  if (steep) angle = fp::subtract(fp::scale(fp::kWidePi, -1), angle);
  if (x.sign) angle = fp::subtract(fp::kWidePi, angle);
  angle.sign = y.sign;
  return rounded(fpu, angle);
}

Number exp2_result(Fpu& fpu, const Number& a) {
  if (a.is_infinity()) return a.sign ? fp::from_integer(-1) : a;
  fp::note_denormals(fpu.env, a);
  if (fpu.env.stopped() || a.is_zero()) return a;
  if (a.exponent >= 0) {
    // The ends of the range are exact; beyond it the manual promises nothing.
    if (a.exponent > 0 || a.significand << 1 != 0) return a;
    return a.sign ? fp::normalized(true, 62, u64{1} << 63) : a;
  }
  return rounded(fpu, fp::exp_minus_1(fp::multiply(fp::widen(a), fp::kWideLog2)));
}

// ST(1) = f(ST(0), ST(1)), then a pop.
template <typename F>
void binary(Cpu& cpu, F f) {
  Fpu fpu(cpu);
  Number x = fpu.read(0);
  Number y = fpu.read(1);
  Number result;
  if (!decided(fpu, x, y, result)) result = f(fpu, x, y);
  fpu.write(1, result);
  fpu.pop();
  fpu.finish();
}

}  // namespace

void exp2_minus_1(Cpu& cpu) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number result;
  if (!decided(fpu, a, a, result)) result = exp2_result(fpu, a);
  fpu.write(0, result);
  fpu.finish();
}

void y_log2(Cpu& cpu) { binary(cpu, y_log2_result); }
void y_log2_plus_1(Cpu& cpu) { binary(cpu, y_log2_plus_1_result); }
void partial_arctangent(Cpu& cpu) {
  binary(cpu,
         [](Fpu& fpu, const Number& x, const Number& y) { return arctangent_result(fpu, y, x); });
}

void sine(Cpu& cpu) { trigonometric(cpu, sine_result); }
void cosine(Cpu& cpu) { trigonometric(cpu, cosine_result); }
void partial_tangent(Cpu& cpu) {
  trigonometric_pair(cpu, [](Fpu& fpu, const Number& a) {
    return std::pair(tangent(fpu, a), fp::from_integer(1));
  });
}
void sine_cosine(Cpu& cpu) {
  trigonometric_pair(cpu, [](Fpu& fpu, const Number& a) {
    Number cosine = cosine_result(fpu, a);
    return std::pair(sine_result(fpu, a), cosine);
  });
}

}  // namespace gantry::sem::x87

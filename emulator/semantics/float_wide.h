// Arithmetic on floats with 128-bit significands, truncated: what the x87's transcendental
// functions are computed in. Each operation errs by at most two units of 2^-127 of its result.
#pragma once

#include "emulator/semantics/softfloat.h"

namespace gantry::sem::fp {

// A value of any sign; zero has significand 0.
using Wide = Exact;

Wide widen(const Number& a);
Wide wide(s64 value);
Wide negate(const Wide& a);
Wide scale(const Wide& a, int exponent);  // a × 2^exponent
Wide add(const Wide& a, const Wide& b);
Wide subtract(const Wide& a, const Wide& b);
Wide multiply(const Wide& a, const Wide& b);
Wide divide(const Wide& a, const Wide& b);

extern const Wide kWideOne;
extern const Wide kWidePi;
extern const Wide kWideLog2;  // the natural logarithm of two

// e^x - 1 for |x| < 1.
Wide exp_minus_1(const Wide& x);
// log2 of a positive x, and of 1 + x for |x| < 1/2.
Wide log2(const Wide& x);
Wide log2_of_1_plus(const Wide& x);
// The arc tangent of 0 <= x <= 1.
Wide arctangent(const Wide& x);
// Sine and cosine of |x| < 1.
Wide sine(const Wide& x);
Wide cosine(const Wide& x);

}  // namespace gantry::sem::fp

// Random contents of registers, often at the edges.
#pragma once

#include "tests/oracle/random.h"
#include "tests/oracle/state.h"

namespace gantry::oracle {

// RFLAGS as a process may have them, without TF.
u64 random_flags(Random& random);

// Floating-point values at the edges, as 64-bit lanes and pairs of 32-bit lanes, or four of 16
// bits.
u64 random_float_lanes(Random& random);

// Masks, rounding and flags; now and then exceptions that are not masked.
u32 random_mxcsr(Random& random);

// x87, MXCSR and XMM registers.
void randomize_fpu(Random& random, guest::FxsaveImage& fx);

// The upper halves of the YMM registers, sometimes all zero.
void randomize_ymm(Random& random, guest::V128 (&high)[16]);

}  // namespace gantry::oracle

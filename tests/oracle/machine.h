// What differs between CPUs of different makes. The recorded answers are an Intel CPU's, and Eval
// gives those.
#pragma once

#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Whether this machine's CPU is Intel's.
bool is_intel();

// Whether this machine's CPU answers the case as an Intel one does.
bool is_comparable(const Case& c);

// Takes over the x87 pointers where the CPU keeps them only while an exception is pending, as
// AMD's.
void adopt_pointers(State& cpu, const State& eval);

}  // namespace gantry::oracle

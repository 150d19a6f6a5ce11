// What differs between CPUs of different makes. The recorded answers are an Intel CPU's, and Eval
// gives those.
#pragma once

#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Whether a CPU of another make than Intel's may answer this case differently.
bool is_intels_way(const Case& c);

// Takes over the x87 pointers: AMD's CPUs keep them only while an exception is pending.
void adopt_pointers(State& cpu, const State& eval);

}  // namespace gantry::oracle

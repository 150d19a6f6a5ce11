// Runs one instruction on the CPU.
#pragma once

#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Installs signal handlers, which pass memory faults outside of run_native()
// on to on_emulated_fault(). Once.
void prepare_native();

// Whether the CPU and the kernel have YMM registers. Without them VEX rows cannot be compared and
// the upper halves read as they were given.
bool has_ymm();

// Whether this machine's CPU has the row's instruction, or another that does the same.
bool cpu_has(unsigned row);

// Executes the case's instruction, which it puts on the code page. The data pages hold what
// write_data() has put there.
void run_native(const Case& c, Outcome& outcome);

}  // namespace gantry::oracle

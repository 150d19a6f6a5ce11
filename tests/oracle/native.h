// Runs one instruction on the CPU.
#pragma once

#include <span>

#include "tests/oracle/state.h"

namespace gantry::oracle {

// Maps the code page, installs signal handlers, which pass memory faults outside of run_native()
// on to on_emulated_fault(). Once.
void prepare_native();

// Whether the CPU and the kernel have YMM registers. Without them VEX rows cannot be compared and
// the upper halves read as they were given.
bool has_ymm();

// The instruction's bytes at `rip`, INT3 in the rest of the code page.
void write_code(u64 rip, std::span<const u8> bytes);

// Executes the instruction at state.rip, which write_code has put there.
void run_native(const State& state, Outcome& outcome);

}  // namespace gantry::oracle

// Runs one instruction on the CPU.
#pragma once

#include <span>

#include "tests/oracle/state.h"

namespace gantry::oracle {

// Maps the pages of state.h, installs signal handlers. Once.
void prepare_native();

// The instruction's bytes at `rip`, INT3 in the rest of the code page.
void write_code(u64 rip, std::span<const u8> bytes);

// Fills the writable data.
void write_data(const u8* data);

// Executes the instruction at state.rip, which write_code has put there.
void run_native(const State& state, Outcome& outcome);

// Turns memory faults into guest faults of `cpu` (nullptr: none is running).
void set_emulated_cpu(guest::Cpu* cpu);

u64 host_fs_base();

}  // namespace gantry::oracle

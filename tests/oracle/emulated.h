// Runs one instruction in the interpreter.
#pragma once

#include <csignal>

#include "emulator/guest/cpu.h"
#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Where the CPU runs nothing: the handler of memory faults is on_emulated_fault(). Once.
void prepare_emulated();

// Turns a memory fault of the host in run_emulated() into the guest's, as the runtime does. Ends
// the process when nothing runs.
void on_emulated_fault(int signal, siginfo_t* info, void* context);

void load_state(guest::Cpu& cpu, const State& state);
void store_state(const guest::Cpu& cpu, State& state);

// The data pages hold what write_data() has put there.
void run_emulated(const Case& c, Outcome& outcome);

}  // namespace gantry::oracle

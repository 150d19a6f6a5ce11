// Runs one instruction in one of the engines.
#pragma once

#include <csignal>
#include <string_view>

#include "emulator/guest/cpu.h"
#include "emulator/jit/backend.h"
#include "tests/oracle/generator.h"

namespace gantry::oracle {

// interp (the default), ir: its IR is evaluated, jit: it is translated. False when there is no such
// engine on this machine.
bool choose_engine(std::string_view name, const jit::Settings& settings = {});

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

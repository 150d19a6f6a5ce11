// Runs one instruction in the interpreter.
#pragma once

#include "emulator/x86/insn.h"
#include "tests/oracle/state.h"

namespace gantry::oracle {

void run_emulated(const x86::Insn& insn, const State& state, Outcome& outcome);

}  // namespace gantry::oracle

// Executes IR: what a unit means, before any pass and any backend had a hand in it.
#pragma once

#include "emulator/ir/ir.h"

namespace gantry::interp {

// Executes the whole unit. Exceptions are raised as by the interpreter; guest state is that before
// the guest instruction then, but for what the manual has it commit first. RIP is written by
// branches and by instructions that end a block, not by falling off the unit's end.
void evaluate(const ir::Unit& unit, guest::Cpu& cpu);

}  // namespace gantry::interp

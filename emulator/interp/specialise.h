// Handlers of frequent instructions that know operand kinds, widths and addressing.
#pragma once

#include "emulator/interp/step_cache.h"

namespace gantry::interp {

// For the instruction alone, and for one that others follow in a row of Steps, with which the
// handler goes on itself.
struct Handlers {
  Handler alone = nullptr, in_row = nullptr;
};

// The handlers that know nothing of the instruction.
template <void (*kBody)(Eval<>&, const Insn&)>
void general(Cpu& cpu, const Insn& i) {
  Eval<> b(cpu);
  kBody(b, i);
}
template <void (*kBody)(Eval<>&, const Insn&)>
void general_in_row(Cpu& cpu, const Insn& i) {
  general<kBody>(cpu, i);
  execute_next(cpu, i);
}

// Gives handlers that do the same as the general ones for an instruction without LOCK, or none.
using Chooser = Handlers (*)(const Insn&);

// That of the rows with this general handler for the instruction alone.
Chooser chooser_for(Handler general, bool vex);

}  // namespace gantry::interp

// Handlers of frequent instructions that know operand kinds, widths and addressing.
#pragma once

#include "emulator/interp/eval.h"

namespace gantry::interp {

// The handler that knows nothing of the instruction.
template <void (*kBody)(Eval<>&, const Insn&)>
void general(Cpu& cpu, const Insn& i) {
  Eval<> b(cpu);
  kBody(b, i);
}

// Gives a handler that does the same as the general one for an instruction without LOCK, or
// nullptr.
using Chooser = Handler (*)(const Insn&);

// That of the rows with this general handler.
Chooser chooser_for(Handler general, bool vex);

}  // namespace gantry::interp

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

// A handler that does the same as `general` for this instruction, or nullptr.
Handler specialise(Handler general, const Insn& insn);

}  // namespace gantry::interp

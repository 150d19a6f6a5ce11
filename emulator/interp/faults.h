// What an exception looks like in the end that an access of an instruction raised.
#pragma once

#include "emulator/guest/cpu.h"
#include "emulator/x86/insn.h"

namespace gantry::interp {

// `insn` raised cpu.fault; guest state is that before it. Raises what the guest must see instead,
// or returns.
void refine_fault(guest::Cpu& cpu, const x86::Insn& insn);

}  // namespace gantry::interp

// EFLAGS.AC: alignment checking, which the engine does before an instruction where the flag is set.
#pragma once

#include "emulator/guest/cpu.h"
#include "emulator/x86/insn.h"

namespace gantry::interp {

// Whether `insn` raises #AC(0) while EFLAGS.AC is set: whether an access is not aligned as SDM vol.
// 3, table 6-7 wants it. Faults of the accesses before that one are raised, as they come first.
bool alignment_fault(guest::Cpu& cpu, const x86::Insn& insn);

}  // namespace gantry::interp

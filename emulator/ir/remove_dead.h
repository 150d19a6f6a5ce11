// A pass: takes out what nobody can see.
#pragma once

#include "emulator/ir/ir.h"

namespace gantry::ir {

// Turns operations into kNop: values that nobody uses, flags that are not read before they are set
// again, registers that are written again before anything may leave the unit. `live_flags`, as bits
// of RFLAGS, are read after it; all else is.
//
// An instruction that faults is left with flags that are read later only: the others may be older
// ones then.
void remove_dead(Unit& unit, u16 live_flags);

}  // namespace gantry::ir

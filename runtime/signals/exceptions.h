// CPU exceptions as the signals that x86-64 Linux makes of them (arch/x86/kernel/traps.c,
// mm/fault.c).
#pragma once

#include "runtime/core/task.h"

namespace gantry::runtime {

// Raises the signal for task.cpu.fault. A vector that no exception has comes from INT n.
void raise_exception(Task& task);

}  // namespace gantry::runtime

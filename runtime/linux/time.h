// Clocks and timers that newer architectures lack: time(2), alarm(2). All others are passed on.
#pragma once

#include "runtime/core/task.h"

namespace gantry::runtime::sys {

s64 time(Task& task, GuestPtr<s64> to);
s64 alarm(Task& task, u32 seconds);

}  // namespace gantry::runtime::sys

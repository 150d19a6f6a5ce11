// What belongs to a thread: its number, segment bases, prctl(2).
#pragma once

#include "runtime/linux/syscall.h"

namespace gantry::runtime::sys {

s64 set_tid_address(Task& task, Address address);
s64 arch_prctl(Task& task, int operation, Address address);
s64 prctl(Task& task, int operation, u64 a, u64 b, u64 c, u64 d);

}  // namespace gantry::runtime::sys

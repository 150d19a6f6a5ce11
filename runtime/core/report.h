// What the emulator says about a guest when it ends.
#pragma once

#include "runtime/core/task.h"

namespace gantry::runtime {

// With --log=process: where and why the guest dies of an exception that it does not handle, with
// registers, code bytes and the last system calls.
void report_death(Task& task, int signal);

// With --stats: a line with the number of executed instructions and decoded blocks.
void report_statistics(Task& task);

}  // namespace gantry::runtime

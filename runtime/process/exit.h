// How threads and processes end.
#pragma once

#include "runtime/core/task.h"

namespace gantry::runtime {

// Ends the process with exit_group(2).
[[noreturn]] void exit_process(int status);

// Executes the calling thread's task until it is finished: exit(2). Its robust futexes are released
// and clear_child_tid is told. Does not return in the first thread of a process; in another, the
// host thread is to end next.
void run_task(Task* task);

}  // namespace gantry::runtime

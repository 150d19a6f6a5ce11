// The parts that all kinds of children have in common.
#pragma once

#include "runtime/process/clone.h"

namespace gantry::runtime {

// A task like `parent` that continues after the system call with the result 0, on the stack and TLS
// of the request. It belongs to the parent's process.
Task* new_child_task(const Task& parent, const CloneRequest& request);

// The same registers for a task that is its own copy (fork).
void set_child_registers(Task& task, const CloneRequest& request);

// In the child, before its first instruction: CLONE_PARENT_SETTID, CLONE_CHILD_SETTID and
// CLONE_CHILD_CLEARTID.
void store_child_tids(Task& child, const CloneRequest& request, s64 tid);

// CLONE_CLEAR_SIGHAND, in the child: no handlers, and the host's are ours again.
void clear_handlers(Process& process);

// A detached thread of our libc with a small stack; `process` is the caller's. 0 or an errno value.
int start_host_thread(const Process& process, void* (*main)(void*), void* argument);

// CLONE_THREAD.
s64 create_thread(Task& parent, const CloneRequest& request);

// CLONE_VM without CLONE_THREAD.
s64 create_borrower(Task& parent, const CloneRequest& request);

// A copy of the memory.
s64 fork_process(Task& parent, const CloneRequest& request);

}  // namespace gantry::runtime

// The text of --strace: one line a system call, as strace(1) writes them.
#pragma once

#include "runtime/linux/syscall.h"

namespace gantry::runtime {

// Prints the call before it is made, for those that do not return when they succeed.
void strace_enter(Task& task, const Syscall& row, const u64 (&arguments)[6]);

// Prints the call and its result.
void strace_exit(Task& task, const Syscall& row, const u64 (&arguments)[6], s64 result);

// A call that has no row.
void strace_unknown(u64 number, const u64 (&arguments)[6]);

// The names of errno values for other messages: "ENOENT"; "?" for a number that has none.
const char* errno_name(int error);

}  // namespace gantry::runtime

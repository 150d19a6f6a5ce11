// What the emulator says about a guest when it ends.
#pragma once

#include <csignal>

#include "runtime/core/process.h"
#include "runtime/core/task.h"

namespace gantry::runtime {

// With --log=process: where and why the guest dies of an exception that it does not handle, with
// registers, code bytes and the last system calls.
void report_death(Task& task, int signal);

// The emulator itself dies, of a signal that no guest is to blame for, at `pc` of the host: where,
// what the guest was doing, and what to report. Always logged. Memory faults must not be blocked.
void report_own_fault(const siginfo_t& info, u64 pc, const void* ucontext);

// Before that: what reports say of the emulator. From now on a CHECK that fails makes one, too.
void prepare_reports(const char* version, const Settings& settings);

// With --stats: a line that counts interpreted instructions and decoded blocks, and one on
// translated code. With --dump=counts: how often each block was interpreted.
void report_statistics(Task& task);

}  // namespace gantry::runtime

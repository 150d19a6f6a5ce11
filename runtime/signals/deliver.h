// Delivery of signals to the guest at safepoints, and what happens to those without a handler.
#pragma once

#include "runtime/core/process.h"
#include "runtime/core/task.h"

namespace gantry::runtime {

// Enters the handlers of everything that is pending and not blocked. The task is the calling
// thread's.
void deliver_pending(Task& task);

// The task ends: a signal that it has taken for the process is for another thread now.
void return_stored_signal(Task& task);

// Sends the fault signal of the guest's own instruction; one that is blocked or ignored ends the
// process (force_sig(), kernel/signal.c). `repeatable`: rip is at the instruction, which will fault
// again if something else is delivered first.
void force_signal(Task& task, const siginfo_t& info, bool repeatable);

// Ends the process with this signal, as its parent sees it.
[[noreturn]] void die_by_signal(int signal);

// Blocks all of the task's signals on the host for a section that none must interrupt, such as
// fork. False when one had arrived before: return kRestartSyscall.
[[nodiscard]] bool block_guest_signals(Task& task);
void unblock_guest_signals(Task& task);

// The guest's mask changes now, by a system call. False as above.
[[nodiscard]] bool change_task_mask(Task& task, u64 mask);

// Guest actions are shared by all tasks of a process.
GuestSigaction guest_action(const Process& process, int signal);

// sigaction(2) for a valid signal; with the disposition on the host. The old action.
GuestSigaction exchange_action(Process& process, int signal, const GuestSigaction& action);

// No other thread is in exchange_action() while the process forks.
void lock_actions();
void unlock_actions();

}  // namespace gantry::runtime

// Signals: signal(7), sigaction(2) and what belongs to them; pidfds, which send them.
#pragma once

#include "runtime/linux/syscall.h"
#include "runtime/signals/signal_state.h"

namespace gantry::runtime::sys {

s64 rt_sigaction(Task& task, Signal signal, GuestPtr<GuestSigaction> action,
                 GuestPtr<GuestSigaction> old, Size size);
s64 rt_sigprocmask(Task& task, int how, GuestPtr<u64> set, GuestPtr<u64> old, Size size);
s64 rt_sigpending(Task& task, GuestPtr<u64> set, Size size);
s64 rt_sigsuspend(Task& task, GuestPtr<u64> set, Size size);
s64 rt_sigtimedwait(Task& task, GuestPtr<u64> set, GuestPtr<siginfo_t> info, Address timeout,
                    Size size);
s64 rt_sigreturn(Task& task);
s64 sigaltstack(Task& task, GuestPtr<GuestStack> stack, GuestPtr<GuestStack> old);
s64 pause(Task& task);
s64 restart_syscall(Task& task);
s64 signalfd(Task& task, Fd fd, GuestPtr<u64> set, Size size);

}  // namespace gantry::runtime::sys

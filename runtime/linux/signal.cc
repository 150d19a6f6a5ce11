#include "runtime/linux/signal.h"

#include <sys/syscall.h>

#include "runtime/signals/deliver.h"
#include "runtime/signals/frame.h"
#include "runtime/signals/wait_mask.h"

namespace gantry::runtime::sys {
namespace {

constexpr u64 kSetSize = sizeof(u64);

// UAPI_SA_FLAGS of x86-64: the kernel drops all others (kernel/signal.c, do_sigaction()).
constexpr u64 kKnownFlags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
                            SA_NODEFER | SA_RESETHAND | 0x800 /* SA_EXPOSE_TAGBITS */ |
                            0x04000000 /* SA_RESTORER */;

bool is_signal(int number) { return number >= 1 && number <= kSignalCount; }

GuestSigaction accepted(GuestSigaction action) {
  action.flags &= kKnownFlags;
  action.mask &= ~kUnblockable;
  return action;
}

bool combine(int how, u64 old, u64 set, u64& result) {
  switch (how) {
    case SIG_BLOCK:
      result = old | set;
      return true;
    case SIG_UNBLOCK:
      result = old & ~set;
      return true;
    case SIG_SETMASK:
      result = set;
      return true;
    default:
      return false;
  }
}

// A held fault signal of the set, without waiting.
bool take_held(TaskSignals& s, u64 set, siginfo_t& info) {
  for (int signal : kFaultSignalNumbers) {
    if (!(s.held & set & signal_bit(signal))) continue;
    info = s.held_info[signal];
    s.held = s.held & ~signal_bit(signal);
    return true;
  }
  return false;
}

}  // namespace

s64 rt_sigaction(Task& task, Signal signal, GuestPtr<GuestSigaction> action,
                 GuestPtr<GuestSigaction> old, Size size) {
  if (size.value != kSetSize) return -EINVAL;
  GuestSigaction wanted;
  if (action && !read_guest(task, action, wanted)) return -EFAULT;
  if (!is_signal(signal.value)) return -EINVAL;
  if (action && (signal_bit(signal.value) & kUnblockable)) return -EINVAL;
  // What has arrived has arrived under the old action.
  if (action && task.signals.pending) return kRestartSyscall;
  GuestSigaction previous = action ? exchange_action(*task.process, signal.value, accepted(wanted))
                                   : guest_action(*task.process, signal.value);
  return old && !write_guest(task, old, previous) ? -EFAULT : 0;
}

s64 rt_sigprocmask(Task& task, int how, GuestPtr<u64> set, GuestPtr<u64> old, Size size) {
  if (size.value != kSetSize) return -EINVAL;
  u64 previous = task.signals.mask;
  if (set) {
    u64 change, mask;
    if (!read_guest(task, set, change)) return -EFAULT;
    if (!combine(how, previous, change, mask)) return -EINVAL;
    if (!change_task_mask(task, mask)) return kRestartSyscall;
  }
  return old && !write_guest(task, old, previous) ? -EFAULT : 0;
}

s64 rt_sigpending(Task& task, GuestPtr<u64> set, Size size) {
  if (size.value > kSetSize) return -EINVAL;
  u64 pending = 0;
  s64 result = host_syscall(SYS_rt_sigpending, reinterpret_cast<u64>(&pending), sizeof pending);
  if (result < 0) return result;
  pending |= task.signals.held & task.signals.mask;
  return copy_out(task, set.address, &pending, size.value) ? 0 : -EFAULT;
}

s64 rt_sigsuspend(Task& task, GuestPtr<u64> set, Size size) {
  if (size.value != kSetSize) return -EINVAL;
  u64 mask;
  if (!read_guest(task, set, mask)) return -EFAULT;
  WaitMask wait(task, mask);
  return wait.finish(blocking_syscall(task, SYS_rt_sigsuspend, wait.host_mask(), kSetSize));
}

s64 rt_sigtimedwait(Task& task, GuestPtr<u64> set, GuestPtr<siginfo_t> info, Address timeout,
                    Size size) {
  if (size.value != kSetSize) return -EINVAL;
  u64 wanted;
  if (!read_guest(task, set, wanted)) return -EFAULT;
  siginfo_t taken = {};
  s64 result;
  if (take_held(task.signals, wanted, taken)) {
    result = taken.si_signo;
  } else {
    result = blocking_syscall(task, SYS_rt_sigtimedwait, reinterpret_cast<u64>(&wanted),
                              reinterpret_cast<u64>(&taken), timeout.address, kSetSize);
  }
  if (result <= 0 || !info) return result;
  return write_guest(task, info, taken) ? result : -EFAULT;
}

// The result goes to RAX: it is the one of the interrupted code.
s64 rt_sigreturn(Task& task) {
  guest::Cpu& cpu = task.cpu;
  SignalContext context;
  if (!read_signal_frame(task, context)) die_by_signal(SIGSEGV);
  // Another signal comes first, on top of this frame; then the instruction is executed again.
  if (!change_task_mask(task, context.mask)) {
    cpu.rip -= 2;
    return static_cast<s64>(cpu.gpr[guest::kRax]);
  }
  if (!restore_signal_frame(task, context)) {
    siginfo_t info = {};
    info.si_signo = SIGSEGV;
    info.si_code = SI_KERNEL;
    force_signal(task, info, false);
  }
  return static_cast<s64>(cpu.gpr[guest::kRax]);
}

s64 sigaltstack(Task& task, GuestPtr<GuestStack> stack, GuestPtr<GuestStack> old) {
  GuestStack wanted;
  if (stack && !read_guest(task, stack, wanted)) return -EFAULT;
  GuestStack previous = task.signals.alternate;
  constexpr u32 kAutoDisarm = u32{1} << 31;
  bool active = on_alternate_stack(previous, task.cpu.gpr[guest::kRsp]);
  u32 state = previous.size == 0 ? u32{SS_DISABLE} : active ? u32{SS_ONSTACK} : 0;
  previous.flags = state | (previous.flags & kAutoDisarm);
  if (stack) {
    s64 result = set_alternate_stack(task, wanted);
    if (result < 0) return result;
  }
  return old && !write_guest(task, old, previous) ? -EFAULT : 0;
}

// pause(2) does not exist on every host; this fails with EINTR in the same cases.
s64 pause(Task& task) { return blocking_syscall(task, SYS_ppoll); }

// What there was to restart, the host kernel has restarted by itself.
s64 restart_syscall(Task&) { return -EINTR; }

s64 signalfd(Task&, Fd fd, GuestPtr<u64> set, Size size) {
  return host_syscall(SYS_signalfd4, static_cast<u64>(static_cast<s64>(fd.value)), set.address,
                      size.value, 0);
}

}  // namespace gantry::runtime::sys

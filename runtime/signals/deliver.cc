#include "runtime/signals/deliver.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "emulator/base/log.h"
#include "runtime/core/report.h"
#include "runtime/linux/syscall.h"
#include "runtime/signals/frame.h"
#include "runtime/signals/handlers.h"
#include "runtime/signals/host_signals.h"
#include "runtime/signals/interruptible.h"
#include "runtime/signals/wait_mask.h"

namespace gantry::runtime {
namespace {

// One for all processes that share this memory: that of a vfork child has actions of its own, but
// its life is short. Never taken in a signal handler.
std::mutex actions_mutex;

// Takes the next signal that the task must handle.
bool take_signal(TaskSignals& s, siginfo_t& info) {
  s.pending = 0;
  for (int signal : kFaultSignalNumbers) {
    if (!(s.held & ~s.mask & signal_bit(signal))) continue;
    info = s.held_info[signal];
    s.held = s.held & ~signal_bit(signal);
    return true;
  }
  if (s.info.si_signo == 0) return false;
  info = s.info;
  s.info.si_signo = 0;
  return true;
}

// Gives a signal back to the host kernel, which keeps it while it is blocked and acts by the
// disposition once it is not. Only the process itself may send every si_code (rt_sigqueueinfo(2)).
void send_again(const siginfo_t& info) {
  bool to_thread = info.si_code == SI_TKILL;
  if (to_thread) {
    host_syscall(SYS_rt_tgsigqueueinfo, static_cast<u64>(::getpid()),
                 static_cast<u64>(host_syscall(SYS_gettid)), static_cast<u64>(info.si_signo),
                 reinterpret_cast<u64>(&info));
  } else {
    host_syscall(SYS_rt_sigqueueinfo, static_cast<u64>(::getpid()), static_cast<u64>(info.si_signo),
                 reinterpret_cast<u64>(&info));
  }
}

// The first process of a PID namespace does not die of a default action that is asked for from
// inside (pid_namespaces(7)); si_pid is 0 when the sender is outside.
bool protected_from(const siginfo_t& info) { return ::getpid() == 1 && info.si_pid != 0; }

// The guest has no handler for a signal that our handler got: its disposition changed after that,
// or it is a fault signal, whose disposition on the host is always ours.
void act_by_default(int signal, const siginfo_t& info) {
  if (!(signal_bit(signal) & kFaultSignals)) return send_again(info);
  if (!protected_from(info)) die_by_signal(signal);
}

void force_segv(Task& task, int while_delivering) {
  // force_sigsegv(): a SIGSEGV that cannot be delivered is fatal even with a handler.
  if (while_delivering == SIGSEGV) die_by_signal(SIGSEGV);
  siginfo_t info = {};
  info.si_signo = SIGSEGV;
  info.si_code = SI_KERNEL;
  force_signal(task, info, false);
}

void enter(Task& task, GuestSigaction action, const siginfo_t& info) {
  int signal = info.si_signo;
  LOG(kSignal, "deliver %d, code %d, at %#lx to %#lx", signal, info.si_code,
      static_cast<unsigned long>(task.cpu.rip), static_cast<unsigned long>(action.handler));
  if (action.flags & SA_RESETHAND) {
    GuestSigaction reset = action;
    reset.handler = kHandlerDefault;
    exchange_action(*task.process, signal, reset);
  }
  if (!push_signal_frame(task, action, info)) force_segv(task, signal);
}

void deliver(Task& task, const siginfo_t& info) {
  int signal = info.si_signo;
  GuestSigaction action = guest_action(*task.process, signal);
  if (task.signals.mask & signal_bit(signal)) return send_again(info);
  if (action.handler == kHandlerIgnore) return;
  if (action.handler == kHandlerDefault) return act_by_default(signal, info);
  enter(task, action, info);
}

// A wait with another mask ended, but no handler ran.
void drop_saved_mask(TaskSignals& s) {
  if (!s.has_saved_mask) return;
  s.has_saved_mask = false;
  s.mask = s.saved_mask;
}

}  // namespace

GuestSigaction guest_action(const Process& process, int signal) {
  std::lock_guard lock(actions_mutex);
  return process.signals.actions[signal];
}

GuestSigaction exchange_action(Process& process, int signal, const GuestSigaction& action) {
  std::lock_guard lock(actions_mutex);
  GuestSigaction old = process.signals.actions[signal];
  process.signals.actions[signal] = action;
  install_action(signal, action);
  return old;
}

void lock_actions() { actions_mutex.lock(); }
void unlock_actions() { actions_mutex.unlock(); }

void deliver_pending(Task& task) {
  TaskSignals& s = task.signals;
  if (!s.pending && !s.has_saved_mask) return;
  do {
    siginfo_t info;
    while (take_signal(s, info)) deliver(task, info);
    drop_saved_mask(s);
    // The host may call our handler again, unless it has done so since.
  } while (!change_task_mask(task, s.mask) || s.pending);
}

void return_stored_signal(Task& task) {
  siginfo_t info = task.signals.info;
  task.signals.info.si_signo = 0;
  if (info.si_signo != 0 && info.si_code != SI_TKILL) send_again(info);
}

void force_signal(Task& task, const siginfo_t& info, bool repeatable) {
  // With one waiting, the host blocks everything: the instruction faults again after its handler.
  if (repeatable && task.signals.pending) return;
  int signal = info.si_signo;
  GuestSigaction action = guest_action(*task.process, signal);
  if (action.handler <= kHandlerIgnore || (task.signals.mask & signal_bit(signal))) {
    LOG(kSignal, "fatal %d, code %d, at %#lx, address %p", signal, info.si_code,
        static_cast<unsigned long>(task.cpu.rip), info.si_addr);
    report_death(task, signal);
    die_by_signal(signal);
  }
  enter(task, action, info);
  // A handler that was called meanwhile has blocked everything until its signal is delivered.
  if (!change_task_mask(task, task.signals.mask)) return;
}

bool change_task_mask(Task& task, u64 mask) {
  mask &= ~kUnblockable;
  u64 host_mask = host_mask_for(mask);
  s64 result = blocking_syscall(task, SYS_rt_sigprocmask, SIG_SETMASK,
                                reinterpret_cast<u64>(&host_mask), 0, sizeof host_mask);
  if (result == kRestartSyscall) return false;
  task.signals.mask = mask;
  request_held(task);
  return true;
}

bool block_guest_signals(Task& task) {
  u64 all = kAllSignals & ~kFaultSignals;
  return blocking_syscall(task, SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<u64>(&all), 0,
                          sizeof all) != kRestartSyscall;
}

// A signal that came in spite of it (our libc opens the mask for one of its own) keeps the rest
// blocked.
void unblock_guest_signals(Task& task) {
  static_cast<void>(change_task_mask(task, task.signals.mask));
}

void die_by_signal(int signal) {
  // A core would be the emulator's.
  rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  set_host_action(signal, {});
  set_host_mask(kAllSignals & ~signal_bit(signal));
  auto pid = static_cast<u64>(::getpid());
  host_syscall(SYS_tgkill, pid, static_cast<u64>(host_syscall(SYS_gettid)),
               static_cast<u64>(signal));
  // Still here: we are the first process of a PID namespace, which only a real fault ends.
  volatile char* volatile unmapped = nullptr;
  if (signal == SIGSEGV) *unmapped = 0;
  host_syscall(SYS_exit_group, static_cast<u64>(128 + signal));
  __builtin_trap();
}

s64 blocking_syscall(Task& task, long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  const u64 arguments[6] = {a, b, c, d, e, f};
  return gantry_interruptible_syscall(&task.signals.pending, number, arguments);
}

WaitMask::WaitMask(Task& task, u64 guest_mask)
    : task_(task), host_mask_(host_mask_for(guest_mask)) {
  TaskSignals& s = task.signals;
  s.saved_mask = s.mask;
  s.has_saved_mask = true;
  s.mask = guest_mask & ~kUnblockable;
  request_held(task);
}

s64 WaitMask::finish(s64 result) {
  TaskSignals& s = task_.signals;
  // A held fault signal that only the wait's mask lets through interrupts the wait.
  if (result == kRestartSyscall && (s.held & ~s.mask & s.saved_mask)) result = -EINTR;
  if (result == -EINTR) return result;
  s.has_saved_mask = false;
  s.mask = s.saved_mask;
  return result;
}

}  // namespace gantry::runtime

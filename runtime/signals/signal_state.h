// The signal state of a process and of a task.
#pragma once

#include <csignal>
#include <cstddef>

#include "emulator/base/types.h"

namespace gantry::runtime {

constexpr int kSignalCount = 64;

constexpr u64 signal_bit(int signal) { return u64{1} << (signal - 1); }

// These can be neither blocked nor caught.
constexpr u64 kUnblockable = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

// Signals that faults of the host raise in our own code, in the order in which the kernel takes
// them. The host never blocks them for a guest (a blocked fault kills the process): what is sent of
// them while the guest blocks them is held in TaskSignals::held. All others have the guest's mask
// on the host.
constexpr int kFaultSignalNumbers[] = {SIGILL, SIGBUS, SIGFPE, SIGSEGV};
constexpr u64 kFaultSignals =
    signal_bit(SIGILL) | signal_bit(SIGBUS) | signal_bit(SIGFPE) | signal_bit(SIGSEGV);

// Signals have the same numbers and siginfo the same layout on x86-64 and our hosts
// (include/uapi/asm-generic/siginfo.h): a host's siginfo is handed to the guest as it is.
static_assert(sizeof(siginfo_t) == 128);
static_assert(offsetof(siginfo_t, si_code) == 8 && offsetof(siginfo_t, si_pid) == 16 &&
              offsetof(siginfo_t, si_addr) == 16 && offsetof(siginfo_t, si_value) == 24 &&
              offsetof(siginfo_t, si_status) == 24 && offsetof(siginfo_t, si_utime) == 32);
static_assert(SIGCHLD == 17 && SIGUSR1 == 10 && SIGBUS == 7 && SIGSYS == 31 && SIGPWR == 30);

// struct sigaction as the x86-64 kernel takes it (arch/x86/include/uapi/asm/signal.h).
struct GuestSigaction {
  u64 handler = 0;
  u64 flags = 0;
  u64 restorer = 0;
  u64 mask = 0;
};
static_assert(sizeof(GuestSigaction) == 32);

constexpr u64 kHandlerDefault = 0;
constexpr u64 kHandlerIgnore = 1;

struct ProcessSignals {
  GuestSigaction actions[kSignalCount + 1];
};

// struct stack_t.
struct GuestStack {
  u64 address = 0;
  u32 flags = 0;
  u32 padding = 0;
  u64 size = 0;
};
static_assert(sizeof(GuestStack) == 24);

struct TaskSignals {
  u64 mask = 0;  // bit n - 1: signal n is blocked

  // What the host handler took from the kernel and the next safepoint delivers. One entry is
  // enough: until then all signals are blocked on the host. `pending` is what blocking_syscall()
  // tests.
  volatile u32 pending = 0;
  siginfo_t info = {};  // si_signo 0: empty

  // Fault signals that were sent by kill(2) and the like, one of each as for every standard signal.
  volatile u64 held = 0;
  siginfo_t held_info[SIGSEGV + 1] = {};  // by number

  // The mask to return to from a wait with another one (WaitMask).
  bool has_saved_mask = false;
  u64 saved_mask = 0;

  GuestStack alternate;

  // Inside a system call, an exception or a safepoint, not in guest code.
  volatile bool in_personality = false;

  // Of the last exception, for the signal frame: thread_struct's error_code, trap_nr and cr2.
  u64 error_code = 0;
  u64 trap_number = 0;
  u64 fault_address = 0;
};

}  // namespace gantry::runtime

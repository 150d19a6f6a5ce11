#include "runtime/signals/host_signals.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::runtime {
namespace {

// struct sigaction of the kernel. aarch64 and x86-64 have the restorer, the others do not.
struct KernelSigaction {
  HostHandler handler;
  unsigned long flags;
#if defined(__x86_64__) || defined(__aarch64__)
  void (*restorer)();
#endif
  u64 mask;
};

#if defined(__x86_64__)
constexpr unsigned long kRestorerFlag = 0x04000000;

// The x86-64 kernel has no default for it.
extern "C" [[gnu::naked]] void gantry_signal_restorer() {
  asm volatile("mov $15, %eax\n\tsyscall");
}
#endif

}  // namespace

int set_host_action(int signal, const HostAction& action) {
  KernelSigaction kernel = {};
  kernel.handler = action.handler;
  kernel.flags = action.flags | SA_SIGINFO;
  kernel.mask = action.mask;
#if defined(__x86_64__)
  kernel.flags |= kRestorerFlag;
  kernel.restorer = gantry_signal_restorer;
#endif
  return ::syscall(SYS_rt_sigaction, signal, &kernel, nullptr, sizeof kernel.mask) ? -errno : 0;
}

int get_host_action(int signal, HostAction& action) {
  KernelSigaction kernel = {};
  if (::syscall(SYS_rt_sigaction, signal, nullptr, &kernel, sizeof kernel.mask)) return -errno;
  action = {kernel.handler, kernel.flags, kernel.mask};
  return 0;
}

u64 set_host_mask(u64 mask) {
  u64 old = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, sizeof mask);
  return old;
}

}  // namespace gantry::runtime

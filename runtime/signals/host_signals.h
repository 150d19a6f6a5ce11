// The host's signal calls without its libc, which hides signals 32 and 33 from its callers.
#pragma once

#include <csignal>

#include "emulator/base/types.h"

namespace gantry::runtime {

constexpr u64 kAllSignals = ~u64{0};

using HostHandler = void (*)(int, siginfo_t*, void*);

// A disposition on the host. `handler` may be SIG_DFL or SIG_IGN.
struct HostAction {
  HostHandler handler = nullptr;
  u64 flags = 0;  // SA_SIGINFO and the restorer are added as needed
  u64 mask = 0;
};

// sigaction(2). 0 or -errno.
int set_host_action(int signal, const HostAction& action);
int get_host_action(int signal, HostAction& action);

// The calling thread's mask (sigprocmask(2)); the old one.
u64 set_host_mask(u64 mask);

}  // namespace gantry::runtime

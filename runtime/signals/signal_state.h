// The signal state of a process and of a task.
#pragma once

#include "emulator/base/types.h"

namespace gantry::runtime {

constexpr int kSignalCount = 64;

// struct sigaction as the x86-64 kernel takes it (arch/x86/include/uapi/asm/signal.h).
struct GuestSigaction {
  u64 handler = 0;
  u64 flags = 0;
  u64 restorer = 0;
  u64 mask = 0;
};
static_assert(sizeof(GuestSigaction) == 32);

struct ProcessSignals {
  GuestSigaction actions[kSignalCount + 1];
};

struct TaskSignals {
  u64 mask = 0;  // bit n - 1: signal n is blocked
};

}  // namespace gantry::runtime

// The stub that enters the host kernel for calls that may block (interruptible_*.S).
#pragma once

#include "emulator/base/types.h"

extern "C" {
gantry::s64 gantry_interruptible_syscall(const volatile gantry::u32* pending, long number,
                                         const gantry::u64 arguments[6]);
extern const char gantry_interruptible_begin[];
extern const char gantry_interruptible_end[];
extern const char gantry_interruptible_restart[];
}

namespace gantry::runtime {

inline u64 interruptible_begin() { return reinterpret_cast<u64>(gantry_interruptible_begin); }
inline u64 interruptible_end() { return reinterpret_cast<u64>(gantry_interruptible_end); }
inline u64 interruptible_restart() { return reinterpret_cast<u64>(gantry_interruptible_restart); }

}  // namespace gantry::runtime

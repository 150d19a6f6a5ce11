// The seccomp filter, through libseccomp.
#pragma once

#include "emulator/base/result.h"
#include "runtime/sandbox/sandbox.h"

namespace gantry::sandbox {

// Loads it for the calling thread. Without no_new_privs this takes CAP_SYS_ADMIN (seccomp(2)).
Result<void> load_filter(const Seccomp& seccomp);

}  // namespace gantry::sandbox

// The system as a whole: uname(2), personality(2).
#pragma once

#include <sys/utsname.h>

#include "runtime/core/task.h"

namespace gantry::runtime::sys {

s64 uname(Task& task, GuestPtr<utsname> to);

}  // namespace gantry::runtime::sys

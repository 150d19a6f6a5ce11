// Names of the requests of ioctl(2) that programs make most (ioctl_list(2)).
#pragma once

#include "emulator/base/types.h"

namespace gantry::runtime {

// nullptr for a request that is not in the list.
const char* ioctl_name(u32 request);

}  // namespace gantry::runtime

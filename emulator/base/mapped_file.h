// What the host has mapped where.
#pragma once

#include "emulator/base/types.h"

namespace gantry {

struct MappedFile {
  u64 start = 0, end = 0;  // addresses
  u64 offset = 0;          // of the start within the file
  char name[512] = "";     // its path, cut off where it is longer; empty for anonymous memory
};

// The mapping that holds `address`, out of /proc/self/maps (proc_pid_maps(5)); false when there is
// none. Async-signal-safe.
bool find_mapped_file(u64 address, MappedFile& found);

}  // namespace gantry

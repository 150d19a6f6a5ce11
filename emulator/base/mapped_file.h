// What the host has mapped where.
#pragma once

#include "emulator/base/types.h"

namespace gantry {

// A line of /proc/PID/maps (proc_pid_maps(5)).
struct MappingLine {
  u64 start = 0, end = 0;  // addresses
  u64 offset = 0;          // of the start within the file
  u64 device = 0;          // as makedev(3) makes it
  u64 inode = 0;
  const char* name = "";  // its path, up to the end of the line; empty for anonymous memory
};
// False when it is not one.
bool parse_mapping(const char* line, MappingLine& mapping);

struct MappedFile {
  u64 start = 0;
  u64 offset = 0;
  char name[512] = "";  // cut off where it is longer
};

// The mapping that holds `address`, out of /proc/self/maps; false when there is none.
// Async-signal-safe.
bool find_mapped_file(u64 address, MappedFile& found);

}  // namespace gantry

// The host's /proc/self/maps, for the names of mapped files.
#pragma once

#include <string>
#include <vector>

#include "emulator/base/types.h"

namespace gantry::runtime {

struct HostMapping {
  u64 start = 0;
  u64 end = 0;
  u64 offset = 0;
  u64 device = 0;  // as makedev(3) makes it
  u64 inode = 0;
  std::string name;
};

// Ordered by start; empty when /proc is not there.
std::vector<HostMapping> read_host_maps();

// The line that holds `address`, or nullptr.
const HostMapping* find_host_mapping(const std::vector<HostMapping>& maps, u64 address);

}  // namespace gantry::runtime

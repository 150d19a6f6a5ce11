#include "runtime/memory/host_maps.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "emulator/base/files.h"

namespace gantry::runtime {
bool parse_host_mapping(const char* line, HostMapping& mapping) {
  unsigned long start, end, offset, inode;
  unsigned major, minor;
  int name = 0;
  if (std::sscanf(line, "%lx-%lx %*s %lx %x:%x %lu %n", &start, &end, &offset, &major, &minor,
                  &inode, &name) < 6) {
    return false;
  }
  mapping = {start, end, offset, makedev(major, minor), inode, line + name};
  return true;
}

std::vector<HostMapping> read_host_maps() {
  std::vector<HostMapping> maps;
  std::string text = read_whole_file("/proc/self/maps");
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    HostMapping mapping;
    if (parse_host_mapping(text.substr(at, end - at).c_str(), mapping)) maps.push_back(mapping);
    at = end + 1;
  }
  return maps;
}

const HostMapping* find_host_mapping(const std::vector<HostMapping>& maps, u64 address) {
  auto after = [](u64 value, const HostMapping& mapping) { return value < mapping.end; };
  auto it = std::upper_bound(maps.begin(), maps.end(), address, after);
  return it != maps.end() && it->start <= address ? &*it : nullptr;
}

}  // namespace gantry::runtime

#include "runtime/memory/host_maps.h"

#include <algorithm>

#include "emulator/base/files.h"
#include "emulator/base/mapped_file.h"

namespace gantry::runtime {

std::vector<HostMapping> read_host_maps() {
  std::vector<HostMapping> maps;
  std::string text = read_whole_file("/proc/self/maps");
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    MappingLine m;
    if (parse_mapping(line.c_str(), m)) {
      maps.push_back({m.start, m.end, m.offset, m.device, m.inode, m.name});
    }
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

#include "emulator/base/perf_map.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "emulator/base/format.h"

namespace gantry {
namespace {

std::atomic<int> map_descriptor = -1;

}  // namespace

void set_perf_map_descriptor(int descriptor) { map_descriptor = descriptor; }
int perf_map_descriptor() { return map_descriptor; }

void add_to_perf_map(const void* code, u64 bytes, const std::string& name) {
  if (map_descriptor < 0) return;
  int saved = errno;
  std::string line = format("%lx %lx %s\n", reinterpret_cast<u64>(code), bytes, name.c_str());
  [[maybe_unused]] ssize_t written = write(map_descriptor, line.data(), line.size());
  errno = saved;
}

}  // namespace gantry

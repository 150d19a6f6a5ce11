#include "emulator/base/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace gantry {

void check_failed(const char* file, int line, const char* text) {
  char buffer[512];
  int size =
      std::snprintf(buffer, sizeof buffer, "gantry: %s:%d: CHECK failed: %s\n", file, line, text);
  if (size > static_cast<int>(sizeof buffer) - 1) size = sizeof buffer - 1;
  [[maybe_unused]] auto ignored = ::write(2, buffer, static_cast<std::size_t>(size));
  std::abort();
}

}  // namespace gantry

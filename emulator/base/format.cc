#include "emulator/base/format.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace gantry {

std::string format(const char* pattern, ...) {
  char buffer[160];
  va_list arguments, again;
  va_start(arguments, pattern);
  va_copy(again, arguments);
  int size = std::max(0, std::vsnprintf(buffer, sizeof buffer, pattern, arguments));
  va_end(arguments);
  auto length = static_cast<std::size_t>(size);
  std::string text(buffer, std::min(length, sizeof buffer - 1));
  if (length >= sizeof buffer) {
    text.resize(length);
    std::vsnprintf(text.data(), length + 1, pattern, again);
  }
  va_end(again);
  return text;
}

}  // namespace gantry

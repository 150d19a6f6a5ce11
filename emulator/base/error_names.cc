#include "emulator/base/error_names.h"

#include <cstring>

namespace gantry {

int error_number(std::string_view name) {
  constexpr int kLastError = 133;
  for (int error = 1; error <= kLastError; error++) {
    const char* candidate = strerrorname_np(error);
    if (candidate && name == candidate) return error;
  }
  return 0;
}

}  // namespace gantry

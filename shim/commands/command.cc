#include "shim/commands/command.h"

#include <cstdio>

namespace gantry {

int report(const Result<void>& result) {
  if (result) return 0;
  std::fprintf(stderr, "gantry: %s\n", result.error().message.c_str());
  return 1;
}

}  // namespace gantry

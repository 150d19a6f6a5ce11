#include "shim/commands/command.h"

#include <cstdio>

namespace gantry {

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

int report(const Result<void>& result) {
  if (result) return 0;
  std::fprintf(stderr, "gantry: %s\n", result.error().message.c_str());
  return 1;
}

}  // namespace gantry

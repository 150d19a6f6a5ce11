#include "emulator/base/check.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace gantry {
namespace {

std::atomic<void (*)()> reporter = nullptr;

}  // namespace

void set_check_reporter(void (*report)()) { reporter = report; }

void check_failed(const char* file, int line, const char* text) {
  char buffer[512];
  int size =
      std::snprintf(buffer, sizeof buffer, "gantry: %s:%d: CHECK failed: %s\n", file, line, text);
  if (size > static_cast<int>(sizeof buffer) - 1) size = sizeof buffer - 1;
  [[maybe_unused]] auto ignored = ::write(2, buffer, static_cast<std::size_t>(size));
  if (auto* report = reporter.exchange(nullptr)) report();
  std::abort();
}

}  // namespace gantry

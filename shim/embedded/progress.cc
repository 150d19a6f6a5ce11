#include "shim/embedded/progress.h"

#include <unistd.h>

#include <cstdio>

namespace gantry {
namespace {

double mebibytes(u64 bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string amount(const UnpackProgress& progress) {
  char text[64];
  if (progress.total > 0) {
    std::snprintf(text, sizeof text, "%.1f of %.1f MiB", mebibytes(progress.done),
                  mebibytes(progress.total));
  } else {
    std::snprintf(text, sizeof text, "%.1f MiB", mebibytes(progress.done));
  }
  return text;
}

void show_on_terminal(const UnpackProgress& progress) {
  bool is_last = progress.is_complete && progress.layer == progress.layers;
  // ECMA-48: erase to the end of the line.
  std::fprintf(stderr, "\runpacking layer %zu of %zu: %s\033[K%s", progress.layer, progress.layers,
               amount(progress).c_str(), is_last ? "\n" : "");
}

void show_as_line(const UnpackProgress& progress) {
  if (!progress.is_complete) return;
  std::fprintf(stderr, "unpacked layer %zu of %zu: %.1f MiB\n", progress.layer, progress.layers,
               mebibytes(progress.done));
}

}  // namespace

ShowProgress progress_printer(bool is_quiet) {
  if (is_quiet) return nullptr;
  return ::isatty(STDERR_FILENO) ? show_on_terminal : show_as_line;
}

}  // namespace gantry

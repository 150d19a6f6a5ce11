#include "emulator/jit/reserve.h"

#include <sys/mman.h>

#include <algorithm>

namespace gantry::jit {

void* reserve(u64 bytes, int protection, u64 in_small_pages) {
  void* at = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  // Kernels without huge pages refuse, and need not be told.
  madvise(at, std::min(bytes, in_small_pages), MADV_NOHUGEPAGE);
  return at;
}

}  // namespace gantry::jit

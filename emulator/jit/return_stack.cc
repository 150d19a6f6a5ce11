#include "emulator/jit/return_stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "emulator/base/check.h"

namespace gantry::jit {

u64 ReturnStack::reset() {
  if (begin_ == 0) {
    bytes_ = std::max<u64>(16384, static_cast<u64>(sysconf(_SC_PAGESIZE)));
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* memory = mmap(nullptr, 3 * bytes_, PROT_NONE, kFlags, -1, 0);
    CHECK(memory != MAP_FAILED);
    begin_ = reinterpret_cast<u64>(memory) + bytes_;
    CHECK(mprotect(reinterpret_cast<void*>(begin_), bytes_, PROT_READ | PROT_WRITE) == 0);
  }
  // That is nobody's address.
  std::memset(reinterpret_cast<void*>(begin_), 0xff, bytes_);
  return begin_ + bytes_ / 2;
}

void ReturnStack::release() {
  if (begin_ != 0) munmap(reinterpret_cast<void*>(begin_ - bytes_), 3 * bytes_);
  begin_ = 0;
}

}  // namespace gantry::jit

#include "emulator/jit/jump_table.h"

#include <sys/mman.h>

#include "emulator/base/bits.h"
#include "emulator/jit/reserve.h"

namespace gantry::jit {
namespace {

// The part that is aligned of twice as much.
void* reserve_aligned(u64 bytes) {
  void* memory = reserve(2 * bytes, PROT_READ | PROT_WRITE);
  if (!memory) return nullptr;
  auto begin = reinterpret_cast<u64>(memory), aligned = align_up(begin, bytes);
  if (aligned != begin) munmap(memory, aligned - begin);
  munmap(reinterpret_cast<void*>(aligned + bytes), begin + bytes - aligned);
  return reinterpret_cast<void*>(aligned);
}

}  // namespace

// Private memory that is given back is zero when it is read again (madvise(2), MADV_DONTNEED). No
// entry that is zero is found, as its address is that of another entry, but the first.
bool JumpTable::clear() {
  if (entries_) {
    madvise(entries_, kBytes, MADV_DONTNEED);
  } else {
    entries_ = static_cast<Entry*>(reserve_aligned(kBytes));
    if (!entries_) return false;
  }
  entries_[0] = {~u64{0}, nullptr};
  return true;
}

void JumpTable::release() {
  if (entries_) munmap(entries_, kBytes);
  entries_ = nullptr;
}

}  // namespace gantry::jit

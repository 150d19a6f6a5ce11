// A call that may wait with another signal mask.
#pragma once

#include <type_traits>

#include "runtime/linux/syscall.h"
#include "runtime/signals/wait_mask.h"

namespace gantry::runtime {

// The size of the kernel's signal set, which every call that takes one checks.
constexpr u64 kSignalSetSize = 8;

// Returns wait(host_mask), a blocking_syscall() with the address of the mask to wait with: 0 when
// the guest gives none. `mask_size` is the guest's.
template <typename Wait>
s64 wait_with_mask(Task& task, GuestPtr<u64> mask, u64 mask_size, Wait wait) {
  if (!mask) return wait(u64{0});
  if (mask_size != kSignalSetSize) return -EINVAL;
  u64 guest_mask;
  if (!read_guest(task, mask, guest_mask)) return -EFAULT;
  WaitMask host(task, guest_mask);
  return host.finish(wait(host.host_mask()));
}

}  // namespace gantry::runtime

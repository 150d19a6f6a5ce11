// Calls that wait with another signal mask: pselect6, ppoll, epoll_pwait, rt_sigsuspend,
// io_pgetevents.
#pragma once

#include "runtime/core/task.h"

namespace gantry::runtime {

// Use: WaitMask wait(task, guest_mask); r = blocking_syscall(…, wait.host_mask(), 8);
// return wait.finish(r). After -EINTR the signal that interrupted is delivered under the mask of
// the wait, and its handler returns to the task's own mask, as the kernel does it.
class WaitMask {
 public:
  WaitMask(Task& task, u64 guest_mask);

  // The address of the mask for the host's call; eight bytes.
  u64 host_mask() const { return reinterpret_cast<u64>(&host_mask_); }
  s64 finish(s64 result);

 private:
  Task& task_;
  u64 host_mask_;
};

}  // namespace gantry::runtime

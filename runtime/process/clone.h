// clone(2) and what is made of it: threads, forks, children that borrow their parent's memory.
#pragma once

#include <vector>

#include "runtime/core/task.h"

namespace gantry::runtime {

// Flags that the build machine's headers may lack.
constexpr u64 kCloneClearSighand = u64{1} << 32;
constexpr u64 kCloneIntoCgroup = u64{1} << 33;

// The arguments of clone(2), clone3(2), fork(2) and vfork(2).
struct CloneRequest {
  u64 flags = 0;  // CLONE_*, without the exit signal
  int exit_signal = 0;
  u64 stack = 0;  // the child's stack pointer; 0: the parent's
  u64 pidfd = 0;
  u64 parent_tid = 0;
  u64 child_tid = 0;
  u64 tls = 0;
  std::vector<s32> set_tid;
  u64 cgroup = 0;
};

// The child's number, to the child 0; or -errno or kRestartSyscall.
s64 clone_task(Task& parent, const CloneRequest& request);

}  // namespace gantry::runtime

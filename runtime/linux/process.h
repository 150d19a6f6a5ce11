// Processes: fork(2), clone(2), execve(2), exit(2), wait(2).
#pragma once

#include <sys/resource.h>

#include "runtime/linux/syscall.h"

namespace gantry::runtime::sys {

// struct clone_args (clone(2)).
struct GuestCloneArgs {
  u64 flags;
  u64 pidfd;
  u64 child_tid;
  u64 parent_tid;
  u64 exit_signal;
  u64 stack;
  u64 stack_size;
  u64 tls;
  u64 set_tid;
  u64 set_tid_size;
  u64 cgroup;
};
static_assert(sizeof(GuestCloneArgs) == 88);

s64 fork(Task& task);
s64 vfork(Task& task);
s64 clone(Task& task, u64 flags, Address stack, GuestPtr<s32> parent_tid, GuestPtr<s32> child_tid,
          Address tls);
s64 clone3(Task& task, GuestPtr<GuestCloneArgs> arguments, Size size);
s64 execve(Task& task, Path path, Address argv, Address environment);
s64 execveat(Task& task, Fd directory, Path path, Address argv, Address environment, Flags flags);
s64 exit(Task& task, int status);
s64 exit_group(Task& task, int status);
s64 wait4(Task& task, Pid pid, GuestPtr<s32> status, Flags options, GuestPtr<rusage> usage);
s64 waitid(Task& task, int type, Pid id, GuestPtr<siginfo_t> info, Flags options,
           GuestPtr<rusage> usage);
s64 getpgrp(Task& task);
s64 getrlimit(Task& task, int resource, GuestPtr<rlimit> limit);
s64 setrlimit(Task& task, int resource, GuestPtr<rlimit> limit);

}  // namespace gantry::runtime::sys

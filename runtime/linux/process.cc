#include "runtime/linux/process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "runtime/process/clone.h"
#include "runtime/process/exec.h"
#include "runtime/process/exit.h"

namespace gantry::runtime::sys {
namespace {

constexpr u64 kExitSignalMask = 0xff;  // CSIGNAL

// execve(2), "Limits on size of arguments and environment".
constexpr u64 kMaxStringSize = 131072;
constexpr u64 kMaxTotalSize = 6 * 1024 * 1024;

// Adds the strings of a NULL-terminated array of pointers. 0 or -errno.
s64 read_strings(Task& task, Address array, std::vector<std::string>& strings, u64& total) {
  if (!array) return 0;
  for (u64 i = 0;; i++) {
    u64 address;
    if (!copy_in(task, &address, array.address + i * sizeof address, sizeof address))
      return -EFAULT;
    if (address == 0) return 0;
    std::string text;
    int error = copy_in_string(task, Path{address}, text, kMaxStringSize);
    if (error) return error == -ENAMETOOLONG ? -E2BIG : error;
    total += text.size() + 1 + sizeof address;
    if (total > kMaxTotalSize) return -E2BIG;
    strings.push_back(std::move(text));
  }
}

s64 execute_at(Task& task, int directory, Path path, Address argv, Address environment, u32 flags) {
  ExecRequest request;
  request.directory_fd = directory;
  request.flags = static_cast<int>(flags);
  u64 total = 0;
  if (int error = copy_in_string(task, path, request.path)) return error;
  if (s64 error = read_strings(task, argv, request.argv, total)) return error;
  if (s64 error = read_strings(task, environment, request.environment, total)) return error;
  return execute(task, request);
}

// copy_struct_from_user(): a larger structure is fine if what we do not know of it is zero.
s64 read_clone_args(Task& task, GuestPtr<GuestCloneArgs> from, u64 size, GuestCloneArgs& args) {
  constexpr u64 kFirstVersion = 64;
  if (size > 4096) return -E2BIG;
  if (size < kFirstVersion) return -EINVAL;
  char bytes[4096] = {};
  if (!copy_in(task, bytes, from.address, size)) return -EFAULT;
  if (std::any_of(bytes + std::min<u64>(sizeof args, size), bytes + size,
                  [](char c) { return c != 0; })) {
    return -E2BIG;
  }
  std::memcpy(&args, bytes, sizeof args);
  return 0;
}

bool is_valid(const GuestCloneArgs& a) {
  constexpr u64 kDetached = CLONE_DETACHED;
  constexpr u64 kMaxLevels = 32;  // MAX_PID_NS_LEVEL
  if (a.flags & (kDetached | (kExitSignalMask & ~u64{CLONE_NEWTIME}))) return false;
  if ((a.flags & (CLONE_THREAD | CLONE_PARENT)) && a.exit_signal) return false;
  if (a.exit_signal > kSignalCount || a.set_tid_size > kMaxLevels) return false;
  if ((a.set_tid == 0) != (a.set_tid_size == 0)) return false;
  return (a.stack == 0) == (a.stack_size == 0);
}

}  // namespace

s64 fork(Task& task) { return clone_task(task, {.exit_signal = SIGCHLD, .set_tid = {}}); }

s64 vfork(Task& task) {
  return clone_task(task, {.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD, .set_tid = {}});
}

s64 clone(Task& task, u64 flags, Address stack, GuestPtr<s32> parent_tid, GuestPtr<s32> child_tid,
          Address tls) {
  flags &= 0xffffffff;
  if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID)) return -EINVAL;
  CloneRequest request = {
      .flags = flags & ~kExitSignalMask,
      .exit_signal = static_cast<int>(flags & kExitSignalMask),
      .stack = stack.address,
      .pidfd = parent_tid.address,  // the two flags share the argument (clone(2))
      .parent_tid = parent_tid.address,
      .child_tid = child_tid.address,
      .tls = tls.address,
      .set_tid = {},
  };
  return clone_task(task, request);
}

s64 clone3(Task& task, GuestPtr<GuestCloneArgs> arguments, Size size) {
  GuestCloneArgs args;
  if (s64 error = read_clone_args(task, arguments, size.value, args)) return error;
  if (!is_valid(args)) return -EINVAL;
  std::vector<s32> set_tid(args.set_tid_size);
  if (!copy_in(task, set_tid.data(), args.set_tid, args.set_tid_size * sizeof(s32))) return -EFAULT;
  CloneRequest request = {
      .flags = args.flags,
      .exit_signal = static_cast<int>(args.exit_signal),
      .stack = args.stack + args.stack_size,
      .pidfd = args.pidfd,
      .parent_tid = args.parent_tid,
      .child_tid = args.child_tid,
      .tls = args.tls,
      .set_tid = std::move(set_tid),
      .cgroup = args.cgroup,
  };
  return clone_task(task, request);
}

s64 execve(Task& task, Path path, Address argv, Address environment) {
  return execute_at(task, AT_FDCWD, path, argv, environment, 0);
}

s64 execveat(Task& task, Fd directory, Path path, Address argv, Address environment, Flags flags) {
  if (flags.value & ~u32{AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW}) return -EINVAL;
  return execute_at(task, directory.value, path, argv, environment, flags.value);
}

s64 exit(Task& task, int status) {
  task.exit_status = status;
  task.finished = true;
  return 0;
}

s64 exit_group(Task&, int status) { exit_process(status); }

s64 wait4(Task& task, Pid pid, GuestPtr<s32> status, Flags options, GuestPtr<rusage> usage) {
  // Into variables of ours: a child must not be lost because its status cannot be stored at once.
  s32 host_status = 0;
  rusage host_usage = {};
  s64 result = blocking_syscall(task, SYS_wait4, static_cast<u64>(static_cast<s64>(pid.value)),
                                reinterpret_cast<u64>(&host_status), options.value,
                                usage ? reinterpret_cast<u64>(&host_usage) : 0);
  if (result <= 0) return result;
  if (status && !write_guest(task, status, host_status)) return -EFAULT;
  if (usage && !write_guest(task, usage, host_usage)) return -EFAULT;
  return result;
}

s64 waitid(Task& task, int type, Pid id, GuestPtr<siginfo_t> info, Flags options,
           GuestPtr<rusage> usage) {
  siginfo_t host_info = {};
  rusage host_usage = {};
  s64 result = blocking_syscall(task, SYS_waitid, static_cast<u64>(static_cast<s64>(type)),
                                static_cast<u64>(static_cast<s64>(id.value)),
                                reinterpret_cast<u64>(&host_info), options.value,
                                usage ? reinterpret_cast<u64>(&host_usage) : 0);
  if (result < 0) return result;
  bool found = host_info.si_signo != 0;
  // The kernel writes the fields before si_pad only; the rest of the guest's structure stays.
  constexpr u64 kWritten = offsetof(siginfo_t, si_status) + sizeof(s32);
  if (info && !copy_out(task, info.address, &host_info, kWritten)) return -EFAULT;
  if (usage && found && !write_guest(task, usage, host_usage)) return -EFAULT;
  return result;
}

s64 getpgrp(Task&) { return host_syscall(SYS_getpgid, 0); }

// Some hosts have prlimit64 alone.
s64 getrlimit(Task&, int resource, GuestPtr<rlimit> limit) {
  return host_syscall(SYS_prlimit64, 0, static_cast<u64>(resource), 0, limit.address);
}

s64 setrlimit(Task&, int resource, GuestPtr<rlimit> limit) {
  return host_syscall(SYS_prlimit64, 0, static_cast<u64>(resource), limit.address, 0);
}

}  // namespace gantry::runtime::sys

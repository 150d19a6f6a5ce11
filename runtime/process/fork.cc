// Children with a copy of the memory.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "emulator/base/log.h"
#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"
#include "runtime/process/child.h"
#include "runtime/signals/deliver.h"

namespace gantry::runtime {
namespace {

// What the kernel must not do, as it is done for the guest's thread and not for the host's.
constexpr u64 kEmulatedFlags =
    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED;

// struct clone_args (clone(2)).
struct CloneArgs {
  u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
      set_tid_size, cgroup;
};
static_assert(sizeof(CloneArgs) == 88);

bool needs_clone3(const CloneRequest& r) {
  return (r.flags & (kCloneClearSighand | kCloneIntoCgroup)) || !r.set_tid.empty();
}

s64 host_clone(const CloneRequest& r, int* pidfd) {
  u64 flags = r.flags & ~kEmulatedFlags;
  if (!needs_clone3(r)) {
    return host_syscall(SYS_clone, flags | static_cast<u64>(r.exit_signal), 0,
                        reinterpret_cast<u64>(pidfd));
  }
  CloneArgs args = {};
  args.flags = flags;
  args.pidfd = reinterpret_cast<u64>(pidfd);
  args.exit_signal = static_cast<u64>(r.exit_signal);
  args.set_tid = r.set_tid.empty() ? 0 : reinterpret_cast<u64>(r.set_tid.data());
  args.set_tid_size = r.set_tid.size();
  args.cgroup = r.cgroup;
  return host_syscall(SYS_clone3, reinterpret_cast<u64>(&args), sizeof args);
}

// A plain fork goes through our libc, which puts its locks (malloc's above all) into order in the
// child. It has no such call for anything else: a guest that has threads and asks for new
// namespaces or another exit signal risks a child that waits for a lock of a thread that it does
// not have.
s64 fork_host(const CloneRequest& r, int* pidfd) {
  bool is_plain = !(r.flags & ~kEmulatedFlags) && r.exit_signal == SIGCHLD && r.set_tid.empty();
  if (!is_plain) return host_clone(r, pidfd);
  pid_t pid = ::fork();
  return pid < 0 ? -errno : pid;
}

void start_child(Task& task, const CloneRequest& request) {
  TaskSignals& s = task.signals;
  s.held = 0;
  s.has_saved_mask = false;
  set_child_registers(task, request);
  CloneRequest own = request;
  own.flags &= ~u64{CLONE_PARENT_SETTID};
  store_child_tids(task, own, host_syscall(SYS_gettid));
  if (request.flags & kCloneClearSighand) clear_handlers(*task.process);
}

void finish_parent(Task& task, const CloneRequest& request, s64 pid, int pidfd) {
  if (request.flags & CLONE_PARENT_SETTID) {
    static_cast<void>(write_guest(task, GuestPtr<s32>{request.parent_tid}, static_cast<s32>(pid)));
  }
  if (request.flags & CLONE_PIDFD) {
    static_cast<void>(write_guest(task, GuestPtr<s32>{request.pidfd}, s32{pidfd}));
  }
}

}  // namespace

s64 fork_process(Task& parent, const CloneRequest& request) {
  lock_actions();
  engine::lock_code_store();  // in this order, as whoever looks there asks for mappings
  parent.process->memory->lock_for_fork();
  engine::lock_for_fork();
  int pidfd = -1;
  s64 pid = fork_host(request, &pidfd);
  engine::unlock_after_fork(parent, pid == 0);
  parent.process->memory->unlock_after_fork();
  engine::unlock_code_store(pid == 0);
  unlock_actions();
  if (pid == 0) {
    start_child(parent, request);
  } else if (pid > 0) {
    finish_parent(parent, request, pid, pidfd);
  }
  LOG(kProcess, "fork with flags %#lx: %ld", static_cast<unsigned long>(request.flags),
      static_cast<long>(pid));
  return pid;
}

}  // namespace gantry::runtime

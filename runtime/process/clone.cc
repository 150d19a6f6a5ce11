#include "runtime/process/clone.h"

#include <sched.h>

#include <cerrno>

#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"
#include "runtime/process/child.h"
#include "runtime/signals/deliver.h"
#include "runtime/signals/handlers.h"

namespace gantry::runtime {
namespace {

bool has_all(u64 flags, u64 wanted) { return (flags & wanted) == wanted; }

// The checks of copy_process() (kernel/fork.c) that come before anything is done.
bool is_valid(const CloneRequest& r) {
  if (has_all(r.flags, CLONE_NEWNS | CLONE_FS) || has_all(r.flags, CLONE_NEWUSER | CLONE_FS))
    return false;
  if ((r.flags & CLONE_THREAD) && !(r.flags & CLONE_SIGHAND)) return false;
  if ((r.flags & CLONE_SIGHAND) && !(r.flags & CLONE_VM)) return false;
  if ((r.flags & CLONE_THREAD) && (r.flags & (CLONE_NEWUSER | CLONE_NEWPID))) return false;
  if ((r.flags & kCloneClearSighand) && (r.flags & CLONE_SIGHAND)) return false;
  return r.exit_signal >= 0 && r.exit_signal <= kSignalCount;
}

}  // namespace

void set_child_registers(Task& task, const CloneRequest& request) {
  guest::Cpu& cpu = task.cpu;
  cpu.gpr[guest::kRax] = 0;
  if (request.stack) cpu.gpr[guest::kRsp] = request.stack;
  if (request.flags & CLONE_SETTLS) cpu.fs_base = request.tls;
  // sas_ss_reset() in copy_process().
  bool shares_memory = (request.flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM;
  if (shares_memory) task.signals.alternate = {.flags = SS_DISABLE};
}

Task* new_child_task(const Task& parent, const CloneRequest& request) {
  auto* child = new Task;
  child->cpu = parent.cpu;
  child->cpu.recovery = nullptr;
  child->cpu.interrupt = 0;
  child->os = parent.os;
  child->process = parent.process;
  child->signals.mask = parent.signals.mask;
  child->signals.alternate = parent.signals.alternate;
  set_child_registers(*child, request);
  return child;
}

void store_child_tids(Task& child, const CloneRequest& request, s64 tid) {
  auto number = static_cast<s32>(tid);
  // The kernel ignores addresses that cannot be written.
  if (request.flags & CLONE_PARENT_SETTID) {
    static_cast<void>(write_guest(child, GuestPtr<s32>{request.parent_tid}, number));
  }
  if (request.flags & CLONE_CHILD_SETTID) {
    static_cast<void>(write_guest(child, GuestPtr<s32>{request.child_tid}, number));
  }
  child.clear_child_tid = request.flags & CLONE_CHILD_CLEARTID ? request.child_tid : 0;
}

void clear_handlers(Process& process) {
  for (int signal = 1; signal <= kSignalCount; signal++) {
    bool handled = guest_action(process, signal).handler > kHandlerIgnore;
    if (handled) exchange_action(process, signal, {});
  }
  install_fault_handlers();
}

s64 clone_task(Task& parent, const CloneRequest& request) {
  if (!is_valid(request)) return -EINVAL;
  if (!block_guest_signals(parent)) return kRestartSyscall;
  s64 result;
  if (request.flags & CLONE_THREAD) {
    result = create_thread(parent, request);
  } else if (request.flags & CLONE_VM) {
    result = create_borrower(parent, request);
  } else {
    result = fork_process(parent, request);
  }
  unblock_guest_signals(parent);
  return result;
}

}  // namespace gantry::runtime

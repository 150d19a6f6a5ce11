#include "runtime/process/exit.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <cerrno>

#include "runtime/core/report.h"
#include "runtime/linux/syscall.h"
#include "runtime/signals/deliver.h"
#include "runtime/signals/host_signals.h"

namespace gantry::runtime {
namespace {

// The list of robust futexes (Documentation/locking/robust-futex-ABI). The host kernel would walk
// the guest's by itself, as the layout is the same, but only after clear_child_tid was told, when
// the guest may have freed the thread's memory already.
struct RobustHead {
  u64 first;
  s64 futex_offset;
  u64 pending;
};

constexpr int kRobustListLimit = 2048;
constexpr u64 kPriorityInheriting = 1;  // bit 0 of an entry's address

bool compare_exchange(Task& task, u64 address, u32& expected, u32 desired) {
  return engine::guarded(task.cpu, [&] {
    expected =
        static_cast<u32>(guest::atomic_compare_exchange(task.cpu, 4, address, expected, desired));
  });
}

void wake(u64 address, int count) {
  host_syscall(SYS_futex, address, FUTEX_WAKE, static_cast<u64>(count));
}

// handle_futex_death(): marks the futex if this thread owns it and wakes one that waits.
void release_robust_futex(Task& task, u64 address, bool inheriting, bool pending) {
  u32 tid = static_cast<u32>(host_syscall(SYS_gettid));
  u32 value;
  if (address % 4 != 0 || !read_guest(task, GuestPtr<u32>{address}, value)) return;
  // An unlock may have been interrupted between the store and the wake.
  if (pending && !inheriting && value == 0) return wake(address, 1);
  while ((value & FUTEX_TID_MASK) == tid) {
    u32 seen = value;
    if (!compare_exchange(task, address, seen, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED)) return;
    if (seen == value) {
      if (!inheriting && (value & FUTEX_WAITERS)) wake(address, 1);
      return;
    }
    value = seen;
  }
}

// exit_robust_list(), kernel/futex/core.c.
void release_robust_list(Task& task, u64 head_address) {
  RobustHead head;
  if (!read_guest(task, GuestPtr<RobustHead>{head_address}, head)) return;
  u64 entry = head.first;
  for (int i = 0; i < kRobustListLimit; i++) {
    u64 node = entry & ~kPriorityInheriting;
    if (node == head_address) break;
    u64 next;
    bool read = read_guest(task, GuestPtr<u64>{node}, next);
    if (node != (head.pending & ~kPriorityInheriting)) {
      release_robust_futex(task, node + static_cast<u64>(head.futex_offset),
                           entry & kPriorityInheriting, false);
    }
    if (!read) return;
    entry = next;
  }
  u64 pending = head.pending & ~kPriorityInheriting;
  if (pending == 0) return;
  release_robust_futex(task, pending + static_cast<u64>(head.futex_offset),
                       head.pending & kPriorityInheriting, true);
}

void release_robust_futexes(Task& task) {
  u64 head = 0;
  u64 size = 0;
  host_syscall(SYS_get_robust_list, 0, reinterpret_cast<u64>(&head), reinterpret_cast<u64>(&size));
  // Our libc has a list, too, which is empty.
  host_syscall(SYS_set_robust_list, 0, sizeof(RobustHead));
  if (head != 0) release_robust_list(task, head);
}

void tell_clear_child_tid(Task& task) {
  if (task.clear_child_tid == 0) return;
  GuestPtr<u32> address{task.clear_child_tid};
  if (write_guest(task, address, u32{0})) wake(address.address, 1);
}

// What the kernel does for a thread that ends (mm_release(), kernel/fork.c).
void release_thread(Task* task) {
  // A signal for the process must now go to another thread.
  set_host_mask(kAllSignals & ~kFaultSignals);
  return_stored_signal(*task);
  release_robust_futexes(*task);
  tell_clear_child_tid(*task);
}

}  // namespace

void exit_process(int status) {
  engine::save_translated_code();
  if (Task* task = current_task()) report_statistics(*task);
  host_syscall(SYS_exit_group, static_cast<u64>(static_cast<u32>(status)));
  __builtin_trap();
}

void run_task(Task* task) {
  engine::run(*task);
  int status = task->exit_status;
  release_thread(task);
  // A return would end the process, with the status 0, when this thread is the last of our libc's.
  if (host_syscall(SYS_gettid) != host_syscall(SYS_getpid)) {
    set_current_task(nullptr);
    delete task;
    return;
  }
  while (true) host_syscall(SYS_exit, static_cast<u64>(static_cast<u32>(status)));
}

}  // namespace gantry::runtime

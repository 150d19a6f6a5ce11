// Task: a guest thread. It is a host thread, too: gettid() is the same number for both.
#pragma once

#include <string>

#include "emulator/engine/thread.h"
#include "runtime/core/guest_pointer.h"
#include "runtime/signals/signal_state.h"

namespace gantry::runtime {

struct Process;

struct Task : engine::Thread {
  Process* process = nullptr;
  TaskSignals signals;

  // set_tid_address(2), CLONE_CHILD_CLEARTID: zeroed and woken when the thread ends; 0 for none.
  u64 clear_child_tid = 0;
  int exit_status = 0;
};

// The Task of the calling host thread; nullptr in threads of our own and before the first starts.
Task* current_task();
void set_current_task(Task* task);

// --- guest memory, for syscalls. All return false (EFAULT) on a fault, with nothing else changed.

bool copy_in(Task& task, void* to, u64 from, u64 size);
bool copy_out(Task& task, u64 to, const void* from, u64 size);

template <typename T>
bool read_guest(Task& task, GuestPtr<T> from, T& to) {
  return copy_in(task, &to, from.address, sizeof(T));
}
template <typename T>
bool write_guest(Task& task, GuestPtr<T> to, const T& from) {
  return copy_out(task, to.address, &from, sizeof(T));
}

// A NUL-terminated string of at most `limit` bytes. 0, -EFAULT or -ENAMETOOLONG.
int copy_in_string(Task& task, Path from, std::string& to, u64 limit = 4096);

}  // namespace gantry::runtime

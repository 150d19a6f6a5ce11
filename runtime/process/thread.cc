// Guest threads: host threads of our libc, so that its functions work in them.
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"
#include "runtime/process/child.h"
#include "runtime/process/exit.h"
#include "runtime/signals/deliver.h"
#include "runtime/signals/handlers.h"

namespace gantry::runtime {
namespace {

// The guest's stack is elsewhere: this is for the interpreter and the system calls.
constexpr u64 kHostStackSize = 512 * 1024;

struct ThreadStart {
  Task* task;
  const CloneRequest* request;
  std::atomic<s32> tid{0};  // of the new thread, once it needs this structure no longer
};

// A thread of pthread_create() shares what guests need not share.
void unshare_rest(u64 flags) {
  u64 missing = ~flags & (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM);
  if (missing) host_syscall(SYS_unshare, missing);
}

void* thread_main(void* argument) {
  auto& start = *static_cast<ThreadStart*>(argument);
  Task* task = start.task;
  set_current_task(task);
  unshare_rest(start.request->flags);
  s64 tid = host_syscall(SYS_gettid);
  store_child_tids(*task, *start.request, tid);
  start.tid.store(static_cast<s32>(tid));
  start.tid.notify_one();

  // All signals have been blocked since pthread_create(): none is lost.
  unblock_guest_signals(*task);
  run_task(task);
  return nullptr;
}

// The first pthread_create() takes signal 33 for our libc's own setxid(), which nobody calls: the
// guest's libc has its own use for it.
void give_signal_back(const Process& process) {
  constexpr int kSetxidSignal = 33;
  static std::atomic_flag done = ATOMIC_FLAG_INIT;
  if (!done.test_and_set()) install_action(kSetxidSignal, guest_action(process, kSetxidSignal));
}

}  // namespace

int start_host_thread(const Process& process, void* (*main)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, std::max<u64>(kHostStackSize, PTHREAD_STACK_MIN));
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, main, argument);
  pthread_attr_destroy(&attributes);
  give_signal_back(process);
  return error;
}

s64 create_thread(Task& parent, const CloneRequest& request) {
  if (request.flags & (CLONE_PIDFD | CLONE_NEWNS)) return -EINVAL;
  engine::share_memory();
  ThreadStart start{new_child_task(parent, request), &request};
  if (int error = start_host_thread(*parent.process, thread_main, &start)) {
    delete start.task;
    return -error;
  }
  start.tid.wait(0);
  return start.tid.load();
}

}  // namespace gantry::runtime

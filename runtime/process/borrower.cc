// Children that borrow their parent's memory: vfork(2), posix_spawn(3) and other uses of CLONE_VM
// without CLONE_THREAD.
//
// The child is a process of its own on the host, too, with the same memory. It needs a host stack,
// and a thread-local storage that no running thread uses. With CLONE_VFORK that is the parent
// thread's, as the kernel stops the parent until the child has left. Without it a helper thread is
// made that gives its own and waits.
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "emulator/base/log.h"
#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"
#include "runtime/process/child.h"
#include "runtime/process/exit.h"
#include "runtime/signals/deliver.h"

namespace gantry::runtime {
namespace {

constexpr u64 kHostStackSize = 512 * 1024;
constexpr u64 kEmulatedFlags =
    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED;

class HostStack {
 public:
  HostStack() {
    void* memory = ::mmap(nullptr, kHostStackSize, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) memory_ = static_cast<char*>(memory);
  }
  ~HostStack() {
    if (memory_) ::munmap(memory_, kHostStackSize);
  }
  HostStack(const HostStack&) = delete;
  HostStack& operator=(const HostStack&) = delete;

  char* top() const { return memory_ ? memory_ + kHostStackSize : nullptr; }

 private:
  char* memory_ = nullptr;
};

struct BorrowerStart {
  Task* child = nullptr;
  const CloneRequest* request = nullptr;  // until `result` is set
  int pidfd = -1;
  std::atomic<s64> result{0};  // the child's number as soon as it runs, or -errno
};

int borrower_main(void* argument) {
  auto& start = *static_cast<BorrowerStart*>(argument);
  Task* child = start.child;
  set_current_task(child);
  s64 pid = host_syscall(SYS_getpid);
  store_child_tids(*child, *start.request, pid);
  if (start.request->flags & kCloneClearSighand) clear_handlers(*child->process);
  start.result.store(pid);
  start.result.notify_one();
  unblock_guest_signals(*child);
  run_task(child);
  return 0;
}

// Until the child executes another program or ends, the calling thread does not come back.
s64 clone_and_wait(BorrowerStart& start) {
  HostStack stack;
  if (!stack.top()) return -ENOMEM;
  Task* self = current_task();
  u64 flags = (start.request->flags & ~kEmulatedFlags) | CLONE_VFORK;
  int pid = ::clone(borrower_main, stack.top(),
                    static_cast<int>(flags) | start.request->exit_signal, &start, &start.pidfd);
  set_current_task(self);
  engine::stop_using_code(*start.child);
  return pid < 0 ? -errno : pid;
}

void* donor_main(void* argument) {
  auto* owned = static_cast<std::shared_ptr<BorrowerStart>*>(argument);
  BorrowerStart& start = **owned;
  Task* child = start.child;
  Process* process = child->process;
  bool owns_process = !(start.request->flags & CLONE_SIGHAND);
  s64 result = clone_and_wait(start);
  // There is no child, or it was killed before it could tell.
  s64 untold = 0;
  if (start.result.compare_exchange_strong(untold, result)) start.result.notify_one();
  delete child;
  if (owns_process) delete process;
  delete owned;
  return nullptr;
}

// The parent goes on as soon as the child runs, and with it its stack.
s64 run_beside(const std::shared_ptr<BorrowerStart>& start) {
  engine::share_memory();
  auto* donors = new std::shared_ptr<BorrowerStart>(start);
  if (int error = start_host_thread(*start->child->process, donor_main, donors)) {
    delete donors;
    return -error;
  }
  start->result.wait(0);
  return start->result.load();
}

s64 run_instead(BorrowerStart& start) {
  Process* process = start.child->process;
  s64 result = clone_and_wait(start);
  delete start.child;
  if (!(start.request->flags & CLONE_SIGHAND)) delete process;
  return result;
}

}  // namespace

s64 create_borrower(Task& parent, const CloneRequest& request) {
  // clone3's own flags do not fit through clone(2), which is the one that takes a stack for our
  // libc.
  if ((request.flags & kCloneIntoCgroup) || !request.set_tid.empty()) {
    LOG(kWarning, "clone3 with CLONE_VM and a cgroup or chosen numbers is not supported");
    return -EINVAL;
  }
  auto start = std::make_shared<BorrowerStart>();
  start->child = new_child_task(parent, request);
  start->request = &request;
  // Without CLONE_SIGHAND the dispositions are the child's own, and with them all that we keep of
  // it.
  if (!(request.flags & CLONE_SIGHAND)) start->child->process = new Process(*parent.process);
  s64 result = request.flags & CLONE_VFORK ? run_instead(*start) : run_beside(start);
  if (result > 0 && (request.flags & CLONE_PIDFD)) {
    static_cast<void>(write_guest(parent, GuestPtr<s32>{request.pidfd}, s32{start->pidfd}));
  }
  return result;
}

}  // namespace gantry::runtime

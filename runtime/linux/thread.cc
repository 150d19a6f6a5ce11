#include "runtime/linux/thread.h"

#include <linux/prctl.h>
#include <sys/syscall.h>

#include <algorithm>

#include "emulator/base/log.h"
#include "runtime/core/process.h"

// Options that the build machine's headers may lack.
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

namespace gantry::runtime::sys {
namespace {

// arch/x86/include/uapi/asm/prctl.h.
constexpr int kSetGs = 0x1001;
constexpr int kSetFs = 0x1002;
constexpr int kGetFs = 0x1003;
constexpr int kGetGs = 0x1004;
constexpr int kGetCpuid = 0x1011;
constexpr int kSetCpuid = 0x1012;

constexpr int kTscEnabled = 1;  // PR_TSC_ENABLE

s64 set_base(u64& base, u64 address) {
  if (address >= kTaskSize) return -EPERM;
  base = address;
  return 0;
}

// Options that mean the same for the host's thread or process as for the guest's. The others belong
// to one architecture, or would change how the emulator itself executes.
constexpr int kPassed[] = {
    PR_SET_PDEATHSIG,
    PR_GET_PDEATHSIG,
    PR_GET_DUMPABLE,
    PR_SET_DUMPABLE,
    PR_GET_KEEPCAPS,
    PR_SET_KEEPCAPS,
    PR_GET_TIMING,
    PR_SET_TIMING,
    PR_SET_NAME,
    PR_GET_NAME,
    PR_CAPBSET_READ,
    PR_CAPBSET_DROP,
    PR_GET_SECUREBITS,
    PR_SET_SECUREBITS,
    PR_SET_TIMERSLACK,
    PR_GET_TIMERSLACK,
    PR_TASK_PERF_EVENTS_DISABLE,
    PR_TASK_PERF_EVENTS_ENABLE,
    PR_MCE_KILL,
    PR_MCE_KILL_GET,
    PR_SET_CHILD_SUBREAPER,
    PR_GET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    PR_GET_NO_NEW_PRIVS,
    PR_SET_THP_DISABLE,
    PR_GET_THP_DISABLE,
    PR_CAP_AMBIENT,
    PR_GET_SPECULATION_CTRL,
    PR_SET_SPECULATION_CTRL,
    PR_SET_IO_FLUSHER,
    PR_GET_IO_FLUSHER,
    PR_SET_PTRACER,
    PR_SET_VMA,
};

bool is_passed(int operation) {
  return std::find(std::begin(kPassed), std::end(kPassed), operation) != std::end(kPassed);
}

s64 refuse_seccomp() {
  LOG(kWarning, "prctl(PR_SET_SECCOMP): filters of the guest's are not supported");
  return -EINVAL;
}

s64 get_auxv(Task& task, u64 address, u64 size) {
  const std::string& auxv = task.process->image.auxv;
  if (!copy_out(task, address, auxv.data(), std::min<u64>(size, auxv.size()))) return -EFAULT;
  return static_cast<s64>(auxv.size());
}

}  // namespace

s64 set_tid_address(Task& task, Address address) {
  task.clear_child_tid = address.address;
  return host_syscall(SYS_gettid);
}

s64 arch_prctl(Task& task, int operation, Address address) {
  guest::Cpu& cpu = task.cpu;
  GuestPtr<u64> result = address.as<u64>();
  switch (operation) {
    case kSetFs:
      return set_base(cpu.fs_base, address.address);
    case kSetGs:
      return set_base(cpu.gs_base, address.address);
    case kGetFs:
      return write_guest(task, result, cpu.fs_base) ? 0 : -EFAULT;
    case kGetGs:
      return write_guest(task, result, cpu.gs_base) ? 0 : -EFAULT;
    case kGetCpuid:
      return 1;
    case kSetCpuid:
      return -ENODEV;
    default:
      return -EINVAL;
  }
}

s64 prctl(Task& task, int operation, u64 a, u64 b, u64 c, u64 d) {
  if (is_passed(operation)) return host_syscall(SYS_prctl, static_cast<u64>(operation), a, b, c, d);
  switch (operation) {
    case PR_GET_TSC:
      return write_guest(task, GuestPtr<s32>{a}, s32{kTscEnabled}) ? 0 : -EFAULT;
    case PR_SET_TSC:
      return a == kTscEnabled ? 0 : -EINVAL;
    case PR_GET_TID_ADDRESS:
      return write_guest(task, GuestPtr<u64>{a}, task.clear_child_tid) ? 0 : -EFAULT;
    case PR_GET_SECCOMP:
      return 0;
    case PR_SET_SECCOMP:
      return refuse_seccomp();
    case PR_GET_AUXV:
      return c || d ? -EINVAL : get_auxv(task, a, b);
    case PR_SET_MM:
      return -EPERM;  // as without CAP_SYS_RESOURCE
    default:
      return -EINVAL;
  }
}

}  // namespace gantry::runtime::sys

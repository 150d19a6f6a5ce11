#include "runtime/linux/ipc.h"

#include <cerrno>

#include "runtime/linux/abi/ipc.h"
#include "runtime/linux/host_numbers.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime::sys {
namespace {

using syscall_internal::raw;

constexpr int kSemStatAny = 20;  // SEM_STAT_ANY, Linux 4.17

s64 host_semctl(int id, int number, int command, u64 argument) {
  return host_syscall(SYS_semctl, raw(id), raw(number), raw(command), argument);
}

s64 get_status(Task& task, int id, int number, int command, GuestPtr<abi::SemidDs> to) {
  abi::HostSemidDs status;
  s64 result = host_semctl(id, number, command, reinterpret_cast<u64>(&status));
  if (result < 0) return result;
  return write_guest(task, to, abi::to_guest(status)) ? result : -EFAULT;
}

// IPC_SET reads the permissions alone.
s64 set_status(Task& task, int id, int number, GuestPtr<abi::SemidDs> from) {
  abi::SemidDs given;
  if (!read_guest(task, from, given)) return -EFAULT;
  abi::HostSemidDs status = {};
  status.perm = given.perm;
  return host_semctl(id, number, IPC_SET, reinterpret_cast<u64>(&status));
}

}  // namespace

s64 semctl(Task& task, int id, int number, int command, Address argument) {
  switch (command) {
    case IPC_STAT:
    case SEM_STAT:
    case kSemStatAny:
      return get_status(task, id, number, command, argument.as<abi::SemidDs>());
    case IPC_SET:
      return set_status(task, id, number, argument.as<abi::SemidDs>());
    default:
      return host_semctl(id, number, command, argument.address);
  }
}

}  // namespace gantry::runtime::sys

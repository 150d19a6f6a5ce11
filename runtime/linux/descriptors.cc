#include "runtime/linux/descriptors.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "runtime/linux/abi/open_flags.h"
#include "runtime/linux/host_numbers.h"
#include "runtime/linux/paths.h"
#include "runtime/process/hidden_fds.h"

namespace gantry::runtime::sys {
namespace {

using syscall_internal::raw;

bool waits_for_lock(int command) { return command == F_SETLKW || command == F_OFD_SETLKW; }

s64 get_status_flags(Fd fd) {
  s64 flags = host_syscall(SYS_fcntl, raw(fd), F_GETFL);
  return flags < 0 ? flags : static_cast<s64>(abi::open_flags_to_guest(static_cast<u64>(flags)));
}

// Requests whose structures hold registers of the machine: KVM's (include/uapi/linux/kvm.h).
bool depends_on_architecture(u32 request) {
  constexpr u32 kKvm = 0xae;
  return _IOC_TYPE(request) == kKvm;
}

}  // namespace

s64 close(Task&, Fd fd) {
  if (is_hidden_fd(fd.value)) return -EBADF;
  return host_syscall(SYS_close, raw(fd));
}

// In parts around the descriptors of the emulator.
s64 close_range(Task& task, u32 first, u32 last, Flags flags) {
  std::vector<int> hidden = task.process->hidden_fds;
  std::sort(hidden.begin(), hidden.end());
  if (first > last) return -EINVAL;
  for (int fd : hidden) {
    auto number = static_cast<u32>(fd);
    if (number < first || number > last) continue;
    if (number > first) {
      s64 result = host_syscall(SYS_close_range, first, number - 1, flags.value);
      if (result < 0) return result;
    }
    first = number + 1;
  }
  return first > last ? 0 : host_syscall(SYS_close_range, first, last, flags.value);
}

s64 dup(Task&, Fd fd) {
  if (is_hidden_fd(fd.value)) return -EBADF;
  return host_syscall(SYS_dup, raw(fd));
}

s64 dup2(Task& task, Fd old_fd, Fd new_fd) {
  if (old_fd.value != new_fd.value) return dup3(task, old_fd, new_fd, Flags{0});
  s64 result = fcntl(task, old_fd, F_GETFD, 0);
  return result < 0 ? result : new_fd.value;
}

s64 dup3(Task&, Fd old_fd, Fd new_fd, Flags flags) {
  if (is_hidden_fd(old_fd.value)) return -EBADF;
  yield_hidden_fd(new_fd.value);
  return host_syscall(SYS_dup3, raw(old_fd), raw(new_fd), flags.value);
}

s64 fcntl(Task& task, Fd fd, int command, u64 argument) {
  if (is_hidden_fd(fd.value)) return -EBADF;
  if (command == F_GETFL) return get_status_flags(fd);
  if (command == F_SETFL) argument = abi::open_flags_to_host(argument);
  if (waits_for_lock(command)) {
    return blocking_syscall(task, SYS_fcntl, raw(fd), raw(command), argument);
  }
  return host_syscall(SYS_fcntl, raw(fd), raw(command), argument);
}

s64 ioctl(Task& task, Fd fd, Request request, Address argument) {
  if (is_hidden_fd(fd.value)) return -EBADF;
  if (depends_on_architecture(request.value)) return -ENOTTY;
  return blocking_syscall(task, SYS_ioctl, raw(fd), request.value, argument.address);
}

s64 pipe(Task& task, Address fds) { return pipe2(task, fds, Flags{0}); }

s64 pipe2(Task&, Address fds, Flags flags) {
  return host_syscall(SYS_pipe2, fds.address, abi::open_flags_to_host(flags.value));
}

s64 eventfd(Task&, u32 initial) { return host_syscall(SYS_eventfd2, initial, 0); }

s64 inotify_init(Task&) { return host_syscall(SYS_inotify_init1, 0); }

s64 inotify_add_watch(Task& task, Fd fd, Path path, Flags mask) {
  GuestPath host(task, path, GuestPath::Follow::kYes);
  if (host.error()) return host.error();
  return host_syscall(SYS_inotify_add_watch, raw(fd), host.text_argument(), mask.value);
}

// The size has to be positive and means nothing (epoll_create(2)).
s64 epoll_create(Task&, int size) {
  return size <= 0 ? -EINVAL : host_syscall(SYS_epoll_create1, 0);
}

s64 fanotify_init(Task&, Flags flags, Flags event_flags) {
  return host_syscall(SYS_fanotify_init, flags.value, abi::open_flags_to_host(event_flags.value));
}

s64 fanotify_mark(Task& task, Fd fd, Flags flags, u64 mask, Fd directory, Path path) {
  // A null path stands for the directory descriptor itself.
  if (!path) return host_syscall(SYS_fanotify_mark, raw(fd), flags.value, mask, raw(directory), 0);
  GuestPath host(task, directory, path, GuestPath::Follow::kYes);
  if (host.error()) return host.error();
  return host_syscall(SYS_fanotify_mark, raw(fd), flags.value, mask, host.directory_argument(),
                      host.text_argument());
}

}  // namespace gantry::runtime::sys

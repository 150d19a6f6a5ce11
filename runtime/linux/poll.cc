#include "runtime/linux/poll.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include "runtime/linux/host_numbers.h"
#include "runtime/linux/waiting.h"

namespace gantry::runtime::sys {
namespace {

using syscall_internal::raw;

constexpr s64 kMicroseconds = 1000000;

timespec from_milliseconds(int timeout) { return {timeout / 1000, timeout % 1000 * 1000000L}; }

// select(2) accepts more than a second of microseconds (kern_select).
bool to_timespec(const timeval& from, timespec& to) {
  if (from.tv_sec < 0 || from.tv_usec < 0) return false;
  to = {from.tv_sec + from.tv_usec / kMicroseconds, from.tv_usec % kMicroseconds * 1000};
  return true;
}

// The events that one call returns at most; a guest that asks for more gets the others with its
// next call, as it does whenever more are ready than it asks for.
constexpr int kMaxEvents = 256;
constexpr int kHostMaxEvents = INT_MAX / static_cast<int>(sizeof(abi::EpollEvent));

struct Events {
  epoll_event host[kMaxEvents];

  u64 address() { return reinterpret_cast<u64>(host); }
  s64 give(Task& task, GuestPtr<abi::EpollEvent> to, s64 count) const {
    if (count <= 0) return count;
    abi::EpollEvent guest[kMaxEvents];
    std::transform(host, host + count, guest,
                   [](const epoll_event& e) { return abi::to_guest(e); });
    bool written = copy_out(task, to.address, guest, static_cast<u64>(count) * sizeof *guest);
    return written ? count : -EFAULT;
  }
};

template <typename Wait>
s64 wait_for_events(Task& task, GuestPtr<abi::EpollEvent> to, int count, GuestPtr<u64> mask,
                    u64 mask_size, Wait wait) {
  if (count <= 0 || count > kHostMaxEvents) return -EINVAL;
  Events events;
  u64 limit = static_cast<u64>(std::min(count, kMaxEvents));
  s64 result = wait_with_mask(task, mask, mask_size, [&](u64 host_mask) {
    return wait(events.address(), limit, host_mask);
  });
  return events.give(task, to, result);
}

}  // namespace

s64 poll(Task& task, GuestPtr<pollfd> fds, u64 count, int timeout) {
  timespec limit = from_milliseconds(timeout);
  u64 limit_address = timeout < 0 ? 0 : reinterpret_cast<u64>(&limit);
  return blocking_syscall(task, SYS_ppoll, fds.address, static_cast<u32>(count), limit_address, 0,
                          0);
}

s64 ppoll(Task& task, GuestPtr<pollfd> fds, u64 count, GuestPtr<timespec> timeout,
          GuestPtr<u64> mask, Size mask_size) {
  return wait_with_mask(task, mask, mask_size.value, [&](u64 host_mask) {
    return blocking_syscall(task, SYS_ppoll, fds.address, static_cast<u32>(count), timeout.address,
                            host_mask, kSignalSetSize);
  });
}

s64 select(Task& task, int count, Address read, Address write, Address except,
           GuestPtr<timeval> timeout) {
  timespec limit = {};
  if (timeout) {
    timeval given;
    if (!read_guest(task, timeout, given)) return -EFAULT;
    if (!to_timespec(given, limit)) return -EINVAL;
  }
  s64 result = blocking_syscall(task, SYS_pselect6, raw(count), read.address, write.address,
                                except.address, timeout ? reinterpret_cast<u64>(&limit) : 0, 0);
  // The kernel leaves the remaining time; when it cannot, the result counts (poll_select_finish).
  if (timeout && result != kRestartSyscall) {
    write_guest(task, timeout, timeval{limit.tv_sec, limit.tv_nsec / 1000});
  }
  return result;
}

s64 pselect6(Task& task, int count, Address read, Address write, Address except,
             GuestPtr<timespec> timeout, GuestPtr<MaskArgument> mask) {
  MaskArgument given = {};
  if (mask && !read_guest(task, mask, given)) return -EFAULT;
  return wait_with_mask(task, GuestPtr<u64>{given.mask}, given.size, [&](u64 host_mask) {
    MaskArgument host = {host_mask, kSignalSetSize};
    return blocking_syscall(task, SYS_pselect6, raw(count), read.address, write.address,
                            except.address, timeout.address, reinterpret_cast<u64>(&host));
  });
}

s64 epoll_ctl(Task& task, Fd epoll, int operation, Fd fd, GuestPtr<abi::EpollEvent> event) {
  if (operation == EPOLL_CTL_DEL) {
    return host_syscall(SYS_epoll_ctl, raw(epoll), EPOLL_CTL_DEL, raw(fd), 0);
  }
  abi::EpollEvent given;
  if (!read_guest(task, event, given)) return -EFAULT;
  epoll_event host = abi::to_host(given);
  return host_syscall(SYS_epoll_ctl, raw(epoll), raw(operation), raw(fd),
                      reinterpret_cast<u64>(&host));
}

s64 epoll_wait(Task& task, Fd epoll, GuestPtr<abi::EpollEvent> events, int count, int timeout) {
  return epoll_pwait(task, epoll, events, count, timeout, GuestPtr<u64>{0}, Size{0});
}

s64 epoll_pwait(Task& task, Fd epoll, GuestPtr<abi::EpollEvent> events, int count, int timeout,
                GuestPtr<u64> mask, Size mask_size) {
  return wait_for_events(task, events, count, mask, mask_size.value,
                         [&](u64 buffer, u64 limit, u64 host_mask) {
                           return blocking_syscall(task, SYS_epoll_pwait, raw(epoll), buffer, limit,
                                                   raw(timeout), host_mask, kSignalSetSize);
                         });
}

s64 epoll_pwait2(Task& task, Fd epoll, GuestPtr<abi::EpollEvent> events, int count,
                 GuestPtr<timespec> timeout, GuestPtr<u64> mask, Size mask_size) {
  return wait_for_events(
      task, events, count, mask, mask_size.value, [&](u64 buffer, u64 limit, u64 host_mask) {
        return blocking_syscall(task, SYS_epoll_pwait2, raw(epoll), buffer, limit, timeout.address,
                                host_mask, kSignalSetSize);
      });
}

}  // namespace gantry::runtime::sys

// Waiting for several descriptors: poll(2), select(2), epoll(7).
#pragma once

#include <poll.h>
#include <sys/time.h>

#include "runtime/core/task.h"
#include "runtime/linux/abi/epoll.h"

namespace gantry::runtime::sys {

// The sixth argument of pselect6: a mask and its size.
struct MaskArgument {
  u64 mask;
  u64 size;
};

s64 poll(Task& task, GuestPtr<pollfd> fds, u64 count, int timeout);
s64 ppoll(Task& task, GuestPtr<pollfd> fds, u64 count, GuestPtr<timespec> timeout,
          GuestPtr<u64> mask, Size mask_size);
s64 select(Task& task, int count, Address read, Address write, Address except,
           GuestPtr<timeval> timeout);
s64 pselect6(Task& task, int count, Address read, Address write, Address except,
             GuestPtr<timespec> timeout, GuestPtr<MaskArgument> mask);

s64 epoll_ctl(Task& task, Fd epoll, int operation, Fd fd, GuestPtr<abi::EpollEvent> event);
s64 epoll_wait(Task& task, Fd epoll, GuestPtr<abi::EpollEvent> events, int count, int timeout);
s64 epoll_pwait(Task& task, Fd epoll, GuestPtr<abi::EpollEvent> events, int count, int timeout,
                GuestPtr<u64> mask, Size mask_size);
s64 epoll_pwait2(Task& task, Fd epoll, GuestPtr<abi::EpollEvent> events, int count,
                 GuestPtr<timespec> timeout, GuestPtr<u64> mask, Size mask_size);

}  // namespace gantry::runtime::sys

// File descriptors: dup2(2), fcntl(2), ioctl(2), pipe(2), and the calls that make a descriptor of
// something that is not a file.
#pragma once

#include "runtime/core/task.h"

namespace gantry::runtime::sys {

s64 close(Task& task, Fd fd);
s64 close_range(Task& task, u32 first, u32 last, Flags flags);
s64 dup(Task& task, Fd fd);
s64 dup2(Task& task, Fd old_fd, Fd new_fd);
s64 dup3(Task& task, Fd old_fd, Fd new_fd, Flags flags);
s64 fcntl(Task& task, Fd fd, int command, u64 argument);
s64 ioctl(Task& task, Fd fd, Request request, Address argument);
s64 pipe(Task& task, Address fds);
s64 pipe2(Task& task, Address fds, Flags flags);

s64 eventfd(Task& task, u32 initial);
s64 inotify_init(Task& task);
s64 inotify_add_watch(Task& task, Fd fd, Path path, Flags mask);
s64 epoll_create(Task& task, int size);
s64 fanotify_init(Task& task, Flags flags, Flags event_flags);
s64 fanotify_mark(Task& task, Fd fd, Flags flags, u64 mask, Fd directory, Path path);

}  // namespace gantry::runtime::sys

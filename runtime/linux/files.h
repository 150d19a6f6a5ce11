// Opening files, their contents and their attributes: open(2), read(2), stat(2) …
#pragma once

#include <sys/statfs.h>

#include "runtime/core/task.h"
#include "runtime/linux/abi/stat.h"

struct open_how;
struct statx;

namespace gantry::runtime::sys {

s64 open(Task& task, Path path, Flags flags, Mode mode);
s64 openat(Task& task, Fd directory, Path path, Flags flags, Mode mode);
s64 openat2(Task& task, Fd directory, Path path, GuestPtr<open_how> how, Size size);
s64 creat(Task& task, Path path, Mode mode);
s64 open_by_handle_at(Task& task, Fd mount, Address handle, Flags flags);
s64 name_to_handle_at(Task& task, Fd directory, Path path, Address handle, Address mount_id,
                      Flags flags);

s64 stat(Task& task, Path path, GuestPtr<abi::Stat> to);
s64 lstat(Task& task, Path path, GuestPtr<abi::Stat> to);
s64 fstat(Task& task, Fd fd, GuestPtr<abi::Stat> to);
s64 newfstatat(Task& task, Fd directory, Path path, GuestPtr<abi::Stat> to, Flags flags);
s64 statx(Task& task, Fd directory, Path path, Flags flags, Flags mask,
          GuestPtr<struct ::statx> to);
s64 access(Task& task, Path path, Mode mode);
s64 faccessat(Task& task, Fd directory, Path path, Mode mode);
s64 faccessat2(Task& task, Fd directory, Path path, Mode mode, Flags flags);

}  // namespace gantry::runtime::sys

// Directories, links and what names a file: mkdir(2), rename(2), readlink(2), chmod(2),
// utimensat(2) …
#pragma once

#include <sys/time.h>
#include <utime.h>

#include "runtime/core/task.h"
#include "runtime/linux/abi/stat.h"

namespace gantry::runtime::sys {

s64 getdents(Task& task, Fd fd, Address entries, u32 size);
s64 getdents64(Task& task, Fd fd, Address entries, u32 size);

s64 mkdir(Task& task, Path path, Mode mode);
s64 rmdir(Task& task, Path path);
s64 mknod(Task& task, Path path, Mode mode, u32 device);
s64 unlink(Task& task, Path path);
s64 link(Task& task, Path old_path, Path new_path);
s64 symlink(Task& task, Path target, Path path);
s64 readlink(Task& task, Path path, Buffer to, int size);
s64 readlinkat(Task& task, Fd directory, Path path, Buffer to, int size);
s64 rename(Task& task, Path old_path, Path new_path);
s64 renameat(Task& task, Fd old_directory, Path old_path, Fd new_directory, Path new_path);

s64 chmod(Task& task, Path path, Mode mode);
s64 fchmodat(Task& task, Fd directory, Path path, Mode mode);
s64 fchmodat2(Task& task, Fd directory, Path path, Mode mode, Flags flags);
s64 chown(Task& task, Path path, int user, int group);
s64 lchown(Task& task, Path path, int user, int group);
s64 fchownat(Task& task, Fd directory, Path path, int user, int group, Flags flags);

s64 utime(Task& task, Path path, GuestPtr<utimbuf> times);
s64 utimes(Task& task, Path path, GuestPtr<timeval[2]> times);
s64 futimesat(Task& task, Fd directory, Path path, GuestPtr<timeval[2]> times);
s64 utimensat(Task& task, Fd directory, Path path, GuestPtr<timespec[2]> times, Flags flags);

}  // namespace gantry::runtime::sys

// Path arguments of handlers.
#pragma once

#include <fcntl.h>

#include <string>

#include "runtime/core/task.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime {

// A path that the guest has given, in our memory. When the call follows a link at its end, one that
// leads to the emulator's file (/proc/self/exe) is replaced by the path of the guest's program.
class GuestPath {
 public:
  enum class Follow : bool { kNo, kYes };

  GuestPath(Task& task, Fd directory, Path path, Follow follow);
  // For calls with the flags AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH.
  GuestPath(Task& task, Fd directory, Path path, Flags at_flags);
  // For calls that know no directory but the current one.
  GuestPath(Task& task, Path path, Follow follow) : GuestPath(task, Fd{AT_FDCWD}, path, follow) {}

  // What Follow::kYes does, for callers that look at the path first.
  void follow(Task& task);

  // 0, or what the call returns because the path cannot be read.
  s64 error() const { return error_; }
  int directory() const { return directory_; }
  const std::string& text() const { return text_; }
  const char* c_str() const { return text_.c_str(); }
  // The same as arguments of host_syscall().
  u64 directory_argument() const { return static_cast<u64>(static_cast<s64>(directory_)); }
  u64 text_argument() const { return reinterpret_cast<u64>(text_.c_str()); }

 private:
  std::string text_;
  int directory_;
  int error_;
};

// host_syscall(kNumber, path, arguments…) for calls that take a path that is relative to the
// current directory and follow it to its end, such as chdir.
template <long kNumber, typename... Args>
s64 pass_path(Task& task, Path path, Args... args) {
  GuestPath host(task, path, GuestPath::Follow::kYes);
  if (host.error()) return host.error();
  return host_syscall(kNumber, host.text_argument(), syscall_internal::raw(args)...);
}

// The same for a path that is relative to a directory.
template <long kNumber, typename... Args>
s64 pass_path_at(Task& task, Fd directory, Path path, Args... args) {
  GuestPath host(task, directory, path, GuestPath::Follow::kYes);
  if (host.error()) return host.error();
  return host_syscall(kNumber, host.directory_argument(), host.text_argument(),
                      syscall_internal::raw(args)...);
}

}  // namespace gantry::runtime

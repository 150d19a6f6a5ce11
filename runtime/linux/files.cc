#include "runtime/linux/files.h"

#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "emulator/base/descriptor.h"
#include "runtime/core/process.h"
#include "runtime/linux/abi/open_flags.h"
#include "runtime/linux/host_numbers.h"
#include "runtime/linux/paths.h"
#include "runtime/proc/proc.h"
#include "runtime/process/hidden_fds.h"

namespace gantry::runtime::sys {
namespace {

using Follow = GuestPath::Follow;

// Whether open(2) with these flags opens a link itself.
Follow follow_for_open(u64 flags) { return flags & abi::kONofollow ? Follow::kNo : Follow::kYes; }

// proc(5): the size of /proc/PID/fd is the count of open descriptors, since Linux 6.2; before, and
// of fdinfo, it is 0. Tells the few directories that may be one from all other files.
bool may_count_descriptors(u32 mode, u64 size) {
  return mode == (S_IFDIR | S_IRUSR | S_IXUSR) && size;
}

// How many of the descriptors that the directory counts are ours.
u64 hidden_descriptors_in(const Task& task, int fd) {
  return proc::lists_own_descriptors(fd) ? task.process->hidden_fds.size() : 0;
}
u64 hidden_descriptors_in(const Task& task, const GuestPath& path, Flags flags) {
  if (path.text().empty()) return hidden_descriptors_in(task, path.directory());
  int nofollow = flags.value & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
  Result<UniqueFd> fd = open_at(path.directory(), path.text(), O_PATH | nofollow);
  return fd ? hidden_descriptors_in(task, fd->get()) : 0;
}

s64 stat_at(Task& task, Fd directory, Path path, GuestPtr<abi::Stat> to, Flags flags) {
  GuestPath host(task, directory, path, flags);
  if (host.error()) return host.error();
  struct stat status;
  if (::fstatat(host.directory(), host.c_str(), &status, static_cast<int>(flags.value)))
    return -errno;
  if (may_count_descriptors(status.st_mode, static_cast<u64>(status.st_size)))
    status.st_size -= static_cast<s64>(hidden_descriptors_in(task, host, flags));
  return write_guest(task, to, abi::to_guest(status)) ? 0 : -EFAULT;
}

// openat2(2): a structure larger than the one we know is as good as ours when the rest is zero.
s64 read_open_how(Task& task, GuestPtr<open_how> from, u64 size, open_how& how) {
  constexpr u64 kPageSize = 4096;
  if (size < sizeof how) return -EINVAL;
  if (size > kPageSize) return -E2BIG;
  u8 bytes[kPageSize];
  if (!copy_in(task, bytes, from.address, size)) return -EFAULT;
  bool rest_is_zero = std::all_of(bytes + sizeof how, bytes + size, [](u8 b) { return b == 0; });
  if (!rest_is_zero) return -E2BIG;
  std::memcpy(&how, bytes, sizeof how);
  return 0;
}

}  // namespace

s64 openat(Task& task, Fd directory, Path path, Flags flags, Mode mode) {
  GuestPath host(task, directory, path, Follow::kNo);
  if (host.error()) return host.error();
  u64 host_flags = abi::open_flags_to_host(flags.value);
  s64 ours = proc::open(task, host.directory(), host.text(), static_cast<int>(host_flags));
  if (ours != proc::kNotOurs) return ours;
  if (follow_for_open(flags.value) == Follow::kYes) host.follow(task);
  return blocking_syscall(task, SYS_openat, host.directory_argument(), host.text_argument(),
                          host_flags, mode.value);
}

s64 open(Task& task, Path path, Flags flags, Mode mode) {
  return openat(task, Fd{AT_FDCWD}, path, flags, mode);
}

s64 creat(Task& task, Path path, Mode mode) {
  return openat(task, Fd{AT_FDCWD}, path, Flags{O_CREAT | O_WRONLY | O_TRUNC}, mode);
}

s64 openat2(Task& task, Fd directory, Path path, GuestPtr<open_how> from, Size size) {
  open_how how = {};
  if (s64 error = read_open_how(task, from, size.value, how)) return error;
  GuestPath host(task, directory, path, follow_for_open(how.flags));
  if (host.error()) return host.error();
  how.flags = abi::open_flags_to_host(how.flags);
  // A path with RESOLVE_* restrictions is the host's to judge; one that leads to a file of ours
  // without them is not.
  if (!how.resolve) {
    s64 ours = proc::open(task, host.directory(), host.text(), static_cast<int>(how.flags));
    if (ours != proc::kNotOurs) return ours;
  }
  return blocking_syscall(task, SYS_openat2, host.directory_argument(), host.text_argument(),
                          reinterpret_cast<u64>(&how), sizeof how);
}

s64 open_by_handle_at(Task& task, Fd mount, Address handle, Flags flags) {
  return blocking_syscall(task, SYS_open_by_handle_at, syscall_internal::raw(mount), handle.address,
                          abi::open_flags_to_host(flags.value));
}

s64 name_to_handle_at(Task& task, Fd directory, Path path, Address handle, Address mount_id,
                      Flags flags) {
  auto follow = flags.value & AT_SYMLINK_FOLLOW ? Follow::kYes : Follow::kNo;
  GuestPath host(task, directory, path, follow);
  if (host.error()) return host.error();
  return host_syscall(SYS_name_to_handle_at, host.directory_argument(), host.text_argument(),
                      handle.address, mount_id.address, flags.value);
}

s64 stat(Task& task, Path path, GuestPtr<abi::Stat> to) {
  return stat_at(task, Fd{AT_FDCWD}, path, to, Flags{0});
}

s64 lstat(Task& task, Path path, GuestPtr<abi::Stat> to) {
  return stat_at(task, Fd{AT_FDCWD}, path, to, Flags{AT_SYMLINK_NOFOLLOW});
}

s64 newfstatat(Task& task, Fd directory, Path path, GuestPtr<abi::Stat> to, Flags flags) {
  return stat_at(task, directory, path, to, flags);
}

s64 fstat(Task& task, Fd fd, GuestPtr<abi::Stat> to) {
  if (is_hidden_fd(fd.value)) return -EBADF;
  struct stat status;
  if (::fstat(fd.value, &status)) return -errno;
  if (may_count_descriptors(status.st_mode, static_cast<u64>(status.st_size)))
    status.st_size -= static_cast<s64>(hidden_descriptors_in(task, fd.value));
  return write_guest(task, to, abi::to_guest(status)) ? 0 : -EFAULT;
}

s64 statx(Task& task, Fd directory, Path path, Flags flags, Flags mask,
          GuestPtr<struct ::statx> to) {
  GuestPath host(task, directory, path, flags);
  if (host.error()) return host.error();
  s64 result = host_syscall(SYS_statx, host.directory_argument(), host.text_argument(), flags.value,
                            mask.value, to.address);
  struct ::statx status;
  if (result || !read_guest(task, to, status)) return result;
  if (!may_count_descriptors(status.stx_mode, status.stx_size)) return result;
  status.stx_size -= hidden_descriptors_in(task, host, flags);
  return write_guest(task, to, status) ? result : -EFAULT;
}

s64 access(Task& task, Path path, Mode mode) { return faccessat(task, Fd{AT_FDCWD}, path, mode); }

s64 faccessat(Task& task, Fd directory, Path path, Mode mode) {
  return pass_path_at<SYS_faccessat>(task, directory, path, mode);
}

s64 faccessat2(Task& task, Fd directory, Path path, Mode mode, Flags flags) {
  GuestPath host(task, directory, path, flags);
  if (host.error()) return host.error();
  return host_syscall(SYS_faccessat2, host.directory_argument(), host.text_argument(), mode.value,
                      flags.value);
}

}  // namespace gantry::runtime::sys

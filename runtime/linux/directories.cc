#include "runtime/linux/directories.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/linux/host_numbers.h"
#include "runtime/linux/paths.h"
#include "runtime/proc/proc.h"

namespace gantry::runtime::sys {
namespace {

using Follow = GuestPath::Follow;

constexpr u64 kCurrent = static_cast<u64>(AT_FDCWD);

// getdents64(2)'s record; the name follows. The older record lacks the type there and has it in the
// record's last byte, which makes both equally long.
struct [[gnu::packed]] DirectoryEntry {
  u64 inode;
  u64 offset;
  u16 size;
  u8 type;
  char name[1];
};
static_assert(offsetof(DirectoryEntry, name) == 19);

constexpr u64 kOldNameOffset = 18;

template <typename Visit>
void for_each_entry(u8* begin, u64 size, Visit visit) {
  for (u64 at = 0; at < size;) {
    auto* entry = reinterpret_cast<DirectoryEntry*>(begin + at);
    at += entry->size;
    visit(*entry);
  }
}

bool has_hidden_entry(u8* entries, u64 size) {
  bool found = false;
  for_each_entry(entries, size, [&](DirectoryEntry& e) { found |= proc::is_hidden_entry(e.name); });
  return found;
}

// Takes the entries of the emulator's descriptors out; the size of what is left.
u64 remove_hidden_entries(u8* entries, u64 size) {
  u64 kept = 0;
  for_each_entry(entries, size, [&](DirectoryEntry& e) {
    if (proc::is_hidden_entry(e.name)) return;
    u16 length = e.size;
    std::memmove(entries + kept, &e, length);
    kept += length;
  });
  return kept;
}

void make_old_entries(u8* entries, u64 size) {
  for_each_entry(entries, size, [](DirectoryEntry& entry) {
    auto* bytes = reinterpret_cast<u8*>(&entry);
    u8 type = entry.type;
    u64 length = entry.size;
    std::memmove(bytes + kOldNameOffset, entry.name, length - offsetof(DirectoryEntry, name));
    bytes[length - 1] = type;
  });
}

// Fills `entries` with the next entries that the guest may see; their size, 0 at the end, or
// -errno.
s64 read_entries(int fd, u8* entries, u64 size) {
  for (;;) {
    s64 result = host_syscall(SYS_getdents64, static_cast<u64>(static_cast<s64>(fd)),
                              reinterpret_cast<u64>(entries), size);
    if (result <= 0) return result;
    auto filled = static_cast<u64>(result);
    if (!has_hidden_entry(entries, filled) || !proc::lists_own_descriptors(fd)) return result;
    if (u64 kept = remove_hidden_entries(entries, filled)) return static_cast<s64>(kept);
  }
}

// A host buffer that directories are read through; readers ask for at most 32 KiB (glibc, Go).
struct EntryBuffer {
  static constexpr u64 kSize = 32768;
  alignas(8) u8 bytes[kSize];
};

template <typename Convert>
s64 get_entries(Task& task, Fd fd, Address to, u32 size, Convert convert) {
  EntryBuffer buffer;
  s64 result = read_entries(fd.value, buffer.bytes, std::min<u64>(size, EntryBuffer::kSize));
  if (result <= 0) return result;
  convert(buffer.bytes, static_cast<u64>(result));
  return copy_out(task, to.address, buffer.bytes, static_cast<u64>(result)) ? result : -EFAULT;
}

bool to_timespec(const timeval& from, timespec& to) {
  to = {from.tv_sec, from.tv_usec * 1000};
  return from.tv_usec >= 0 && from.tv_usec < 1000000;
}

// A null path stands for the file that the directory descriptor names.
s64 set_times(Task& task, Fd directory, Path path, u64 times, Flags flags) {
  if (!path) {
    return host_syscall(SYS_utimensat, syscall_internal::raw(directory), 0, times, flags.value);
  }
  GuestPath host(task, directory, path, flags);
  if (host.error()) return host.error();
  return host_syscall(SYS_utimensat, host.directory_argument(), host.text_argument(), times,
                      flags.value);
}

}  // namespace

s64 getdents64(Task& task, Fd fd, Address entries, u32 size) {
  return get_entries(task, fd, entries, size, [](u8*, u64) {});
}

s64 getdents(Task& task, Fd fd, Address entries, u32 size) {
  return get_entries(task, fd, entries, size, make_old_entries);
}

s64 mkdir(Task&, Path path, Mode mode) {
  return host_syscall(SYS_mkdirat, kCurrent, path.address, mode.value);
}

s64 rmdir(Task&, Path path) {
  return host_syscall(SYS_unlinkat, kCurrent, path.address, AT_REMOVEDIR);
}

s64 mknod(Task&, Path path, Mode mode, u32 device) {
  return host_syscall(SYS_mknodat, kCurrent, path.address, mode.value, device);
}

s64 unlink(Task&, Path path) { return host_syscall(SYS_unlinkat, kCurrent, path.address, 0); }

s64 link(Task&, Path old_path, Path new_path) {
  return host_syscall(SYS_linkat, kCurrent, old_path.address, kCurrent, new_path.address, 0);
}

s64 symlink(Task&, Path target, Path path) {
  return host_syscall(SYS_symlinkat, target.address, kCurrent, path.address);
}

s64 readlink(Task& task, Path path, Buffer to, int size) {
  return readlinkat(task, Fd{AT_FDCWD}, path, to, size);
}

s64 readlinkat(Task& task, Fd directory, Path path, Buffer to, int size) {
  if (size <= 0) return -EINVAL;
  GuestPath host(task, directory, path, Follow::kNo);
  if (host.error()) return host.error();
  std::string target;
  s64 length = proc::readlink(task, host.directory(), host.text(), target);
  if (length == proc::kNotOurs) {
    return host_syscall(SYS_readlinkat, host.directory_argument(), host.text_argument(), to.address,
                        static_cast<u64>(size));
  }
  if (length < 0) return length;
  u64 copied = std::min<u64>(target.size(), static_cast<u64>(size));
  return copy_out(task, to.address, target.data(), copied) ? static_cast<s64>(copied) : -EFAULT;
}

s64 rename(Task&, Path old_path, Path new_path) {
  return host_syscall(SYS_renameat2, kCurrent, old_path.address, kCurrent, new_path.address, 0);
}

s64 renameat(Task&, Fd old_directory, Path old_path, Fd new_directory, Path new_path) {
  return host_syscall(SYS_renameat2, syscall_internal::raw(old_directory), old_path.address,
                      syscall_internal::raw(new_directory), new_path.address, 0);
}

s64 chmod(Task& task, Path path, Mode mode) { return fchmodat(task, Fd{AT_FDCWD}, path, mode); }

s64 fchmodat(Task& task, Fd directory, Path path, Mode mode) {
  return pass_path_at<SYS_fchmodat>(task, directory, path, mode);
}

s64 fchmodat2(Task& task, Fd directory, Path path, Mode mode, Flags flags) {
  GuestPath host(task, directory, path, flags);
  if (host.error()) return host.error();
  return host_syscall(SYS_fchmodat2, host.directory_argument(), host.text_argument(), mode.value,
                      flags.value);
}

s64 chown(Task& task, Path path, int user, int group) {
  return fchownat(task, Fd{AT_FDCWD}, path, user, group, Flags{0});
}

s64 lchown(Task& task, Path path, int user, int group) {
  return fchownat(task, Fd{AT_FDCWD}, path, user, group, Flags{AT_SYMLINK_NOFOLLOW});
}

s64 fchownat(Task& task, Fd directory, Path path, int user, int group, Flags flags) {
  GuestPath host(task, directory, path, flags);
  if (host.error()) return host.error();
  return host_syscall(SYS_fchownat, host.directory_argument(), host.text_argument(),
                      syscall_internal::raw(user), syscall_internal::raw(group), flags.value);
}

s64 utime(Task& task, Path path, GuestPtr<utimbuf> times) {
  if (!path) return -EFAULT;
  if (!times) return set_times(task, Fd{AT_FDCWD}, path, 0, Flags{0});
  utimbuf given;
  if (!read_guest(task, times, given)) return -EFAULT;
  timespec host[2] = {{given.actime, 0}, {given.modtime, 0}};
  return set_times(task, Fd{AT_FDCWD}, path, reinterpret_cast<u64>(host), Flags{0});
}

s64 utimes(Task& task, Path path, GuestPtr<timeval[2]> times) {
  return path ? futimesat(task, Fd{AT_FDCWD}, path, times) : -EFAULT;
}

s64 futimesat(Task& task, Fd directory, Path path, GuestPtr<timeval[2]> times) {
  if (!times) return set_times(task, directory, path, 0, Flags{0});
  timeval given[2];
  if (!copy_in(task, given, times.address, sizeof given)) return -EFAULT;
  timespec host[2];
  if (!to_timespec(given[0], host[0]) || !to_timespec(given[1], host[1])) return -EINVAL;
  return set_times(task, directory, path, reinterpret_cast<u64>(host), Flags{0});
}

s64 utimensat(Task& task, Fd directory, Path path, GuestPtr<timespec[2]> times, Flags flags) {
  return set_times(task, directory, path, times.address, flags);
}

}  // namespace gantry::runtime::sys

#include "runtime/linux/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "emulator/base/bits.h"
#include "runtime/process/hidden_fds.h"

namespace gantry::runtime::sys {
namespace {

AddressSpace& memory_of(Task& task) { return *task.process->memory; }

// A range that need not begin at a page, as mlock(2) takes it.
struct PageRange {
  u64 start;
  u64 size;
};
PageRange whole_pages(Address address, Size size) {
  u64 start = align_down(address.address, kGuestPageSize);
  return {start, align_up(size.value + (address.address - start), kGuestPageSize)};
}

}  // namespace

s64 mmap(Task& task, Address address, Size size, Flags protection, Flags flags, Fd fd, u64 offset) {
  bool anonymous = flags.value & MAP_ANONYMOUS;
  if (!anonymous && is_hidden_fd(fd.value)) return -EBADF;
  return memory_of(task).map(address.address, size.value, static_cast<int>(protection.value),
                             static_cast<int>(flags.value), fd.value, offset);
}

s64 munmap(Task& task, Address address, Size size) {
  return memory_of(task).unmap(address.address, size.value);
}

s64 mprotect(Task& task, Address address, Size size, Flags protection) {
  return memory_of(task).protect(address.address, size.value, static_cast<int>(protection.value));
}

s64 mremap(Task& task, Address old_address, Size old_size, Size new_size, Flags flags,
           Address new_address) {
  return memory_of(task).remap(old_address.address, old_size.value, new_size.value,
                               static_cast<int>(flags.value), new_address.address);
}

s64 brk(Task& task, Address address) { return memory_of(task).brk(address.address); }

s64 madvise(Task& task, Address address, Size size, int advice) {
  return memory_of(task).advise(address.address, size.value, advice);
}

s64 msync(Task& task, Address address, Size size, Flags flags) {
  if (flags.value & ~u32{MS_ASYNC | MS_INVALIDATE | MS_SYNC}) return -EINVAL;
  if ((flags.value & MS_ASYNC) && (flags.value & MS_SYNC)) return -EINVAL;
  return memory_of(task).for_each_part(address.address, size.value, [&](u64 start, u64 part) {
    return host_syscall(SYS_msync, start, part, flags.value);
  });
}

s64 mincore(Task& task, Address address, Size size, GuestPtr<u8> pages) {
  if (address.address % kGuestPageSize) return -EINVAL;
  u64 whole = align_up(size.value, kGuestPageSize);
  if (!memory_of(task).covers(address.address, whole)) return -ENOMEM;
  // A piece at a time, so that a large range needs no large buffer.
  const u64 host_page = memory_of(task).host_page_size();
  constexpr u64 kPiece = 1024;
  u8 host[kPiece + 1], guest[kPiece];
  for (u64 done = 0, count = whole / kGuestPageSize; done < count; done += kPiece) {
    u64 now = std::min(kPiece, count - done);
    u64 start = address.address + done * kGuestPageSize;
    u64 first = align_down(start, host_page);
    u64 bytes = start + now * kGuestPageSize - first;
    s64 status = host_syscall(SYS_mincore, first, bytes, reinterpret_cast<u64>(host));
    if (status < 0) return status;
    for (u64 i = 0; i < now; i++) guest[i] = host[(start + i * kGuestPageSize - first) / host_page];
    if (!copy_out(task, pages.address + done, guest, now)) return -EFAULT;
  }
  return 0;
}

s64 remap_file_pages(Task& task, Address address, Size size, Flags protection, u64 page_offset,
                     Flags flags) {
  u64 start = align_down(address.address, kGuestPageSize);
  if (!memory_of(task).covers(start, align_up(size.value, kGuestPageSize))) return -EINVAL;
  return host_syscall(SYS_remap_file_pages, address.address, size.value, protection.value,
                      page_offset, flags.value);
}

s64 mseal(Task& task, Address address, Size size, Flags flags) {
  if (flags.value != 0) return -EINVAL;
  return memory_of(task).seal(address.address, size.value);
}

// --- locking

s64 mlock2(Task& task, Address address, Size size, Flags flags) {
  if (flags.value & ~u32{MLOCK_ONFAULT}) return -EINVAL;
  PageRange range = whole_pages(address, size);
  return memory_of(task).for_each_part(range.start, range.size, [&](u64 start, u64 part) {
    return host_syscall(SYS_mlock2, start, part, flags.value);
  });
}

s64 mlock(Task& task, Address address, Size size) { return mlock2(task, address, size, {0}); }

s64 munlock(Task& task, Address address, Size size) {
  PageRange range = whole_pages(address, size);
  return memory_of(task).for_each_part(range.start, range.size, [](u64 start, u64 part) {
    return host_syscall(SYS_munlock, start, part);
  });
}

s64 mlockall(Task& task, Flags flags) {
  return memory_of(task).lock_all(static_cast<int>(flags.value));
}

s64 munlockall(Task& task) { return memory_of(task).unlock_all(); }

// --- protection keys

s64 pkey_mprotect(Task& task, Address address, Size size, Flags protection, int key) {
  return key == -1 ? mprotect(task, address, size, protection) : -EINVAL;
}

s64 pkey_alloc(Task&, Flags flags, Flags rights) {
  constexpr u32 kKnownRights = 3;  // PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE
  return flags.value || (rights.value & ~kKnownRights) ? -EINVAL : -ENOSPC;
}

s64 pkey_free(Task&, int) { return -EINVAL; }

// --- System V shared memory

s64 shmat(Task& task, int id, Address address, Flags flags) {
  return memory_of(task).attach(id, address.address, static_cast<int>(flags.value));
}

s64 shmdt(Task& task, Address address) { return memory_of(task).detach(address.address); }

}  // namespace gantry::runtime::sys

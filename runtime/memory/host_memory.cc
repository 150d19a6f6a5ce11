#include "runtime/memory/host_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "emulator/base/bits.h"
#include "emulator/base/log.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace gantry::runtime {
namespace {

void* pointer(u64 address) { return reinterpret_cast<void*>(address); }

int host_map(u64 start, u64 size, int protection, int flags, int fd, u64 offset) {
  void* result = mmap(pointer(start), size, protection, flags, fd, static_cast<off_t>(offset));
  if (result == MAP_FAILED) return -errno;
  if (result == pointer(start)) return 0;
  // Kernels before 4.17 and qemu-user 7 take MAP_FIXED_NOREPLACE for a hint.
  munmap(result, size);
  return -EEXIST;
}

// Reads the file into [start, end), which is writable; what lies past its end stays zero.
int read_file(u64 start, u64 end, const Backing& backing) {
  u64 offset = backing.offset;
  while (start < end) {
    ssize_t count = pread(backing.fd, pointer(start), end - start, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) return 0;
    start += static_cast<u64>(count);
    offset += static_cast<u64>(count);
  }
  return 0;
}

bool is_anonymous(const Backing& backing) { return backing.flags & MAP_ANONYMOUS; }
bool is_shared(int flags) { return (flags & MAP_TYPE) != MAP_PRIVATE; }

int refuse(u64 start, const char* reason) {
  LOG(kWarning, "mapping at %#lx: %s, which a host with large pages cannot do",
      static_cast<unsigned long>(start), reason);
  return -EINVAL;
}

}  // namespace

int host_protection(int guest_protection) {
  int result = guest_protection & (PROT_READ | PROT_WRITE);
  if (guest_protection & (PROT_EXEC | PROT_WRITE)) result |= PROT_READ;
  return result;
}

bool HostMemory::congruent(u64 start, const Backing& backing) const {
  return is_anonymous(backing) || (start - backing.offset) % page_size_ == 0;
}

int HostMemory::protection_of_others(u64 page, u64 start, u64 end) const {
  int result = PROT_NONE;
  auto it = regions_.first_after(page);
  for (; it != regions_.end() && it->first < page + page_size_; ++it) {
    bool inside =
        std::max(it->first, page) >= start && std::min(it->second.end, page + page_size_) <= end;
    if (!inside) result |= host_protection(it->second.protection);
  }
  return result;
}

bool HostMemory::has_others(u64 page, u64 start, u64 end) const {
  return regions_.overlaps(page, start) || regions_.overlaps(end, page + page_size_);
}

bool HostMemory::shared_others(u64 page, u64 start, u64 end) const {
  auto it = regions_.first_after(page);
  for (; it != regions_.end() && it->first < page + page_size_; ++it) {
    bool outside = it->first < start || it->second.end > end;
    if (outside && is_shared(it->second.flags)) return true;
  }
  return false;
}

// The host pages of [start, end) where the guest has nothing are reserved.
int HostMemory::take_gaps(u64 start, u64 end) {
  u64 cursor = start;
  auto it = regions_.first_after(start);
  while (cursor < end) {
    bool last = it == regions_.end() || it->first >= end;
    u64 gap_end = last ? end : align_down(it->first, page_size_);
    if (gap_end > cursor) {
      int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
      int status = host_map(cursor, gap_end - cursor, PROT_NONE, flags, -1, 0);
      if (status < 0) {
        drop_gaps(start, cursor);
        return status;
      }
    }
    if (last) break;
    cursor = align_up(it->second.end, page_size_);
    ++it;
  }
  return 0;
}

// Unmaps the host pages of [start, end) where the guest has nothing. All of them must be ours.
void HostMemory::drop_gaps(u64 start, u64 end) {
  u64 cursor = start;
  auto it = regions_.first_after(start);
  while (cursor < end) {
    bool last = it == regions_.end() || it->first >= end;
    u64 gap_end = last ? end : align_down(it->first, page_size_);
    if (gap_end > cursor) munmap(pointer(cursor), gap_end - cursor);
    if (last) break;
    cursor = align_up(it->second.end, page_size_);
    ++it;
  }
}

int HostMemory::map_fresh(u64 start, u64 end, int protection, const Backing& backing) {
  return host_map(start, end - start, host_protection(protection),
                  backing.flags | MAP_FIXED_NOREPLACE, backing.fd, backing.offset);
}

int HostMemory::map_whole_pages(u64 start, u64 end, int protection, const Backing& backing) {
  if (congruent(start, backing)) {
    return host_map(start, end - start, host_protection(protection), backing.flags | MAP_FIXED,
                    backing.fd, backing.offset);
  }
  if (is_shared(backing.flags)) return refuse(start, "a shared file whose offset is not aligned");
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  int status = host_map(start, end - start, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (status == 0) status = read_file(start, end, backing);
  if (status == 0) mprotect(pointer(start), end - start, host_protection(protection));
  return status;
}

// [start, end) lies in one host page and does not fill it.
int HostMemory::map_part_of_page(u64 start, u64 end, int protection, const Backing& backing) {
  u64 page = align_down(start, page_size_);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (!has_others(page, start, end)) {
    if (congruent(start, backing) && backing.offset >= start - page) {
      return host_map(page, page_size_, host_protection(protection), backing.flags | MAP_FIXED,
                      backing.fd, is_anonymous(backing) ? 0 : backing.offset - (start - page));
    }
    int status = host_map(page, page_size_, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (status < 0) return status;
  } else if (shared_others(page, start, end)) {
    return refuse(start, "part of a page that holds a shared mapping");
  }
  if (is_shared(backing.flags)) return refuse(start, "a shared mapping of part of a page");
  mprotect(pointer(page), page_size_, PROT_READ | PROT_WRITE);
  std::memset(pointer(start), 0, end - start);
  int status = is_anonymous(backing) ? 0 : read_file(start, end, backing);
  int all = host_protection(protection) | protection_of_others(page, start, end);
  mprotect(pointer(page), page_size_, all);
  return status;
}

int HostMemory::map(u64 start, u64 end, int protection, const Backing& backing) {
  bool whole = start % page_size_ == 0 && end % page_size_ == 0;
  if (whole && congruent(start, backing) && !regions_.overlaps(start, end)) {
    return map_fresh(start, end, protection, backing);
  }
  u64 first = align_down(start, page_size_), last = align_up(end, page_size_);
  if (int status = take_gaps(first, last); status < 0) return status;

  u64 inner_start = std::min(align_up(start, page_size_), end);
  u64 inner_end = std::max(align_down(end, page_size_), inner_start);
  auto at = [&](u64 address) {
    Backing part = backing;
    if (!is_anonymous(backing)) part.offset += address - start;
    return part;
  };
  int status = 0;
  if (start < inner_start) status = map_part_of_page(start, inner_start, protection, backing);
  if (status == 0 && inner_start < inner_end) {
    status = map_whole_pages(inner_start, inner_end, protection, at(inner_start));
  }
  if (status == 0 && inner_end < end) {
    status = map_part_of_page(inner_end, end, protection, at(inner_end));
  }
  if (status < 0) drop_gaps(first, last);
  return status;
}

// Gives the host pages that [start, end) fills in part what it and their other pages need.
void HostMemory::protect_edges(u64 start, u64 end, int protection) {
  u64 inner_start = align_up(start, page_size_), inner_end = align_down(end, page_size_);
  auto edge = [&](u64 page) {
    if (!regions_.overlaps(page, page + page_size_)) return;
    int all = host_protection(protection) | protection_of_others(page, start, end);
    mprotect(pointer(page), page_size_, all);
  };
  if (start < inner_start) edge(inner_start - page_size_);
  if (inner_end < end && inner_end >= inner_start) edge(inner_end);
}

void HostMemory::unmap(u64 start, u64 end) {
  drop_gaps(align_down(start, page_size_), align_up(end, page_size_));
  protect_edges(start, end, PROT_NONE);
}

int HostMemory::protect(u64 start, u64 end, int protection) {
  protect_edges(start, end, protection);
  u64 inner_start = align_up(start, page_size_), inner_end = align_down(end, page_size_);
  if (inner_start >= inner_end) return 0;
  u64 size = inner_end - inner_start;
  return mprotect(pointer(inner_start), size, host_protection(protection)) < 0 ? -errno : 0;
}

}  // namespace gantry::runtime

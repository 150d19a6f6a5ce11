// mremap(2), madvise(2), mseal(2), locking, and System V shared memory.
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "emulator/base/bits.h"
#include "emulator/engine/thread.h"
#include "runtime/memory/address_space_state.h"

namespace gantry::runtime {
namespace {

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

struct Remap {
  u64 address;
  u64 old_size;
  u64 new_size;
  int flags;
  u64 new_address;
  u64 old_end() const { return address + old_size; }
};

int check_remap(const Remap& r) {
  bool may_move = r.flags & MREMAP_MAYMOVE, fixed = r.flags & MREMAP_FIXED;
  bool dont_unmap = r.flags & MREMAP_DONTUNMAP;
  if (r.flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) return -EINVAL;
  if ((fixed || dont_unmap) && !may_move) return -EINVAL;
  if (dont_unmap && r.old_size != r.new_size) return -EINVAL;
  if (r.address % kGuestPageSize || r.new_size == 0 || r.new_size > kTaskSize) return -EINVAL;
  if (!is_guest_range(r.address, r.old_size)) return -EFAULT;
  if (!fixed) return 0;
  if (r.new_address % kGuestPageSize || !is_guest_range(r.new_address, r.new_size)) return -EINVAL;
  bool overlap = r.address < r.new_address + r.new_size && r.new_address < r.old_end();
  return overlap ? -EINVAL : 0;
}

s64 host_remap(const Remap& r, int flags, u64 to) {
  void* result = mremap(reinterpret_cast<void*>(r.address), r.old_size, r.new_size, flags,
                        reinterpret_cast<void*>(to));
  return result == MAP_FAILED ? -errno : reinterpret_cast<s64>(result);
}

// On a host with large pages only whole host pages can be moved.
bool host_can_remap(const HostMemory& host, const RegionMap& regions, const Remap& r) {
  u64 tail = align_up(r.old_end(), host.page_size());
  return r.address % host.page_size() == 0 && !regions.overlaps(r.old_end(), tail);
}

// The rest of a host page that a mapping grows into may hold what an earlier, larger one left.
void clear_grown_part(const HostMemory& host, const Remap& r, const Region& region) {
  u64 end = std::min(align_up(r.old_end(), host.page_size()), r.address + r.new_size);
  bool writable = (region.protection & PROT_WRITE) && !region.file;
  if (writable && end > r.old_end()) {
    std::memset(reinterpret_cast<void*>(r.old_end()), 0, end - r.old_end());
  }
}

}  // namespace

// The regions of [address, address + old_size) as they will be at `to`; the last one grows to the
// new size.
static std::vector<std::pair<u64, Region>> moved(const RegionMap& regions, const Remap& r, u64 to) {
  std::vector<std::pair<u64, Region>> result;
  u64 end = std::max(r.old_end(), r.address + 1);
  for (auto it = regions.first_after(r.address); it != regions.end() && it->first < end; ++it) {
    Region region = it->second;
    u64 start = std::max(it->first, r.address);
    region.end = std::min(region.end, r.old_end()) - r.address + to;
    if (region.name[0] == '[') region.name = "";
    result.emplace_back(start - r.address + to, region);
  }
  result.back().second.end = to + r.new_size;
  return result;
}

s64 AddressSpace::remap(u64 address, u64 old_size, u64 new_size, int flags, u64 new_address) {
  Remap r{address, align_up(old_size, kGuestPageSize), align_up(new_size, kGuestPageSize), flags,
          new_address};
  if (int status = check_remap(r); status < 0) return status;
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  auto region = state.regions.find(address);
  if (region == state.regions.end()) return -EFAULT;
  bool in_place = !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && r.old_size != 0;
  if (in_place && r.new_size <= r.old_size) {
    if (state.is_sealed(address, r.old_end())) return -EPERM;
    state.drop(address + r.new_size, r.old_end());
    return static_cast<s64>(address);
  }
  // One mapping: the kernel joins anonymous neighbours that are alike as we do, and those of a file
  // that we keep apart.
  bool several = region->second.end < r.old_end() && !region->second.file;
  if (several || !state.regions.covers(address, r.old_end())) return -EFAULT;
  if (state.is_sealed(address, r.old_end())) return -EPERM;
  if (!host_can_remap(state.host, state.regions, r)) return -ENOMEM;

  // The host moves one mapping of its own at a time; write-protected pages are such.
  if (state.code.unprotect(address, r.old_end())) engine::invalidate_code();
  if (in_place && is_guest_range(address, r.new_size)) {
    s64 result = host_remap(r, 0, 0);
    if (result > 0) {
      Region grown = region->second;
      clear_grown_part(state.host, r, grown);
      grown.end = address + r.new_size;
      state.regions.insert(region->first, grown);
      return result;
    }
    if (result != -ENOMEM || !(flags & MREMAP_MAYMOVE)) return result;
  }
  if (!(flags & MREMAP_MAYMOVE)) return -ENOMEM;
  return state.move(r.address, r.old_size, r.new_size, flags, new_address);
}

s64 AddressSpace::State::move(u64 address, u64 old_size, u64 new_size, int flags, u64 new_address) {
  Remap r{address, old_size, new_size, flags, new_address};
  s64 target = static_cast<s64>(new_address);
  if (flags & MREMAP_FIXED) {
    if (is_sealed(new_address, new_address + new_size)) return -EPERM;
    if (new_address % host.page_size()) return -EINVAL;
    if (int status = reserve_at(new_address, new_size); status < 0) return status;
  } else {
    target = reserve_anywhere(new_size);
    if (target < 0) return target;
  }
  auto to = static_cast<u64>(target);
  s64 result = host_remap(r, flags | MREMAP_MAYMOVE | MREMAP_FIXED, to);
  if (result < 0) {
    drop(to, to + new_size);
    return result;
  }
  auto pieces = moved(regions, r, to);
  if (!(flags & MREMAP_DONTUNMAP)) regions.erase(address, r.old_end());
  regions.erase(to, to + new_size);
  for (const auto& [start, region] : pieces) regions.insert(start, region);
  invalidate(address, r.old_end());
  search_size = 0;
  return result;
}

s64 AddressSpace::for_each_part(u64 address, u64 size,
                                const std::function<s64(u64, u64)>& operation) {
  if (address % kGuestPageSize) return -EINVAL;
  if (size == 0) return 0;
  if (!is_guest_range(address, size)) return -ENOMEM;
  u64 end = address + align_up(size, kGuestPageSize);
  std::vector<std::pair<u64, u64>> parts;
  bool complete;
  {
    std::lock_guard lock(state_->mutex);
    const RegionMap& regions = state_->regions;
    complete = regions.covers(address, end);
    for (auto it = regions.first_after(address); it != regions.end() && it->first < end; ++it) {
      u64 start = std::max(it->first, address), stop = std::min(it->second.end, end);
      if (!parts.empty() && parts.back().second == start) {
        parts.back().second = stop;
      } else {
        parts.emplace_back(start, stop);
      }
    }
  }
  for (auto [start, stop] : parts) {
    if (s64 status = operation(start, stop - start); status < 0) return status;
  }
  return complete ? 0 : -ENOMEM;
}

// The host's part of madvise: whole pages of the host.
static s64 host_advise(u64 page_size, u64 start, u64 size, int advice) {
  u64 inner_start = align_up(start, page_size), inner_end = align_down(start + size, page_size);
  if (inner_start >= inner_end) return 0;
  void* address = reinterpret_cast<void*>(inner_start);
  return madvise(address, inner_end - inner_start, advice) < 0 ? -errno : 0;
}

// MADV_DONTNEED of memory that fills pages of the host in part: it is zeroed where it is writable.
static void clear_edges(const RegionMap& regions, u64 page_size, u64 start, u64 end) {
  auto clear = [&](u64 from, u64 to) {
    for (u64 page = from; page < to; page += kGuestPageSize) {
      auto it = regions.find(page);
      if (it == regions.end() || it->second.flags & MAP_SHARED || it->second.file) continue;
      if (it->second.protection & PROT_WRITE) {
        std::memset(reinterpret_cast<void*>(page), 0, kGuestPageSize);
      }
    }
  };
  u64 inner_start = std::min(align_up(start, page_size), end);
  clear(start, inner_start);
  clear(std::max(align_down(end, page_size), inner_start), end);
}

s64 AddressSpace::advise(u64 address, u64 size, int advice) {
  bool discards = advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE ||
                  advice == 24 /* MADV_DONTNEED_LOCKED */;
  State& state = *state_;
  s64 status = for_each_part(address, size, [&](u64 start, u64 part) {
    return host_advise(state.host.page_size(), start, part, advice);
  });
  if (!discards || address % kGuestPageSize || !is_guest_range(address, size)) return status;
  u64 end = address + align_up(size, kGuestPageSize);
  std::lock_guard lock(state.mutex);
  // Pages keep their protection on the host: those that are write-protected for us lose it here.
  state.code.unprotect(address, end);
  if (advice == MADV_DONTNEED) clear_edges(state.regions, state.host.page_size(), address, end);
  state.invalidate(address, end);
  return status;
}

s64 AddressSpace::seal(u64 address, u64 size) {
  if (address % kGuestPageSize) return -EINVAL;
  if (size == 0) return 0;
  if (!is_guest_range(address, size)) return -EINVAL;
  u64 end = address + align_up(size, kGuestPageSize);
  std::lock_guard lock(state_->mutex);
  if (!state_->regions.covers(address, end)) return -ENOMEM;
  state_->regions.update(address, end, [](Region& region) { region.sealed = true; });
  return 0;
}

// --- locking

s64 AddressSpace::lock_all(int flags) {
  constexpr int kKnown = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
  if ((flags & ~kKnown) || !(flags & (MCL_CURRENT | MCL_FUTURE))) return -EINVAL;
  std::lock_guard lock(state_->mutex);
  state_->lock_future = flags & MCL_FUTURE;
  if (!(flags & MCL_CURRENT)) return 0;
  for (const auto& [start, region] : state_->regions) {
    const void* address = reinterpret_cast<const void*>(start);
    unsigned on_fault = flags & MCL_ONFAULT ? MLOCK_ONFAULT : 0;
    bool inaccessible = region.protection == PROT_NONE;  // cannot be faulted in
    if (mlock2(address, region.end - start, on_fault) < 0 && !inaccessible) return -errno;
  }
  return 0;
}

s64 AddressSpace::unlock_all() {
  std::lock_guard lock(state_->mutex);
  state_->lock_future = false;
  for (const auto& [start, region] : state_->regions) {
    munlock(reinterpret_cast<const void*>(start), region.end - start);
  }
  return 0;
}

// --- System V shared memory

s64 AddressSpace::attach(int id, u64 address, int flags) {
  shmid_ds info;
  if (shmctl(id, IPC_STAT, &info) < 0) return -errno;
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  engine::share_memory();
  u64 size = align_up(info.shm_segsz, kGuestPageSize);
  if (address && (flags & SHM_RND)) address = align_down(address, kGuestPageSize);
  if (address % kGuestPageSize || (!address && (flags & SHM_REMAP))) return -EINVAL;
  s64 target = static_cast<s64>(address);
  if (address) {
    if (!is_guest_range(address, size)) return -EINVAL;
    bool taken = state.regions.overlaps(address, address + size);
    if (taken && !(flags & SHM_REMAP)) return -EINVAL;
    if (state.reserve_at(address, size) < 0) return -EINVAL;
  } else {
    target = state.reserve_anywhere(size);
    if (target < 0) return target;
  }
  auto start = static_cast<u64>(target);
  // The place is reserved, so the segment replaces the reservation.
  int host_flags = (flags & SHM_RDONLY) | SHM_REMAP;
  if (shmat(id, reinterpret_cast<void*>(start), host_flags) == reinterpret_cast<void*>(-1)) {
    int error = errno;
    state.drop(start, start + size);
    return -error;
  }
  int protection = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE);
  if (flags & SHM_EXEC) protection |= PROT_EXEC;
  Region region{.end = start + size, .protection = protection, .flags = MAP_SHARED, .file = true};
  state.regions.insert(start, region);
  return target;
}

s64 AddressSpace::detach(u64 address) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  auto region = state.regions.find(address);
  if (region == state.regions.end() || region->first != address) return -EINVAL;
  if (shmdt(reinterpret_cast<void*>(address)) < 0) return -errno;
  u64 end = region->second.end;
  state.invalidate(address, end);
  state.regions.erase(address, end);
  state.search_size = 0;
  return 0;
}

}  // namespace gantry::runtime

// What AddressSpace keeps. Private to this folder.
#pragma once

#include <mutex>

#include "runtime/memory/address_space.h"
#include "runtime/memory/code_files.h"
#include "runtime/memory/code_pages.h"
#include "runtime/memory/host_memory.h"
#include "runtime/memory/region_map.h"

namespace gantry::runtime {

// A flag of mmap(2) that only x86 has.
constexpr int kMap32Bit = 0x40;

struct AddressSpace::State {
  explicit State(u64 page_size) : host(regions, page_size), code(page_size) {}

  mutable std::mutex mutex;
  RegionMap regions;
  HostMemory host;
  CodePages code;
  CodeFiles code_files;

  // Ranges that turned out to hold something of the host's; map() does not try there again.
  RegionMap blocked;
  u64 top = 0;  // end of what the guest's mappings may use by themselves
  u64 brk_start = 0;
  u64 brk_end = 0;
  bool lock_future = false;  // mlockall(MCL_FUTURE)
  u64 random[4] = {};        // for random_offset(); all zero for no randomisation
  unsigned random_used = 0;

  // Every gap in [search_from, top) is smaller than search_size: where the search for a place
  // begins.
  u64 search_from = 0;
  u64 search_size = 0;

  // --- in placement.cc

  // The highest (with MAP_32BIT the lowest) place where nothing of the guest's is, congruent to
  // `offset` modulo the host's page size; 0 when there is none.
  u64 find_place(u64 size, int flags, u64 offset);
  // Notes that the host has something in the range.
  void block(u64 start, u64 end);
  // Maps the file where it goes in each process; an error when that place is taken.
  s64 map_in_place(u64 size, const Region& region, const Backing& backing);
  // Maps at a place of our choice; `flags` are those of the guest's mmap. The address or -errno.
  s64 map_anywhere(u64 size, int flags, const Region& region, const Backing& backing);

  // --- in address_space.cc

  // Maps at [start, start + size) and records it. 0, -EEXIST or another -errno.
  int map_at(u64 start, u64 size, Region region, const Backing& backing);
  // Takes a range that is about to be filled by other means.
  s64 reserve_anywhere(u64 size);
  int reserve_at(u64 start, u64 size);
  void drop(u64 start, u64 end);
  // Decoded code of the range is no longer valid.
  void invalidate(u64 start, u64 end);
  bool is_sealed(u64 start, u64 end) const;
  // Before the guest gets a mapping that other processes may have as well, or a child will.
  static void note_sharing(const Region& region, int fd);

  // --- in remap.cc

  // mremap to another place; all checks but those of the target are done.
  s64 move(u64 address, u64 old_size, u64 new_size, int flags, u64 new_address);
};

// [address, address + size), with the size rounded up to pages, lies below kTaskSize.
bool is_guest_range(u64 address, u64 size);

}  // namespace gantry::runtime

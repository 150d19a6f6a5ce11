// The guest's mappings on the host. Guest pages have 4096 bytes; where the host's are larger, a
// host page can hold several guest pages with different protections and contents, and gets the
// union of their protections. Guest memory is never executable on the host.
#pragma once

#include "emulator/base/types.h"
#include "runtime/memory/region_map.h"

namespace gantry::runtime {

// What a mapping shows: a file, or zeros.
struct Backing {
  int flags = 0;  // MAP_* as for mmap(2), without MAP_FIXED and MAP_FIXED_NOREPLACE
  int fd = -1;
  u64 offset = 0;
};

// PROT_* for the host from the guest's.
int host_protection(int guest_protection);

class HostMemory {
 public:
  // `page_size`: the host's, or a multiple of it in tests.
  HostMemory(const RegionMap& regions, u64 page_size) : regions_(regions), page_size_(page_size) {}

  u64 page_size() const { return page_size_; }

  // Maps [start, end). What the guest has there (in `regions`) is replaced; where something lies
  // that is not the guest's the result is -EEXIST and nothing is changed. 0 or -errno.
  int map(u64 start, u64 end, int protection, const Backing& backing);

  // For a range that `regions` has just dropped.
  void unmap(u64 start, u64 end);

  // For a range that is the guest's. 0 or -errno.
  int protect(u64 start, u64 end, int protection);

 private:
  int map_fresh(u64 start, u64 end, int protection, const Backing& backing);
  int map_whole_pages(u64 start, u64 end, int protection, const Backing& backing);
  int map_part_of_page(u64 start, u64 end, int protection, const Backing& backing);
  int take_gaps(u64 start, u64 end);
  void drop_gaps(u64 start, u64 end);
  void protect_edges(u64 start, u64 end, int protection);
  bool congruent(u64 start, const Backing& backing) const;
  // Of the guest's pages in the host page at `page`, but for those in [start, end).
  int protection_of_others(u64 page, u64 start, u64 end) const;
  bool has_others(u64 page, u64 start, u64 end) const;
  bool shared_others(u64 page, u64 start, u64 end) const;

  const RegionMap& regions_;
  u64 page_size_;
};

}  // namespace gantry::runtime

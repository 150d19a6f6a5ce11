// An ordered set of address ranges with attributes: the guest's mappings as data. It makes no
// system calls.
#pragma once

#include <map>
#include <string>

#include "emulator/base/types.h"

namespace gantry::runtime {

struct Region {
  u64 end = 0;
  int protection = 0;
  int flags = 0;
  bool file = false;      // maps a file, whose name the host knows
  u64 code_id = 0;        // CodeFiles::id_of() that file
  bool sealed = false;    // mseal(2)
  const char* name = "";  // "[heap]" and the like; a literal

  bool can_merge(const Region& other) const {
    return protection == other.protection && flags == other.flags && !file && !other.file &&
           sealed == other.sealed && name == other.name;
  }
};

class RegionMap {
 public:
  using Map = std::map<u64, Region>;  // by start

  // The first region that ends after `address`.
  Map::iterator first_after(u64 address);
  Map::const_iterator first_after(u64 address) const;

  // The region that holds `address`, or end().
  Map::iterator find(u64 address);
  Map::const_iterator find(u64 address) const;

  // Replaces whatever lies in [start, region.end) by one region, joined to neighbours that are
  // alike.
  void insert(u64 start, const Region& region);
  void erase(u64 start, u64 end);

  // change(region) for every region in [start, end), split at the ends and joined again afterwards.
  template <typename F>
  void update(u64 start, u64 end, F&& change) {
    split(start);
    split(end);
    for (auto it = first_after(start); it != map_.end() && it->first < end; ++it)
      change(it->second);
    join(start, end);
  }

  bool overlaps(u64 start, u64 end) const;
  // Every byte of [start, end) is mapped.
  bool covers(u64 start, u64 end) const { return covered_end(start, end) == end; }
  // The end of the part of [start, end) before its first hole.
  u64 covered_end(u64 start, u64 end) const;

  // The highest (lowest) free range of `size` bytes in [low, high) whose start is a multiple of
  // `alignment`; 0 when there is none.
  u64 find_highest(u64 low, u64 high, u64 size, u64 alignment) const;
  u64 find_lowest(u64 low, u64 high, u64 size, u64 alignment) const;

  Map::const_iterator begin() const { return map_.begin(); }
  Map::const_iterator end() const { return map_.end(); }
  Map::iterator begin() { return map_.begin(); }
  Map::iterator end() { return map_.end(); }
  std::size_t size() const { return map_.size(); }

 private:
  void split(u64 address);
  void join(u64 start, u64 end);

  Map map_;
};

}  // namespace gantry::runtime

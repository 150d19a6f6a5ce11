#include "runtime/memory/region_map.h"

#include <algorithm>

#include "emulator/base/bits.h"

namespace gantry::runtime {

RegionMap::Map::iterator RegionMap::first_after(u64 address) {
  auto it = map_.upper_bound(address);
  if (it != map_.begin() && std::prev(it)->second.end > address) --it;
  return it;
}

RegionMap::Map::const_iterator RegionMap::first_after(u64 address) const {
  return const_cast<RegionMap*>(this)->first_after(address);
}

RegionMap::Map::iterator RegionMap::find(u64 address) {
  auto it = first_after(address);
  return it != map_.end() && it->first <= address ? it : map_.end();
}

RegionMap::Map::const_iterator RegionMap::find(u64 address) const {
  return const_cast<RegionMap*>(this)->find(address);
}

void RegionMap::split(u64 address) {
  auto it = find(address);
  if (it == map_.end() || it->first == address) return;
  Region upper = it->second;
  it->second.end = address;
  map_.emplace_hint(std::next(it), address, upper);
}

void RegionMap::join(u64 start, u64 end) {
  auto it = first_after(start == 0 ? 0 : start - 1);
  while (it != map_.end() && it->first <= end) {
    auto next = std::next(it);
    bool adjacent = next != map_.end() && next->first == it->second.end;
    if (adjacent && next->first <= end && it->second.can_merge(next->second)) {
      it->second.end = next->second.end;
      map_.erase(next);
    } else {
      it = next;
    }
  }
}

void RegionMap::erase(u64 start, u64 end) {
  split(start);
  split(end);
  map_.erase(map_.lower_bound(start), map_.lower_bound(end));
}

void RegionMap::insert(u64 start, const Region& region) {
  erase(start, region.end);
  map_.emplace(start, region);
  join(start, region.end);
}

bool RegionMap::overlaps(u64 start, u64 end) const {
  auto it = first_after(start);
  return start < end && it != map_.end() && it->first < end;
}

u64 RegionMap::covered_end(u64 start, u64 end) const {
  for (auto it = find(start); it != map_.end() && it->first <= start && start < end; ++it) {
    start = it->second.end;
  }
  return std::min(start, end);
}

u64 RegionMap::find_highest(u64 low, u64 high, u64 size, u64 alignment) const {
  auto it = map_.lower_bound(high);
  while (true) {
    // The gap below `high` begins where the region before it ends.
    bool first = it == map_.begin();
    u64 floor = first ? low : std::max(low, std::prev(it)->second.end);
    if (high >= floor && high - floor >= size) {
      u64 start = align_down(high - size, alignment);
      if (start >= floor) return start;
    }
    if (first || std::prev(it)->first <= low) return 0;
    --it;
    high = it->first;
  }
}

u64 RegionMap::find_lowest(u64 low, u64 high, u64 size, u64 alignment) const {
  auto it = first_after(low);
  while (low < high) {
    u64 start = align_up(low, alignment);
    u64 ceiling = it == map_.end() ? high : std::min(high, it->first);
    if (start <= ceiling && ceiling - start >= size) return start;
    if (it == map_.end()) return 0;
    low = std::max(low, it->second.end);
    ++it;
  }
  return 0;
}

}  // namespace gantry::runtime

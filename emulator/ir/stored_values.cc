#include "emulator/ir/stored_values.h"

#include <algorithm>

namespace gantry::ir {

StoredValues::Place StoredValues::place_of(const Unit& unit, Value address) {
  u64 offset = 0;
  while (true) {
    const Inst& i = unit.code[address];
    if (i.op == Op::kConst) return {kNoValue, offset + i.imm};
    bool is_sum = (i.op == Op::kAdd || i.op == Op::kSub) && i.width == 8;
    if (!is_sum || unit.code[i.arg[1]].op != Op::kConst) return {address, offset};
    u64 part = unit.code[i.arg[1]].imm;
    offset += i.op == Op::kAdd ? part : -part;
    address = i.arg[0];
  }
}

// Memory may be at several addresses, which then differ by whole pages.
bool StoredValues::Stored::is_clear_of(const Place& other, unsigned other_width) const {
  constexpr u64 kPageSize = 4096;
  if (place.base != other.base) return false;
  u64 distance = (other.offset - place.offset) % kPageSize;
  return distance >= width && kPageSize - distance >= other_width;
}

void StoredValues::store(const Unit& unit, Value address, unsigned width, Value value) {
  Place place = place_of(unit, address);
  Stored* end = std::remove_if(stored_, stored_ + count_, [&](const Stored& stored) {
    return !stored.is_clear_of(place, width);
  });
  count_ = static_cast<unsigned>(end - stored_);
  if (value == kNoValue) return;
  unsigned at = count_ < kMost ? count_++ : oldest_++ % kMost;
  stored_[at] = {place, width, value};
}

Value StoredValues::find(const Unit& unit, Value address, unsigned width) const {
  if (count_ == 0) return kNoValue;
  Place place = place_of(unit, address);
  const Stored* end = stored_ + count_;
  const Stored* found = std::find_if(stored_, end, [&](const Stored& stored) {
    return stored.place == place && stored.width == width;
  });
  return found == end ? kNoValue : found->value;
}

}  // namespace gantry::ir

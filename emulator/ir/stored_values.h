// What the code at hand has stored, and where, so that a load from there need not be one.
#pragma once

#include "emulator/ir/ir.h"

namespace gantry::ir {

class StoredValues {
 public:
  // `width` bytes at `address` become those of `value`, kNoValue when nobody is to ask for it.
  void store(const Unit& unit, Value address, unsigned width, Value value);
  // What was stored there, `width` bytes and no others; kNoValue when that is not known.
  Value find(const Unit& unit, Value address, unsigned width) const;
  void forget() { count_ = 0; }

 private:
  struct Place {
    Value base = kNoValue;  // none: the address is constant
    u64 offset = 0;

    bool operator==(const Place&) const = default;
  };
  struct Stored {
    Place place;
    unsigned width;
    Value value;

    bool is_clear_of(const Place& other, unsigned other_width) const;
  };
  static constexpr unsigned kMost = 8;

  static Place place_of(const Unit& unit, Value address);

  Stored stored_[kMost];
  unsigned count_ = 0, oldest_ = 0;
};

}  // namespace gantry::ir

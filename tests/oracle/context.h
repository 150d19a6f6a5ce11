// A case in the making.
#pragma once

#include "tests/oracle/generator.h"
#include "tests/oracle/random.h"

namespace gantry::oracle {

struct Context {
  Random& random;
  Case& c;
  u64 memory = 0;  // where the memory operand is meant to lie
  u32 fixed = 0;   // registers that address memory: bit n is register n

  bool is_fixed(unsigned reg) const { return fixed >> reg & 1; }
  void set(unsigned reg, u64 value) {
    if (!is_fixed(reg)) c.state.gpr[reg] = value;
  }
};

inline bool within_data(u64 address, u64 size) {
  return address >= kDataBase && address + size <= kDataBase + kDataSize;
}

// Stores the low bytes of `value` in the case's data, if it lies there.
void poke(Case& c, u64 address, u64 value, unsigned size = 8);

}  // namespace gantry::oracle

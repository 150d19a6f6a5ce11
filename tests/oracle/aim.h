// Addresses, and the registers that lead to them.
#pragma once

#include "tests/oracle/context.h"

namespace gantry::oracle {

// Writable data with some room on both sides.
u64 data_address(Random& random);

// Where something or all of an operand is read-only, not mapped, the kernel's or not canonical.
u64 bad_address(Random& random);

// One of the two; bad in one of twenty.
u64 random_address(Random& random);

// A code address; now and then one that no branch can go to or where nothing is.
u64 target_address(Random& random);

// The base of the memory operand's segment.
u64 segment_base(const Case& c);

// The address of the memory operand.
u64 memory_operand(const Case& c);

// Gives base and index such values that the memory operand lies at x.memory; the elements of a
// vector index lie around it.
void aim(Context& x);

// Makes the lanes of `bytes` of a vector register a mask: their uppermost bits.
void set_lane_mask(Context& x, unsigned reg, unsigned bytes);

}  // namespace gantry::oracle

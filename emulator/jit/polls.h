// Where loops look whether the thread is to leave translated code (docs/jit.md, "Signals and other
// threads").
#pragma once

#include <span>

#include "emulator/base/types.h"

namespace gantry::jit {

// A block of a unit, for finding polls.
struct PollBlock {
  u64 rip = 0;
  u64 next = 0;  // a bit for each block of the unit that control may reach from it
  u64 lowest_exit =
      ~u64{0};  // the lowest code outside, above its last instruction, to which it leads
  bool is_loop_head = false;        // of a jump back in the order of the unit
  bool is_backward_target = false;  // of a jump in the unit from a higher address
};

constexpr std::size_t kMaxPollBlocks = 64;

// A bit for each block that is to poll whenever the unit jumps there, of at most kMaxPollBlocks: so
// that no cycle is without a poll, be it one over several units, provided that links between units
// poll where they jump to a lower address. Loop heads are preferred.
u64 find_polls(std::span<const PollBlock> blocks);

}  // namespace gantry::jit

#include "emulator/jit/polls.h"

#include <algorithm>
#include <bit>

namespace gantry::jit {
namespace {

class Ways {
 public:
  explicit Ways(std::span<const PollBlock> blocks) : blocks_(blocks) {}

  // Those that can be reached from the head by none that polls.
  u64 behind(std::size_t head, u64 polls) const {
    u64 reached = 0, todo = blocks_[head].next;
    while (todo) {
      auto n = static_cast<std::size_t>(std::countr_zero(todo));
      reached |= u64{1} << n;
      if (n != head && !(polls >> n & 1)) todo |= blocks_[n].next;
      todo &= ~reached;
    }
    return reached;
  }

  // Those from which the head can be reached by none that polls, but perhaps themselves: who enters
  // there by a link may have passed its poll.
  u64 before(std::size_t head, u64 polls) const {
    u64 found = u64{1} << head, known = 0;
    while (found != known) {
      known = found;
      u64 open = known & (~polls | u64{1} << head);
      for (std::size_t n = 0; n < blocks_.size(); n++) {
        if (blocks_[n].next & open) found |= u64{1} << n;
      }
    }
    return found;
  }

  // The lowest way out from these, those that poll left aside.
  u64 lowest_exit(u64 set) const {
    u64 lowest = ~u64{0};
    for (; set; set &= set - 1)
      lowest = std::min(lowest, blocks_[std::countr_zero(set)].lowest_exit);
    return lowest;
  }

  u64 highest(u64 set) const {
    u64 highest = 0;
    for (; set; set &= set - 1) highest = std::max(highest, blocks_[std::countr_zero(set)].rip);
    return highest;
  }

  // Whether a cycle by the head has no other poll: in the unit, or by code outside that may come
  // back to the unit without jumping back. From the highest block of such a cycle control comes
  // down in the unit, then leaves it for code that lies below that block.
  bool needs_poll(std::size_t head, u64 polls) const {
    u64 reached = behind(head, polls);
    if (reached >> head & 1) return true;
    if (!blocks_[head].is_backward_target) return false;
    u64 lowest = lowest_exit((reached & ~polls) | u64{1} << head);
    return lowest != ~u64{0} && lowest < highest(before(head, polls));
  }

 private:
  std::span<const PollBlock> blocks_;
};

}  // namespace

u64 find_polls(std::span<const PollBlock> blocks) {
  u64 loop_heads = 0, polls = 0;
  for (std::size_t n = 0; n < blocks.size(); n++) {
    loop_heads |= u64{blocks[n].is_loop_head} << n;
    polls |= u64{blocks[n].is_backward_target} << n;
  }
  polls |= loop_heads;
  if (polls == loop_heads && std::popcount(polls) < 2) return polls;
  Ways ways(blocks);
  for (u64 todo : {polls & ~loop_heads, loop_heads}) {
    for (; todo; todo &= todo - 1) {
      auto head = static_cast<std::size_t>(std::countr_zero(todo));
      if (!ways.needs_poll(head, polls)) polls &= ~(u64{1} << head);
    }
  }
  return polls;
}

}  // namespace gantry::jit

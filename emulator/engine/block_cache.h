// Decoded basic blocks of one thread. A block is a run of instructions on one page that ends at the
// first branch. Blocks are found by rip in a hash table with a small direct-mapped table in front.
#pragma once

#include <atomic>
#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <vector>

#include "emulator/base/check.h"
#include "emulator/engine/guest_os.h"
#include "emulator/interp/eval.h"
#include "emulator/jit/backend.h"
#include "emulator/x86/insn.h"

namespace gantry::engine {

struct Step {
  interp::Handler handler;
  x86::Insn insn;
};

struct Pieces;  // cosim.cc

struct Block {
  u64 rip = 0;
  u64 end = 0;                 // address after the last instruction
  bool falls_through = false;  // the last instruction does not set rip
  std::vector<Step> steps;
  std::vector<u8> bytes;  // the code as it was decoded; only where CodePage::kVerify asks for it
  // What was executed after this block the last time. Never a block with `bytes`, as those are
  // dropped one by one; the others live until all are.
  Block* next = nullptr;
  // How often it was interpreted, up to the number that asks for a translation, and that (engine/
  // translate.h).
  u32 runs = 0;
  jit::Entry entry;
  std::shared_ptr<Pieces> pieces;  // what the co-simulator compares
};

// What decoding the first instruction of a block found instead of a block.
enum class FetchFault : u8 { kNone, kPageFault, kInvalidOpcode, kTooLong };

class BlockCache {
 public:
  // The block at `rip`, decoded if needed; nullptr and *fault when not even one instruction can be.
  // fault_address is the byte that could not be fetched.
  Block* find(GuestOs& os, u64 rip, FetchFault* fault, u64* fault_address) {
    Slot& slot = slots_[slot_index(rip)];
    if (slot.rip == rip && slot.block && epoch_ == current_epoch()) [[likely]] {
      if (slot.block->bytes.empty()) [[likely]]
        return slot.block;
    }
    return find_slow(os, rip, fault, fault_address);
  }

  // The block at `rip`, as find(), remembered as `previous`'s successor.
  Block* find_next(GuestOs& os, Block& previous, u64 rip, FetchFault* fault, u64* fault_address) {
    Block* next = previous.next;
    if (next && next->rip == rip && epoch_ == current_epoch()) [[likely]]
      return next;
    // find() may drop `previous`: with all others, or because its bytes have changed.
    u64 epoch = epoch_;
    bool stays = previous.bytes.empty();
    next = find(os, rip, fault, fault_address);
    if (next && next->bytes.empty() && stays && epoch == epoch_) previous.next = next;
    return next;
  }

  // The block at `rip` if it has been decoded, while that is what memory holds.
  Block* find_decoded(u64 rip) {
    if (epoch_ != current_epoch()) return nullptr;
    const Slot& slot = slots_[slot_index(rip)];
    if (slot.rip == rip && slot.block) return slot.block;
    auto found = blocks_.find(rip);
    return found == blocks_.end() ? nullptr : &found->second;
  }

  // A single instruction that is executed once and never cached.
  static bool decode_one(GuestOs& os, u64 rip, Step& step, FetchFault* fault, u64* fault_address);

  // The instruction at `rip` that may never be executed, when it lies on one page and stays as it
  // is.
  static bool peek(GuestOs& os, u64 rip, x86::Insn& insn);

  void clear();
  std::size_t block_count() const { return blocks_.size(); }

  // Called for each new block, where it is set.
  static void (*observer)(const Block& block);

  // Makes every thread forget its blocks before it executes the next one: a new epoch begins.
  // Async-signal-safe.
  static void invalidate_all();
  static u64 current_epoch() { return global_epoch_.load(); }
  // That of the blocks that it holds.
  u64 epoch() const { return epoch_; }

 private:
  struct Slot {
    u64 rip;
    Block* block;  // nullptr: none
  };
  static constexpr std::size_t kSlots = 32768;
  static constexpr std::size_t kMaxBlockInsns = 64;

  static std::size_t slot_index(u64 rip) { return (rip ^ rip >> 15) & (kSlots - 1); }
  static std::atomic<u64> global_epoch_;
  Block* find_slow(GuestOs& os, u64 rip, FetchFault* fault, u64* fault_address);

  std::unordered_map<u64, Block> blocks_;  // they stay where they are
  // Memory that is zero and that the host gives page by page as it is used.
  struct Free {
    void operator()(Slot* slots) const { std::free(slots); }
  };
  using Slots = std::unique_ptr<Slot[], Free>;
  static Slots make_slots() {
    auto* slots = static_cast<Slot*>(std::calloc(kSlots, sizeof(Slot)));
    CHECK(slots != nullptr);
    return Slots(slots);
  }
  Slots slots_ = make_slots();
  // Where a block's instructions are decoded, before it is known how many there are.
  std::unique_ptr<Step[]> decoded_ = std::make_unique<Step[]>(kMaxBlockInsns);
  u64 epoch_ = 0;
};

}  // namespace gantry::engine

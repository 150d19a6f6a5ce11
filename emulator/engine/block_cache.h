// Decoded basic blocks of one thread. A block is a run of instructions on one page that ends at the
// first branch. Blocks are found by rip in a hash table; the one that was looked for last is the
// first of its slot.
#pragma once

#include <atomic>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "emulator/base/check.h"
#include "emulator/engine/guest_os.h"
#include "emulator/interp/step_cache.h"
#include "emulator/jit/backend.h"
#include "emulator/x86/insn.h"

namespace gantry::engine {

using interp::Step;

struct Pieces;  // cosim.cc
class CodeStore;

// What few blocks have.
struct RareParts {
  // Of one that is verified: the code as it was decoded, and the instructions.
  std::vector<u8> bytes;
  std::vector<Step> steps;
  std::shared_ptr<Pieces> pieces;     // what the co-simulator compares
  std::atomic<u64>* count = nullptr;  // block_counts.h
};

// There are tens of thousands.
struct Block {
  u64 rip = 0;
  u64 end = 0;            // address after the last instruction
  std::span<Step> steps;  // none: there is translated code alone, until it is decoded
  // What was executed after this block the last time. Never one that is verified, as those become
  // others; the others stay as they are until all are dropped.
  Block* next = nullptr;
  jit::Entry entry;
  // How often it was interpreted, up to the number that asks for a translation, and that (engine/
  // translate.h).
  u32 runs = 0;
  u32 plan = 0;                // the number of the one that it was chosen for last
  bool is_plain = false;       // its steps are executed as a row, and nothing else is done
  bool falls_through = false;  // the last instruction does not set rip
  bool is_verified = false;    // its code is CodePage::kVerify
  bool knows_target = false;   // whether its jump leads to a constant place has been looked at
  bool is_lone_loop = false;   // it is its unit's only block, and jumps to itself
  u64 target_from = 0;         // GuestOs::read_constant() has told that place, from this address
  std::unique_ptr<RareParts> rare_parts;
  Block* same_slot = nullptr;  // the next one in the cache's slot

  RareParts& rare() {
    if (!rare_parts) rare_parts = std::make_unique<RareParts>();
    return *rare_parts;
  }

  // All but its place in the cache.
  void forget() { *this = Block(same_slot); }

  Block() = default;

 private:
  explicit Block(Block* next_in_slot) : same_slot(next_in_slot) {}
};

// What decoding the first instruction of a block found instead of a block.
enum class FetchFault : u8 { kNone, kPageFault, kInvalidOpcode, kTooLong };

class BlockCache {
 public:
  // The block at `rip`, decoded if needed; nullptr and *fault when not even one instruction can be.
  // fault_address is the byte that could not be fetched.
  Block* find(GuestOs& os, u64 rip, FetchFault* fault, u64* fault_address) {
    Block* block = slots_[slot_index(rip)];
    if (block && block->rip == rip && epoch_ == current_epoch()) [[likely]] {
      if (!block->is_verified) [[likely]]
        return block;
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
    bool stays = !previous.is_verified;
    next = find(os, rip, fault, fault_address);
    if (next && !next->is_verified && stays && epoch == epoch_) previous.next = next;
    return next;
  }

  // The block at `rip` if it has been decoded, while that is what memory holds.
  Block* find_decoded(u64 rip) {
    if (epoch_ != current_epoch()) return nullptr;
    Block* block = slots_[slot_index(rip)];
    while (block && block->rip != rip) block = block->same_slot;
    return block;
  }

  // Code for the block at `entry.rip`, which need not be decoded.
  void adopt(const jit::Entry& entry);
  // Decodes what was adopted only. False when it cannot be any more.
  bool complete(GuestOs& os, Block& block);
  // Whether code on the page of `address` is CodePage::kStable.
  bool is_stable(GuestOs& os, u64 address) {
    return prepare_page(os, address) == CodePage::kStable;
  }
  // Where stored code is looked for; nullptr: nowhere.
  CodeStore* store = nullptr;

  // A single instruction that is executed once and never cached.
  static bool decode_one(GuestOs& os, u64 rip, Step& step, FetchFault* fault, u64* fault_address);

  // The instruction at `rip` that may never be executed, when it lies on one page and stays as it
  // is.
  bool peek(GuestOs& os, u64 rip, x86::Insn& insn);

  void clear();
  std::size_t block_count() const { return block_count_; }

  // Called for each new block, where it is set.
  static void (*observer)(const Block& block);

  // Makes every thread forget its blocks before it executes the next one: a new epoch begins.
  // Async-signal-safe.
  static void invalidate_all();
  static u64 current_epoch() { return global_epoch_.load(); }
  // That of the blocks that it holds.
  u64 epoch() const { return epoch_; }

 private:
  static constexpr std::size_t kSlots = 32768;
  static constexpr std::size_t kMaxBlockInsns = 64;
  static constexpr std::size_t kStepsTogether = 1024, kBlocksTogether = 128;

  static std::size_t slot_index(u64 rip) { return (rip ^ rip >> 15) & (kSlots - 1); }
  static std::atomic<u64> global_epoch_;
  Block* find_slow(GuestOs& os, u64 rip, FetchFault* fault, u64* fault_address);
  Block* move_to_front(u64 rip);
  Block* find_stored(GuestOs& os, u64 rip);
  Block* decode_block(GuestOs& os, u64 rip, Block* changed, FetchFault* fault, u64* fault_address);
  Block& new_block(u64 rip);
  void add_blocks();
  Step* room_for_steps();
  void keep_row(Block& block, std::span<Step> steps);
  static void keep_verified(Block& block, std::span<const Step> steps);
  bool find_known_step(u64 rip, Step& step) const;
  bool learn_step(GuestOs& os, u64 rip, Step& step, FetchFault* fault, u64* fault_address);
  std::size_t decode_steps(GuestOs& os, u64 rip, std::span<Step> steps, FetchFault* fault,
                           u64* fault_address);
  CodePage prepare_page(GuestOs& os, u64 rip);

  // Memory that is zero and that the host gives page by page as it is used.
  struct Free {
    void operator()(Block** slots) const { std::free(slots); }
  };
  using Slots = std::unique_ptr<Block*[], Free>;
  static Slots make_slots() {
    auto* slots = static_cast<Block**>(std::calloc(kSlots, sizeof(Block*)));
    CHECK(slots != nullptr);
    return Slots(slots);
  }
  Slots slots_ = make_slots();
  // Blocks and their instructions stay where they are. Of the last piece of either, so many are in
  // use.
  std::vector<std::unique_ptr<Block[]>> blocks_;
  std::vector<std::unique_ptr<std::byte[]>> steps_;
  std::size_t block_count_ = 0, last_steps_ = 0;
  interp::StepCache known_steps_;
  // Of the epoch; the page that is known to be CodePage::kStable.
  u64 stable_page_ = kNoPage;
  static constexpr u64 kNoPage = ~u64{0};
  u64 epoch_ = 0;
};

}  // namespace gantry::engine

#include "emulator/engine/block_cache.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "emulator/base/log.h"
#include "emulator/engine/code_store.h"
#include "emulator/engine/thread.h"
#include "emulator/guest/xsave.h"
#include "emulator/x86/decoder.h"
#include "emulator/x86/opcode.h"

namespace gantry::engine {
namespace {

constexpr u64 kPageSize = 4096;

void log_invalid(u64 rip, std::span<const u8> code) {
  char text[3 * x86::kMaxInsnLength + 1] = "";
  code = code.first(std::min<std::size_t>(code.size(), x86::kMaxInsnLength));
  for (std::size_t n = 0; n < code.size(); n++) std::snprintf(text + 3 * n, 4, "%02x ", code[n]);
  LOG(kWarning, "invalid or unknown instruction at %#lx: %s", static_cast<unsigned long>(rip),
      text);
}

u64 page_end_of(u64 rip) { return align_down(rip, kPageSize) + kPageSize; }

// The bytes from `rip` on, up to the end of its page.
std::span<const u8> bytes_on_page(u64 rip) {
  return {reinterpret_cast<const u8*>(rip), page_end_of(rip) - rip};
}

// And those of the next page where that is executable.
std::span<const u8> fetchable(GuestOs& os, u64 rip) {
  std::span<const u8> code = bytes_on_page(rip);
  if (code.size() >= x86::kMaxInsnLength) return code;
  if (os.prepare_code_page(page_end_of(rip)) == CodePage::kNotExecutable) return code;
  return {code.data(), x86::kMaxInsnLength};
}

// VEX-encoded vector instructions, whose names alone begin with a v, are invalid where the
// operating system has not enabled the AVX state (SDM vol. 1, section 14.3).
bool is_enabled(const x86::Insn& insn) {
  if (guest::xcr0() & guest::kAvxState) return true;
  return !insn.vex() || x86::row_mnemonic(insn.row)[0] != 'v';
}

bool decode_step(GuestOs& os, u64 rip, Step& step, FetchFault* fault, u64* fault_address) {
  std::span<const u8> code = bytes_on_page(rip);
  x86::DecodeStatus status = x86::decode(code, rip, step.insn);
  if (status == x86::DecodeStatus::kTruncated) {
    code = fetchable(os, rip);
    status = x86::decode(code, rip, step.insn);
  }
  *fault_address = rip;
  if (status == x86::DecodeStatus::kOk && !is_enabled(step.insn)) {
    status = x86::DecodeStatus::kInvalid;
  }
  switch (status) {
    case x86::DecodeStatus::kOk:
      step.handler = interp::handler_in_row(step.insn);
      return true;
    case x86::DecodeStatus::kTruncated:
      *fault = FetchFault::kPageFault;
      *fault_address = rip + code.size();
      return false;
    case x86::DecodeStatus::kInvalid:
      log_invalid(rip, code);
      *fault = FetchFault::kInvalidOpcode;
      return false;
    case x86::DecodeStatus::kTooLong:
      *fault = FetchFault::kTooLong;
      return false;
  }
  return false;
}

bool is_unchanged(const Block& block) {
  const std::vector<u8>& bytes = block.rare_parts->bytes;
  return std::memcmp(bytes.data(), reinterpret_cast<const void*>(block.rip), bytes.size()) == 0;
}

}  // namespace

std::atomic<u64> BlockCache::global_epoch_{1};
void (*BlockCache::observer)(const Block& block) = nullptr;

void BlockCache::invalidate_all() { global_epoch_.fetch_add(1); }

void BlockCache::clear() {
  slots_ = make_slots();
  blocks_.clear();
  steps_.clear();
  block_count_ = last_steps_ = 0;
  stable_page_ = kNoPage;
}

[[gnu::noinline]] void BlockCache::add_blocks() {
  blocks_.push_back(std::make_unique<Block[]>(kBlocksTogether));
}

Block& BlockCache::new_block(u64 rip) {
  std::size_t at = block_count_++ % kBlocksTogether;
  if (at == 0) [[unlikely]]
    add_blocks();
  Block& block = blocks_.back()[at];
  block.same_slot = std::exchange(slots_[slot_index(rip)], &block);
  return block;
}

// For as many as a block may have, and the end of the row.
Step* BlockCache::room_for_steps() {
  static_assert(std::is_trivially_copyable_v<Step>);
  if (steps_.empty() || last_steps_ + kMaxBlockInsns + 1 > kStepsTogether) {
    steps_.emplace_back(new std::byte[kStepsTogether * sizeof(Step)]);
    last_steps_ = 0;
  }
  return reinterpret_cast<Step*>(steps_.back().get()) + last_steps_;
}

// As GuestOs::prepare_code_page(): what makes a stable page another one ends the epoch.
CodePage BlockCache::prepare_page(GuestOs& os, u64 rip) {
  u64 page = rip / kPageSize;
  if (page == stable_page_ && epoch_ == current_epoch()) return CodePage::kStable;
  CodePage kind = os.prepare_code_page(rip);
  if (kind == CodePage::kStable) stable_page_ = page;
  return kind;
}

bool BlockCache::decode_one(GuestOs& os, u64 rip, Step& step, FetchFault* fault,
                            u64* fault_address) {
  if (os.prepare_code_page(rip) == CodePage::kNotExecutable) {
    *fault = FetchFault::kPageFault;
    *fault_address = rip;
    return false;
  }
  if (!decode_step(os, rip, step, fault, fault_address)) return false;
  step.handler = interp::handler_for(step.insn);
  return true;
}

bool BlockCache::peek(GuestOs& os, u64 rip, x86::Insn& insn) {
  if (prepare_page(os, rip) != CodePage::kStable) return false;
  Step step;
  if (find_known_step(rip, step)) {
    insn = step.insn;
    return true;
  }
  return x86::decode(bytes_on_page(rip), rip, insn) == x86::DecodeStatus::kOk && is_enabled(insn);
}

Block* BlockCache::move_to_front(u64 rip) {
  Block** slot = &slots_[slot_index(rip)];
  for (Block** at = slot; *at; at = &(*at)->same_slot) {
    Block* block = *at;
    if (block->rip != rip) continue;
    *at = block->same_slot;
    block->same_slot = *slot;
    return *slot = block;
  }
  return nullptr;
}

Block* BlockCache::find_slow(GuestOs& os, u64 rip, FetchFault* fault, u64* fault_address) {
  u64 epoch = current_epoch();
  if (epoch != epoch_) {
    clear();
    epoch_ = epoch;
  }
  Block* block = move_to_front(rip);
  if (block && (!block->is_verified || is_unchanged(*block))) return block;
  if (store && !block) {
    if (Block* stored = find_stored(os, rip)) return stored;
  }
  return decode_block(os, rip, block, fault, fault_address);
}

// Others may have invalidated code meanwhile, as when it is translated.
Block* BlockCache::find_stored(GuestOs& os, u64 rip) {
  static thread_local std::vector<jit::Entry> entries;
  if (!store->find(*this, os, rip, entries)) return nullptr;
  jit::publish(entries);
  if (current_epoch() != epoch_) {
    for (const jit::Entry& entry : entries) jit::withdraw(entry.rip);
    invalidate_code();
    return nullptr;
  }
  for (const jit::Entry& entry : entries) adopt(entry);
  return find_decoded(rip);
}

void BlockCache::adopt(const jit::Entry& entry) {
  Block* block = find_decoded(entry.rip);
  if (!block) {
    block = &new_block(entry.rip);
    block->rip = entry.rip;
  }
  if (!block->entry.code && !block->is_verified) block->entry = entry;
}

bool BlockCache::complete(GuestOs& os, Block& block) {
  if (!block.steps.empty()) return true;
  FetchFault fault;
  u64 address;
  Step* steps = room_for_steps();
  if (prepare_page(os, block.rip) != CodePage::kStable) return false;
  std::size_t count = decode_steps(os, block.rip, {steps, kMaxBlockInsns}, &fault, &address);
  if (count == 0) return false;
  const x86::Insn& last = steps[count - 1].insn;
  block.end = last.next_rip();
  block.falls_through = !last.ends_block;
  keep_row(block, {steps, count});
  return true;
}

// What room_for_steps() gave becomes the block's.
void BlockCache::keep_row(Block& block, std::span<Step> steps) {
  block.steps = steps;
  last_steps_ += steps.size();
  if (block.falls_through) {
    steps.data()[steps.size()] = interp::end_of_row(block.end);
    last_steps_++;
  }
  block.is_plain = !options.trace && !options.translation.dump.counts;
}

void BlockCache::keep_verified(Block& block, std::span<const Step> steps) {
  RareParts& parts = block.rare();
  parts.bytes.assign(reinterpret_cast<const u8*>(block.rip),
                     reinterpret_cast<const u8*>(block.end));
  parts.steps.assign(steps.begin(), steps.end());
  for (Step& step : parts.steps) step.handler = interp::handler_for(step.insn);
  block.steps = parts.steps;
  block.is_verified = true;
}

bool BlockCache::find_known_step(u64 rip, Step& step) const {
  return page_end_of(rip) - rip >= interp::StepCache::kReadAhead &&
         known_steps_.find(reinterpret_cast<const u8*>(rip), rip, step);
}

// Decodes what is not known, and notes it. Others may be changing the code: what is noted is what
// was decoded.
bool BlockCache::learn_step(GuestOs& os, u64 rip, Step& step, FetchFault* fault,
                            u64* fault_address) {
  if (page_end_of(rip) - rip < interp::StepCache::kReadAhead) {
    return decode_step(os, rip, step, fault, fault_address);
  }
  u8 copy[2 * interp::StepCache::kReadAhead] = {};
  std::memcpy(copy, reinterpret_cast<const u8*>(rip), interp::StepCache::kReadAhead);
  bool is_valid = x86::decode(copy, rip, step.insn) == x86::DecodeStatus::kOk;
  if (!is_valid || !is_enabled(step.insn)) {
    return decode_step(os, rip, step, fault, fault_address);
  }
  step.handler = interp::handler_in_row(step.insn);
  known_steps_.note(copy, step);
  return true;
}

// Up to the first branch, the page's end, or what cannot be decoded. 0 and *fault when that is the
// first instruction.
std::size_t BlockCache::decode_steps(GuestOs& os, u64 rip, std::span<Step> steps, FetchFault* fault,
                                     u64* fault_address) {
  FetchFault later;
  u64 later_address, page_end = page_end_of(rip);
  std::size_t count = 0;
  while (count < steps.size() && rip < page_end) {
    Step& step = steps[count];
    if (!find_known_step(rip, step) && !learn_step(os, rip, step, fault, fault_address)) break;
    const x86::Insn& insn = step.insn;
    count++;
    if (insn.ends_block) break;
    rip = insn.next_rip();
    fault = &later;
    fault_address = &later_address;
  }
  return count;
}

// The block at `rip`: a new one, or `changed`, whose code is another one now.
Block* BlockCache::decode_block(GuestOs& os, u64 rip, Block* changed, FetchFault* fault,
                                u64* fault_address) {
  CodePage page = prepare_page(os, rip);
  if (page == CodePage::kNotExecutable) {
    *fault = FetchFault::kPageFault;
    *fault_address = rip;
    return nullptr;
  }
  Step* steps = room_for_steps();
  std::size_t count = decode_steps(os, rip, {steps, kMaxBlockInsns}, fault, fault_address);
  if (count == 0) return nullptr;
  if (changed) changed->forget();
  const x86::Insn& last = steps[count - 1].insn;
  u64 end = last.next_rip(), page_end = page_end_of(rip);
  // An instruction that reaches into the next page makes the block depend on that page as well.
  if (end > page_end && os.prepare_code_page(page_end) == CodePage::kVerify)
    page = CodePage::kVerify;
  Block& block = changed ? *changed : new_block(rip);
  block.rip = rip;
  block.end = end;
  block.falls_through = !last.ends_block;
  if (page == CodePage::kVerify) {
    keep_verified(block, {steps, count});
  } else {
    keep_row(block, {steps, count});
  }
  if (observer) [[unlikely]]
    observer(block);
  return &block;
}

}  // namespace gantry::engine

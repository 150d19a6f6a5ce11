#include "emulator/engine/block_cache.h"

#include <algorithm>
#include <cstring>

#include "emulator/base/log.h"
#include "emulator/guest/xsave.h"
#include "emulator/x86/decoder.h"
#include "emulator/x86/opcode.h"

namespace gantry::engine {
namespace {

constexpr u64 kPageSize = 4096;

void log_invalid(u64 rip, std::span<const u8> code) {
  char text[3 * x86::kMaxInsnLength + 1] = "";
  for (std::size_t n = 0; n < code.size(); n++) std::snprintf(text + 3 * n, 4, "%02x ", code[n]);
  LOG(kWarning, "invalid or unknown instruction at %#lx: %s", static_cast<unsigned long>(rip),
      text);
}

u64 page_end_of(u64 rip) { return align_down(rip, kPageSize) + kPageSize; }

// The bytes from `rip` on: up to 15, of its page alone.
std::span<const u8> bytes_on_page(u64 rip) {
  return {reinterpret_cast<const u8*>(rip),
          std::min<u64>(x86::kMaxInsnLength, page_end_of(rip) - rip)};
}

// And those of the next page where that is executable.
std::span<const u8> fetchable(GuestOs& os, u64 rip) {
  std::span<const u8> code = bytes_on_page(rip);
  if (code.size() == x86::kMaxInsnLength) return code;
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
      step.handler = interp::handler_for(step.insn);
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

}  // namespace

std::atomic<u64> BlockCache::global_epoch_{1};
void (*BlockCache::observer)(const Block& block) = nullptr;

void BlockCache::invalidate_all() { global_epoch_.fetch_add(1); }

void BlockCache::clear() {
  blocks_.clear();
  slots_ = make_slots();
}

bool BlockCache::decode_one(GuestOs& os, u64 rip, Step& step, FetchFault* fault,
                            u64* fault_address) {
  if (os.prepare_code_page(rip) == CodePage::kNotExecutable) {
    *fault = FetchFault::kPageFault;
    *fault_address = rip;
    return false;
  }
  return decode_step(os, rip, step, fault, fault_address);
}

bool BlockCache::peek(GuestOs& os, u64 rip, x86::Insn& insn) {
  if (os.prepare_code_page(rip) != CodePage::kStable) return false;
  return x86::decode(bytes_on_page(rip), rip, insn) == x86::DecodeStatus::kOk && is_enabled(insn);
}

Block* BlockCache::find_slow(GuestOs& os, u64 rip, FetchFault* fault, u64* fault_address) {
  u64 epoch = current_epoch();
  if (epoch != epoch_) {
    clear();
    epoch_ = epoch;
  }
  auto found = blocks_.find(rip);
  if (found != blocks_.end()) {
    Block* block = &found->second;
    bool same =
        block->bytes.empty() ||
        !std::memcmp(block->bytes.data(), reinterpret_cast<const void*>(rip), block->bytes.size());
    if (same) {
      slots_[slot_index(rip)] = {rip, block};
      return block;
    }
    blocks_.erase(found);
    slots_[slot_index(rip)] = {};
  }

  CodePage page = os.prepare_code_page(rip);
  if (page == CodePage::kNotExecutable) {
    *fault = FetchFault::kPageFault;
    *fault_address = rip;
    return nullptr;
  }
  std::size_t count = 0;
  u64 end = rip, page_end = page_end_of(rip);
  bool falls_through = true;
  while (count < kMaxBlockInsns && end < page_end && falls_through) {
    FetchFault later;
    u64 later_address;
    Step& step = decoded_[count];
    if (!decode_step(os, end, step, count == 0 ? fault : &later,
                     count == 0 ? fault_address : &later_address)) {
      if (count == 0) return nullptr;
      break;
    }
    count++;
    end += step.insn.length;
    falls_through = !step.insn.ends_block;
  }
  // An instruction that reaches into the next page makes the block depend on that page as well.
  if (end > page_end && os.prepare_code_page(page_end) == CodePage::kVerify)
    page = CodePage::kVerify;
  Block& block = blocks_[rip];
  block.rip = rip;
  block.end = end;
  block.falls_through = falls_through;
  block.steps.assign(decoded_.get(), decoded_.get() + count);
  if (page == CodePage::kVerify) {
    block.bytes.assign(reinterpret_cast<const u8*>(rip), reinterpret_cast<const u8*>(end));
  }
  slots_[slot_index(rip)] = {rip, &block};
  if (observer) [[unlikely]]
    observer(block);
  return &block;
}

}  // namespace gantry::engine

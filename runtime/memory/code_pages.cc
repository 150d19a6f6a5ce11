#include "runtime/memory/code_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#include "emulator/engine/thread.h"

namespace gantry::runtime {

using engine::CodePage;

CodePages::~CodePages() { std::free(slots_.load()); }

CodePages::Slot* CodePages::lookup(u64 page) {
  Slot* slots = slots_.load(std::memory_order_acquire);
  if (!slots) return nullptr;
  for (u64 i = page % kSlots;; i = (i + 1) % kSlots) {
    u64 slot = slots[i].load(std::memory_order_acquire);
    if (slot == 0) return nullptr;
    if (page_of(slot) == page) return &slots[i];
  }
}

CodePages::Slot* CodePages::lookup_or_add(u64 page) {
  if (Slot* slot = lookup(page)) return slot;
  Slot* slots = slots_.load(std::memory_order_relaxed);
  if (!slots) {
    // calloc: pages of the table that are never used cost nothing.
    slots = static_cast<Slot*>(std::calloc(kSlots, sizeof(Slot)));
    slots_.store(slots, std::memory_order_release);
  }
  if (!slots || used_ >= kMaxUsed) return nullptr;
  u64 i = page % kSlots;
  while (slots[i].load(std::memory_order_relaxed) != 0) i = (i + 1) % kSlots;
  slots[i].store(pack(page, 0, kIdle), std::memory_order_release);
  used_++;
  return &slots[i];
}

bool CodePages::set_writable(u64 page, bool writable) {
  void* address = reinterpret_cast<void*>(page * page_size_);
  return mprotect(address, page_size_, writable ? PROT_READ | PROT_WRITE : PROT_READ) == 0;
}

CodePage CodePages::prepare(u64 address, bool writable) {
  u64 page = address / page_size_;
  decoded_.insert(page);
  if (!writable) return CodePage::kStable;
  Slot* slot = lookup_or_add(page);
  if (!slot) return CodePage::kVerify;
  u64 value = slot->load(std::memory_order_acquire);
  if (state_of(value) == kProtected) return CodePage::kStable;
  if (state_of(value) == kAlwaysVerify) return CodePage::kVerify;
  if (breaks_of(value) >= kMaxBreaks) {
    slot->store(pack(page, kMaxBreaks, kAlwaysVerify), std::memory_order_release);
    return CodePage::kVerify;
  }
  // In this order: a fault that is handled in between leaves the page protected or its state
  // kBroken, and both are handled by the next fault.
  slot->store(pack(page, breaks_of(value), kProtected), std::memory_order_release);
  if (set_writable(page, false)) return CodePage::kStable;
  slot->store(pack(page, breaks_of(value), kAlwaysVerify), std::memory_order_release);
  return CodePage::kVerify;
}

bool CodePages::forget(u64 start, u64 end) {
  auto first = decoded_.lower_bound(start / page_size_);
  auto last = decoded_.lower_bound((end + page_size_ - 1) / page_size_);
  bool any = first != last;
  for (auto it = first; it != last; ++it) {
    if (Slot* slot = lookup(*it)) slot->store(pack(*it, 0, kIdle), std::memory_order_release);
  }
  decoded_.erase(first, last);
  return any;
}

bool CodePages::unprotect(u64 start, u64 end) {
  bool any = false;
  auto last = decoded_.lower_bound((end + page_size_ - 1) / page_size_);
  for (auto it = decoded_.lower_bound(start / page_size_); it != last; ++it) {
    Slot* slot = lookup(*it);
    if (!slot) continue;
    u64 value = slot->load(std::memory_order_acquire);
    if (state_of(value) != kProtected) continue;
    set_writable(*it, true);
    slot->store(pack(*it, breaks_of(value), kBroken), std::memory_order_release);
    any = true;
  }
  return any;
}

bool CodePages::handle_write_fault(u64 address) {
  u64 page = address / page_size_;
  Slot* slot = lookup(page);
  if (!slot) return false;
  u64 value = slot->load(std::memory_order_acquire);
  if (state_of(value) == kIdle) return false;
  // The page becomes writable before its state says so, and code is invalidated last: whoever
  // decodes in between either protects the page again or finds its blocks invalidated.
  if (!set_writable(page, true)) return false;
  while (state_of(value) == kProtected) {
    u64 breaks = std::min<u64>(breaks_of(value) + 1, 0xff);
    if (slot->compare_exchange_weak(value, pack(page, breaks, kBroken))) break;
  }
  engine::invalidate_code();
  return true;
}

}  // namespace gantry::runtime

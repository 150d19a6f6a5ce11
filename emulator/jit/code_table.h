// Guest address to translated code, as indirect jumps look it up: one direct-mapped table of the
// process, read without locks.
#pragma once

#include <atomic>

#include "emulator/base/types.h"

namespace gantry::jit {

class CodeTable {
 public:
  static constexpr unsigned kBits = 14;

  // Never changes once it is in the table.
  struct Entry {
    u64 rip;
    const void* code;
  };

  CodeTable() { clear(); }

  const void* address() const { return slots_; }
  // The entry is to live as long as the table.
  void insert(const Entry& entry) {
    slots_[index(entry.rip)].store(&entry, std::memory_order_release);
  }
  void remove(u64 rip) {
    auto& slot = slots_[index(rip)];
    const Entry* entry = slot.load(std::memory_order_acquire);
    if (entry->rip == rip) slot.compare_exchange_strong(entry, &kNothing);
  }
  // Async-signal-safe.
  void clear() {
    for (auto& slot : slots_) slot.store(&kNothing, std::memory_order_relaxed);
  }

 private:
  static constexpr Entry kNothing = {~u64{0}, nullptr};
  static constexpr u64 index(u64 rip) { return rip & ((1u << kBits) - 1); }

  std::atomic<const Entry*> slots_[1u << kBits];
};

}  // namespace gantry::jit

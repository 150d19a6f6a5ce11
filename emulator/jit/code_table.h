// Guest address to translated code, as indirect jumps look it up: one table of the process, read
// without locks. An address has two slots, at index(rip) and index(rip) ^ 1.
//
// A slot has 32 bits, the distance of its entry from the table's start, plus kBias. So an empty
// slot, which is zero as fresh memory is, leads to the entry in front of the table, which is
// nobody's.
#pragma once

#include <atomic>

#include "emulator/base/types.h"

namespace gantry::jit {

class CodeTable {
 public:
  static constexpr unsigned kBits = 18;
  static constexpr u64 kBias = 16;

  // In Entry::code: status flags are read there before they are written.
  static constexpr u64 kReadsFlags = 1;

  // Never changes once it is in the table.
  struct Entry {
    u64 rip;
    u64 code;  // its address, which is even, and kReadsFlags
  };
  static_assert(sizeof(Entry) == kBias);

  // Reserves memory for that many entries. False when the host refuses it.
  bool prepare(u64 max_entries);

  // Of the first slot.
  const void* address() const { return slots_; }
  // The caller holds the code cache's mutex. False when there is no room.
  bool insert(u64 rip, const void* code, bool reads_flags);
  void remove(u64 rip);
  // Forgets all. Async-signal-safe. The memory of the entries is used again after reuse() only.
  void clear();
  void reuse() { entry_count_ = 0; }

 private:
  static constexpr u64 kSlots = 1u << kBits;
  static constexpr u64 index(u64 rip) { return (rip ^ rip >> kBits) & (kSlots - 1); }
  const Entry& entry_of(u32 slot) const {
    return *reinterpret_cast<const Entry*>(reinterpret_cast<u64>(slots_) + slot - kBias);
  }

  std::atomic<u32>* slots_ = nullptr;
  Entry* entries_ = nullptr;
  u64 entry_count_ = 0, max_entries_ = 0;
};

}  // namespace gantry::jit

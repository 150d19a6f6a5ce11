#include "emulator/jit/code_table.h"

#include <sys/mman.h>

#include <initializer_list>
#include <new>

#include "emulator/jit/reserve.h"

namespace gantry::jit {
namespace {

constexpr u64 kPageBytes = 65536;  // at least: the slots are given back by pages

}  // namespace

// A page whose end is the entry in front of the table, the slots, the entries.
bool CodeTable::prepare(u64 max_entries) {
  u64 bytes = kPageBytes + kSlots * sizeof(u32) + max_entries * sizeof(Entry);
  if (bytes >> 32) return false;
  void* memory = reserve(bytes, PROT_READ | PROT_WRITE);
  if (!memory) return false;
  u8* slots = static_cast<u8*>(memory) + kPageBytes;
  slots_ = reinterpret_cast<std::atomic<u32>*>(slots);
  entries_ = reinterpret_cast<Entry*>(slots + kSlots * sizeof(u32));
  max_entries_ = max_entries;
  new (slots - kBias) Entry{~u64{0}, 0};
  return true;
}

bool CodeTable::insert(u64 rip, const void* code, bool reads_flags) {
  if (entry_count_ == max_entries_) return false;
  u64 value_of_code = reinterpret_cast<u64>(code) | (reads_flags ? kReadsFlags : 0);
  Entry* entry = new (&entries_[entry_count_++]) Entry{rip, value_of_code};
  u64 distance = reinterpret_cast<u64>(entry) - reinterpret_cast<u64>(slots_) + kBias;
  auto* slot = &slots_[index(rip)];
  auto* other = &slots_[index(rip) ^ 1];
  u32 value = slot->load(std::memory_order_relaxed);
  bool is_taken = value != 0 && entry_of(value).rip != rip;
  if (is_taken && other->load(std::memory_order_relaxed) == 0) slot = other;
  slot->store(static_cast<u32>(distance), std::memory_order_release);
  return true;
}

void CodeTable::remove(u64 rip) {
  for (u64 n : {index(rip), index(rip) ^ 1}) {
    u32 value = slots_[n].load(std::memory_order_acquire);
    if (entry_of(value).rip == rip) slots_[n].compare_exchange_strong(value, 0);
  }
}

// Private memory that is given back is zero when it is read again (madvise(2), MADV_DONTNEED).
void CodeTable::clear() {
  madvise(static_cast<void*>(slots_), kSlots * sizeof(u32), MADV_DONTNEED);
}

}  // namespace gantry::jit

// Memory for translated code, and what is known about it: which guest instruction each host
// instruction belongs to.
#pragma once

#include <atomic>
#include <mutex>
#include <span>

#include "emulator/base/types.h"
#include "emulator/jit/backend.h"
#include "emulator/jit/recovery.h"
#include "emulator/x86/insn.h"

namespace gantry::jit {

// The code from `offset` on, up to the next mark, belongs to the guest instruction at rip.
struct Mark {
  u32 offset;
  u32 recovery;  // number, from 1, of the first Recovery of a fault there
  u64 rip;
};

class CodeCache {
 public:
  // Reserves the memory, for `bytes` of code and what belongs to it. False when the host refuses
  // it.
  bool prepare(u64 bytes);

  // Room for `bytes` of code, aligned to 16, with what is beside it and lives as long;
  // nullptr when the cache is full. The caller holds mutex().
  struct Room {
    u8* code = nullptr;
    std::span<Mark> marks;
    std::span<Recovery> recoveries;
    u32 first_recovery = 0;  // the number of recoveries[0]
  };
  Room allocate(u64 bytes, u64 mark_count, u64 recovery_count = 0);
  // Guest instructions that translated code refers to. nullptr when there is no room.
  x86::Insn* keep(std::span<const x86::Insn> insns);
  // Those that were kept after the first `count` are not needed after all.
  u64 insn_count() const { return insn_count_; }
  std::span<const x86::Insn> insns_since(u64 count) const {
    return {insns_ + count, insn_count_ - count};
  }
  void drop_insns(u64 count) { insn_count_ = count; }
  // The code is written: it may be executed, and found by its address. `rip` is where the guest has
  // what it is the translation of, 0 when there is no such place.
  void publish(const Room& room, u64 bytes, u64 rip);

  // What there is now stays for ever: clear() drops everything else. Nobody may be executing that.
  void keep_forever();
  void clear();
  bool is_empty() const { return bytes() == 0; }

  bool contains(u64 pc) const { return pc - begin_ < used_.load(std::memory_order_acquire); }
  // RIP of the guest instruction that `pc` belongs to; 0 when it belongs to none.
  u64 rip_of(u64 pc) const;
  // The mark of `pc`; nullptr when there is none.
  const Mark* mark_at(u64 pc) const;
  // Of a fault at the mark; nullptr when nothing is to be done.
  const Recovery* recovery_of(const Mark& mark) const;
  // False when `pc` is in no unit.
  bool find(u64 pc, Place& place) const;

  // Of what clear() drops.
  u64 unit_count() const { return unit_count_.load() - kept_units_; }
  u64 bytes() const { return used() - kept_bytes_; }

  u64 used() const { return used_.load(std::memory_order_relaxed); }
  std::mutex& mutex() { return mutex_; }

 private:
  struct Unit {
    u32 begin, end;  // offsets of the code
    u32 first_mark, mark_count;
    u64 rip;
  };
  const Unit* unit_of(u64 pc) const;
  const Mark* mark_of(const Unit& unit, u64 pc) const;  // nullptr where there is none

  std::mutex mutex_;
  u64 begin_ = 0;
  u64 max_bytes_ = 0, max_marks_ = 0, max_insns_ = 0, max_units_ = 0, max_recoveries_ = 0;
  u64 kept_bytes_ = 0, kept_units_ = 0;  // these units have no marks
  std::atomic<u64> used_{0};
  Mark* marks_ = nullptr;
  u64 mark_count_ = 0;
  Recovery* recoveries_ = nullptr;
  u64 recovery_count_ = 0;
  x86::Insn* insns_ = nullptr;
  u64 insn_count_ = 0;
  Unit* units_ = nullptr;
  std::atomic<u64> unit_count_{0};
};

}  // namespace gantry::jit

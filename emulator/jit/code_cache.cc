#include "emulator/jit/code_cache.h"

#include <sys/mman.h>

#include <algorithm>

#include "emulator/base/bits.h"
#include "emulator/base/code_name.h"
#include "emulator/base/perf_map.h"
#include "emulator/jit/debugger.h"
#include "emulator/jit/reserve.h"

namespace gantry::jit {
namespace {

// What short programs use at most. Behind it huge pages are worth it: one TLB entry for much code.
constexpr u64 kCodeInSmallPages = 2 << 20;

// For those who asked for it.
void tell_name(const u8* code, u64 bytes, u64 rip) {
  if (perf_map_descriptor() < 0 && !has_debugger()) [[likely]]
    return;
  std::string name = rip ? code_name(rip) : "gantry";
  add_to_perf_map(code, bytes, name);
  if (has_debugger()) add_to_debugger(reinterpret_cast<u64>(code), bytes, name);
}

}  // namespace

// Addresses only: the host gives memory page by page as it is used.
bool CodeCache::prepare(u64 bytes) {
  constexpr int kData = PROT_READ | PROT_WRITE;
  max_bytes_ = bytes;
  max_marks_ = bytes / 12;
  max_insns_ = bytes / 24;
  max_units_ = bytes / 64;
  max_recoveries_ = bytes / 256;
  begin_ = reinterpret_cast<u64>(reserve(max_bytes_, kData | PROT_EXEC, kCodeInSmallPages));
  marks_ = static_cast<Mark*>(reserve(max_marks_ * sizeof(Mark), kData));
  insns_ = static_cast<x86::Insn*>(reserve(max_insns_ * sizeof(x86::Insn), kData));
  units_ = static_cast<Unit*>(reserve(max_units_ * sizeof(Unit), kData));
  recoveries_ = static_cast<Recovery*>(reserve(max_recoveries_ * sizeof(Recovery), kData));
  return begin_ && marks_ && insns_ && units_ && recoveries_;
}

void CodeCache::keep_forever() {
  kept_bytes_ = used();
  kept_units_ = unit_count_.load(std::memory_order_relaxed);
}

void CodeCache::clear() {
  if (has_debugger()) remove_from_debugger(kept_units_);
  used_.store(kept_bytes_, std::memory_order_release);
  unit_count_.store(kept_units_, std::memory_order_release);
  mark_count_ = insn_count_ = recovery_count_ = 0;
}

CodeCache::Room CodeCache::allocate(u64 bytes, u64 mark_count, u64 recovery_count) {
  u64 offset = align_up(used_, 16);
  bool full = offset + bytes > max_bytes_ || mark_count_ + mark_count > max_marks_ ||
              recovery_count_ + recovery_count > max_recoveries_ || unit_count_ == max_units_;
  if (full) return {};
  return {.code = reinterpret_cast<u8*>(begin_ + offset),
          .marks = {marks_ + mark_count_, mark_count},
          .recoveries = {recoveries_ + recovery_count_, recovery_count},
          .first_recovery = static_cast<u32>(recovery_count_ + 1)};
}

x86::Insn* CodeCache::keep(std::span<const x86::Insn> insns) {
  if (insn_count_ + insns.size() > max_insns_) return nullptr;
  x86::Insn* kept = insns_ + insn_count_;
  std::copy(insns.begin(), insns.end(), kept);
  insn_count_ += insns.size();
  return kept;
}

void CodeCache::publish(const Room& room, u64 bytes, u64 rip) {
  auto* begin = reinterpret_cast<char*>(room.code);
  __builtin___clear_cache(begin, begin + bytes);
  auto offset = static_cast<u32>(reinterpret_cast<u64>(room.code) - begin_);
  u64 unit = unit_count_;
  units_[unit] = {offset, static_cast<u32>(offset + bytes), static_cast<u32>(mark_count_),
                  static_cast<u32>(room.marks.size()), rip};
  mark_count_ += room.marks.size();
  recovery_count_ += room.recoveries.size();
  unit_count_.store(unit + 1, std::memory_order_release);
  used_.store(offset + bytes, std::memory_order_release);
  tell_name(room.code, bytes, rip);
}

const CodeCache::Unit* CodeCache::unit_of(u64 pc) const {
  auto offset = static_cast<u32>(pc - begin_);
  const Unit* first = units_;
  const Unit* end = first + unit_count_.load(std::memory_order_acquire);
  const Unit* after =
      std::upper_bound(first, end, offset, [](u32 o, const Unit& u) { return o < u.begin; });
  return after == first || offset >= after[-1].end ? nullptr : after - 1;
}

const Mark* CodeCache::mark_of(const Unit& unit, u64 pc) const {
  const Mark* first = marks_ + unit.first_mark;
  const Mark* last = first + unit.mark_count;
  u32 within = static_cast<u32>(pc - begin_) - unit.begin;
  const Mark* after =
      std::upper_bound(first, last, within, [](u32 o, const Mark& m) { return o < m.offset; });
  return after == first ? nullptr : after - 1;
}

const Mark* CodeCache::mark_at(u64 pc) const {
  const Unit* unit = unit_of(pc);
  return unit ? mark_of(*unit, pc) : nullptr;
}

u64 CodeCache::rip_of(u64 pc) const {
  const Mark* mark = mark_at(pc);
  return mark ? mark->rip : 0;
}

const Recovery* CodeCache::recovery_of(const Mark& mark) const {
  return mark.recovery ? recoveries_ + mark.recovery - 1 : nullptr;
}

bool CodeCache::find(u64 pc, Place& place) const {
  const Unit* unit = contains(pc) ? unit_of(pc) : nullptr;
  if (!unit) return false;
  place = {.begin = begin_ + unit->begin, .end = begin_ + unit->end, .unit_rip = unit->rip};
  if (const Mark* mark = mark_of(*unit, pc)) {
    place.rip = mark->rip;
    place.rip_begin = place.begin + mark->offset;
  }
  return true;
}

}  // namespace gantry::jit

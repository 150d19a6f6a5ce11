#include "emulator/jit/aarch64/install.h"

#include <algorithm>
#include <cstring>

#include "emulator/jit/aarch64/branch.h"

namespace gantry::aarch64 {
namespace {

using jit::Relocation;

u64 address_of(const Relocation& r, const u8* code, const x86::Insn* insns) {
  if (r.kind == Relocation::Kind::kFunction) return jit::emulator_begin() + r.value;
  if (r.kind == Relocation::Kind::kInsn) return reinterpret_cast<u64>(insns + r.value);
  return reinterpret_cast<u64>(code) + r.value;
}

void relocate(const Relocation& r, u8* code, const x86::Insn* insns, const Stubs& stubs) {
  u8* at = code + r.offset;
  if (r.kind == Relocation::Kind::kStub) {
    auto* branch = reinterpret_cast<u32*>(at);
    *branch = retarget(*branch, static_cast<s64>(stubs[r.value] - reinterpret_cast<u64>(at)));
  } else {
    u64 address = address_of(r, code, insns);
    std::memcpy(at, &address, sizeof address);
  }
}

}  // namespace

bool install(const jit::UnitImage& unit, const x86::Insn* insns, const Stubs& stubs,
             jit::CodeCache& cache, std::span<jit::Entry> entries) {
  u64 bytes = unit.code.size_bytes();
  jit::CodeCache::Room room = cache.allocate(bytes, unit.marks.size(), unit.recoveries.size());
  if (!room.code) return false;
  std::memcpy(room.code, unit.code.data(), bytes);
  for (const Relocation& r : unit.relocations) relocate(r, room.code, insns, stubs);
  std::copy(unit.marks.begin(), unit.marks.end(), room.marks.begin());
  if (!unit.recoveries.empty()) {
    std::transform(unit.recoveries.begin(), unit.recoveries.end(), room.recoveries.begin(),
                   jit::as_executed);
    for (jit::Mark& mark : room.marks) {
      if (mark.recovery) mark.recovery += room.first_recovery - 1;
    }
  }
  cache.publish(room, bytes, unit.entries[0].rip);
  for (std::size_t n = 0; n < unit.entries.size(); n++) {
    const jit::UnitImage::Entry& entry = unit.entries[n];
    entries[n] = {entry.rip, room.code + entry.offset, entry.poll_bytes, entry.reads_flags != 0};
  }
  return true;
}

}  // namespace gantry::aarch64

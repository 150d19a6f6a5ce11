#include "emulator/jit/recovery.h"

#include "emulator/base/bits.h"

namespace gantry::jit {
namespace {

using Kind = Recovery::Argument::Kind;

ir::Slot value_of(const Recovery::Argument& argument, const guest::V128* host_vectors,
                  const guest::V128* results) {
  ir::Slot slot = {.vector = {}};
  if (argument.kind == Kind::kConstant) slot.integer = argument.constant;
  if (argument.kind == Kind::kVector) slot.vector = host_vectors[argument.number];
  if (argument.kind == Kind::kResult) slot.vector = results[argument.number];
  return slot;
}

}  // namespace

void recover_flags(void*, guest::Cpu& cpu, ir::Slot* slots) {
  auto kind = static_cast<guest::FlagKind>(slots[0].integer & 0xff);
  auto width = static_cast<u8>(slots[0].integer >> 8);
  u64 mask = width_mask(width), result = cpu.flags.result & mask, rhs = slots[1].integer & mask;
  u64 lhs = kind == guest::FlagKind::kAdd ? result - rhs : result + rhs;
  cpu.flags = {.result = result, .lhs = lhs & mask, .rhs = rhs, .kind = kind, .width = width};
}

void recover(guest::Cpu& cpu, const Recovery* first, const guest::V128* host_vectors) {
  guest::V128 results[kMaxRecoveries];
  unsigned count = 0;
  do {
    const Recovery& call = first[count];
    ir::Slot slots[ir::kMaxSlots] = {};
    for (unsigned n = 0; n < 3; n++) slots[n] = value_of(call.arguments[n], host_vectors, results);
    call.helper.invoke(call.helper.target, cpu, slots);
    results[count] = slots[0].vector;
  } while (!first[count++].is_last);
  for (unsigned n = 0; n < count; n++) {
    if (first[n].xmm != Recovery::kNone) cpu.xmm[first[n].xmm] = results[n];
  }
}

}  // namespace gantry::jit

#include "emulator/jit/recovery.h"

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

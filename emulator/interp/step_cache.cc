#include "emulator/interp/step_cache.h"

#include <algorithm>
#include <ranges>

#include "emulator/x86/opcode.h"

namespace gantry::interp {
namespace {

// Bytes of the displacement of ModRM and SIB, `last` of which is the last (SDM vol. 2, table 2-2).
unsigned displacement_bytes(const x86::Insn& insn, u8 last) {
  bool in_memory = std::ranges::any_of(
      insn.op, [](const x86::Operand& o) { return o.kind == OperandKind::kMemory; });
  if (!in_memory) return 0;
  unsigned mod = insn.modrm >> 6, rm = insn.modrm & 7;
  if (mod == 1) return 1;
  bool has_no_base = rm == 5 || (rm == 4 && (last & 7) == 5);
  return mod == 2 || (mod == 0 && has_no_base) ? 4 : 0;
}

}  // namespace

// False when what is behind the head is more than one displacement and one immediate operand.
bool StepCache::find_numbers(Entry& entry, u8 last_of_head) {
  const x86::Insn& insn = entry.step.insn;
  auto number = [](unsigned offset, unsigned bytes, Extension extension) {
    return Number{static_cast<u8>(offset), static_cast<u8>(64 - 8 * bytes), extension};
  };
  unsigned size = displacement_bytes(insn, last_of_head), end = insn.head + size;
  if (size) entry.displacement = number(insn.head, size, Extension::kSign);
  unsigned rest = insn.length - end;
  if (rest == 0) return true;
  const x86::OperandSpec* spec = x86::opcodes()[insn.row].op;
  for (const x86::Operand& operand : insn.op) {
    Extension extension = Extension::kNone;
    if (spec->method == x86::Method::kI) extension = Extension::kZero;
    if (spec->method == x86::Method::kIs) extension = Extension::kSign;
    if (spec->method == x86::Method::kJ) extension = Extension::kRelative;
    if (extension != Extension::kNone) entry.immediate = number(end, rest, extension);
    if (operand.kind == OperandKind::kImmediate2) return false;
    spec++;
  }
  return entry.immediate.extension != Extension::kNone;
}

void StepCache::note(const u8* code, const Step& step) {
  const x86::Insn& insn = step.insn;
  if (insn.head > 8 || insn.mem.address_width != 8) return;
  u64 bytes = read_bytes(code);
  Entry entry{.head = bytes,
              .mask = ~u64{0} >> (64 - 8 * insn.head),
              .displacement = {},
              .immediate = {},
              .step = step};
  if (!find_numbers(entry, code[insn.head - 1])) return;
  u64 index = index_of(bytes);
  entries_[index ^ 1] = entries_[index];
  entries_[index] = entry;
}

}  // namespace gantry::interp

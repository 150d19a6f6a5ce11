#include "emulator/interp/step_cache.h"

#include <algorithm>
#include <cstring>
#include <ranges>

#include "emulator/x86/opcode.h"
#include "emulator/x86/opcode_lookup.h"

namespace gantry::interp {
namespace {

u64 read_bytes(const u8* at) {
  u64 bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

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

// By REX, 0F and what the opcode has of ModRM; other prefixes and maps are taken for opcodes of
// four bytes.
u64 StepCache::index_of(u64 bytes) {
  unsigned bits = 0;
  const auto* cells = &x86::kOpcodeCells[static_cast<unsigned>(x86::Map::k1)];
  if ((bytes & 0xf0) == 0x40) bits = 8;
  if ((bytes >> bits & 0xff) == 0x0f) {
    bits += 8;
    cells = &x86::kOpcodeCells[static_cast<unsigned>(x86::Map::k0F)];
  }
  const x86::Cell& cell = (*cells)[bytes >> bits & 0xff];
  bits += cell.base == x86::kNoRow ? 32 : cell.has_modrm ? 16 : 8;
  return (bytes << (64 - bits)) * 0x9e3779b97f4a7c15 >> (64 - kBits);
}

s64 StepCache::read(const u8* code, Number number) {
  u64 bytes = read_bytes(code + number.offset) << number.unused;
  if (number.extension == Extension::kZero) return static_cast<s64>(bytes >> number.unused);
  return static_cast<s64>(bytes) >> number.unused;
}

bool StepCache::find(const u8* code, u64 rip, Step& step) const {
  u64 bytes = read_bytes(code), index = index_of(bytes);
  if (!entries_[index].is_of(bytes) && !entries_[index ^= 1].is_of(bytes)) return false;
  const Entry& entry = entries_[index];
  step = entry.step;
  x86::Insn& insn = step.insn;
  insn.rip = rip;
  if (entry.displacement.extension != Extension::kNone) {
    s64 origin = insn.mem.rip_relative ? static_cast<s64>(insn.next_rip()) : 0;
    insn.mem.disp = read(code, entry.displacement) + origin;
  }
  if (entry.immediate.extension != Extension::kNone) {
    u64 origin = entry.immediate.extension == Extension::kRelative ? insn.next_rip() : 0;
    insn.imm = static_cast<u64>(read(code, entry.immediate)) + origin;
  }
  return true;
}

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

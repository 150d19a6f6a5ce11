#include "emulator/x86/opcode.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "emulator/x86/notation.h"
#include "emulator/x86/opcode_lookup.h"

namespace gantry::x86 {
namespace {

using namespace notation;

constexpr bool uses_modrm(Method method) {
  switch (method) {
    case kE: case kG: case kM: case kR: case kV: case kW: case kU: case kP: case kQ: case kN:
    case kS: case kC: case kD: case kVsib: case kVsibHalf: case kSti:
      return true;
    default:
      return false;
  }
}

constexpr bool is_vector(Method method) {
  return method == kV || method == kW || method == kU || method == kH || method == kL;
}

constexpr bool is_mmx(Method method) { return method == kP || method == kQ || method == kN; }

// Whether an operand decides that the instruction is a byte operation.
constexpr bool is_byte_register(const OperandSpec& op) {
  bool general = op.method == kE || op.method == kG || op.method == kZ || op.method == kRax ||
                 op.method == kO;
  return general && op.size == Size::kB;
}

constexpr bool is_port(Method method) { return method == kI || method == kDx; }

constexpr u32 operand_attributes(const OperandSpec& op) {
  u32 attributes = 0;
  if (uses_modrm(op.method)) attributes |= kHasModRm;
  if (op.method == kH || op.method == kB) attributes |= kUsesVvvv;
  if (is_vector(op.method)) attributes |= kVectorWidth;
  if (is_mmx(op.method)) attributes |= kMmxWidth;
  if (op.method == kZ) attributes |= kOpcodeRegister;
  if (op.method == kVsib || op.method == kVsibHalf) attributes |= kVectorIndex;
  return attributes;
}

constexpr bool has_size(const Opcode& row, Size size) {
  for (const OperandSpec& op : row.op) {
    if (op.size == size) return true;
  }
  return false;
}

constexpr bool ignores_66(const Opcode& row) {
  return (row.prefixes & 15) == P66 || (has_size(row, Size::kY) && !has_size(row, Size::kV));
}

constexpr u32 derived_attributes(const Opcode& row) {
  u32 attributes = 0;
  for (const OperandSpec& op : row.op) attributes |= operand_attributes(op);
  if (row.modrm != ModRmRule::kAny) attributes |= kHasModRm;
  bool vex = row.map >= Map::kV0F;
  if (vex && row.op[0].method == kNone) attributes |= kVectorWidth;
  const OperandSpec& sized = is_port(row.op[0].method) ? row.op[1] : row.op[0];
  if (is_byte_register(sized)) attributes |= kByte;
  if (ignores_66(row)) attributes |= kIgnore66;
  return attributes;
}

constexpr Opcode make_row(Map map, u8 opcode, u32 prefixes, ModRm modrm, OperandSpec op1,
                          OperandSpec op2, OperandSpec op3, OperandSpec op4, u32 attributes) {
  Opcode row{{op1, op2, op3, op4}, attributes, map, opcode, static_cast<u8>(prefixes),
             modrm.rule,           modrm.value};
  row.attributes |= derived_attributes(row);
  return row;
}

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  make_row(Map::map, opcode, prefixes, modrm, op1, op2, op3, op4, attributes),
constexpr Opcode kRows[] = {
#include "emulator/x86/opcodes.def"
};
#undef OP

constexpr unsigned kRowCount = sizeof kRows / sizeof *kRows;
static_assert(kRowCount < kNoRow);

// Inline text: a pointer in each row would be a relocation in a static-pie program.
struct RowText {
  char mnemonic[28];
  char semantics[19];
  bool has_semantics;
};

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  {mnemonic, semantics},
#define SEM(NAME) #NAME, true
#define NO_SEM(NAME) #NAME, false
constexpr RowText kTexts[] = {
#include "emulator/x86/opcodes.def"
};
#undef OP
#undef SEM
#undef NO_SEM

constexpr bool matches_prefixes(const Opcode& row, unsigned key) {
  unsigned pp = key & 3, w = key >> 2 & 1, l = key >> 3;
  auto allows = [&](unsigned shift, unsigned mask, unsigned value) {
    unsigned set = row.prefixes >> shift & mask;
    return set == 0 || (set >> value & 1);
  };
  return allows(0, 15, pp) && allows(4, 3, w) && allows(6, 3, l);
}

constexpr bool matches_modrm(const Opcode& row, ModRmShape shape, unsigned index) {
  bool is_register = index >= 8;
  unsigned rm_and_reg = index - 8;
  unsigned digit = shape == ModRmShape::kByte && is_register ? rm_and_reg >> 3 : index & 7;
  switch (row.modrm) {
    case ModRmRule::kAny: return true;
    case ModRmRule::kDigit: return digit == row.modrm_value;
    case ModRmRule::kMemoryDigit: return !is_register && digit == row.modrm_value;
    case ModRmRule::kRegisterDigit: return is_register && digit == row.modrm_value;
    case ModRmRule::kMemory: return !is_register;
    case ModRmRule::kRegister: return is_register;
    case ModRmRule::kExact: return is_register && rm_and_reg + 0xc0 == row.modrm_value;
  }
  return false;
}

constexpr ModRmShape shape_of(ModRmRule rule) {
  if (rule == ModRmRule::kAny) return ModRmShape::kNone;
  return rule == ModRmRule::kExact ? ModRmShape::kByte : ModRmShape::kDigit;
}

constexpr unsigned opcode_count(const Opcode& row) {
  if (row.attributes & kCc) return 16;
  return row.attributes & kOpcodeRegister ? 8 : 1;
}

// How many of the 16 prefix keys and 256 ModRM bytes a row matches. Of two rows for one encoding
// the one with the smaller number is meant.
constexpr unsigned coverage(const Opcode& row) {
  unsigned keys = 0;
  for (unsigned key = 0; key < 16; key++) keys += matches_prefixes(row, key);
  constexpr unsigned kModRmBytes[] = {256, 32, 24, 8, 192, 64, 1};
  return keys * kModRmBytes[static_cast<unsigned>(row.modrm)];
}

using CellTable = std::array<std::array<Cell, 256>, kMapCount>;

constexpr CellTable shape_cells() {
  CellTable cells;
  for (const Opcode& row : kRows) {
    for (unsigned i = 0; i < opcode_count(row); i++) {
      Cell& cell = cells[static_cast<unsigned>(row.map)][row.opcode + i];
      cell.shape = std::max(cell.shape, shape_of(row.modrm));
      if (row.prefixes) cell.key_mask = 15;
      if (row.attributes & kHasModRm) cell.has_modrm = true;
    }
  }
  return cells;
}

// Entry 0 is "no row": cells without rows keep base 0.
constexpr CellTable build_cells() {
  CellTable cells = shape_cells();
  unsigned base = 1;
  for (auto& map : cells) {
    for (Cell& cell : map) cell.entries = kShapeEntries[static_cast<unsigned>(cell.shape)];
  }
  std::array<std::array<bool, 256>, kMapCount> seen{};
  for (const Opcode& row : kRows) {
    for (unsigned i = 0; i < opcode_count(row); i++) {
      auto map = static_cast<unsigned>(row.map);
      if (seen[map][row.opcode + i]) continue;
      seen[map][row.opcode + i] = true;
      Cell& cell = cells[map][row.opcode + i];
      cell.base = static_cast<u16>(base);
      base += (cell.key_mask + 1) * cell.entries;
    }
  }
  return cells;
}

constexpr CellTable kCells = build_cells();

constexpr unsigned count_entries() {
  unsigned count = 1;
  for (const auto& map : kCells) {
    for (const Cell& cell : map) {
      if (cell.base) count = std::max(count, cell.base + (cell.key_mask + 1u) * cell.entries);
    }
  }
  return count;
}

constexpr unsigned kEntryCount = count_entries();
static_assert(kEntryCount < 0x10000);

using EntryTable = std::array<u16, kEntryCount>;
using CoverageTable = std::array<u16, kRowCount>;

constexpr CoverageTable coverages() {
  CoverageTable result{};
  for (unsigned row = 0; row < kRowCount; row++) result[row] = static_cast<u16>(coverage(kRows[row]));
  return result;
}

constexpr CoverageTable kCoverage = coverages();

// Fails to compile (there is no such function at compile time) when two rows claim one encoding
// with equal right.
void two_rows_for_one_encoding() {}

constexpr void claim(u16& entry, unsigned row) {
  if (entry != kNoRow && kCoverage[entry] == kCoverage[row]) two_rows_for_one_encoding();
  if (entry == kNoRow || kCoverage[row] < kCoverage[entry]) entry = static_cast<u16>(row);
}

constexpr void fill_cell(EntryTable& entries, const Cell& cell, unsigned row) {
  for (unsigned key = 0; key <= cell.key_mask; key++) {
    if (!matches_prefixes(kRows[row], key)) continue;
    for (unsigned index = 0; index < cell.entries; index++) {
      if (matches_modrm(kRows[row], cell.shape, index)) {
        claim(entries[cell.base + key * cell.entries + index], row);
      }
    }
  }
}

constexpr EntryTable build_entries() {
  EntryTable entries{};
  for (u16& entry : entries) entry = kNoRow;
  for (unsigned row = 0; row < kRowCount; row++) {
    for (unsigned i = 0; i < opcode_count(kRows[row]); i++) {
      fill_cell(entries, kCells[static_cast<unsigned>(kRows[row].map)][kRows[row].opcode + i], row);
    }
  }
  return entries;
}

constexpr EntryTable kEntries = build_entries();

}  // namespace

constinit const Opcode* const kOpcodeRows = kRows;
constinit const std::array<Cell, 256>* const kOpcodeCells = kCells.data();
constinit const u16* const kOpcodeEntries = kEntries.data();

std::span<const Opcode> opcodes() { return kRows; }
const char* row_mnemonic(unsigned row) { return kTexts[row].mnemonic; }
const char* row_semantics(unsigned row) { return kTexts[row].semantics; }
bool row_has_semantics(unsigned row) { return kTexts[row].has_semantics; }

}  // namespace gantry::x86

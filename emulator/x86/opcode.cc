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
    case kE:
    case kG:
    case kM:
    case kR:
    case kV:
    case kW:
    case kU:
    case kP:
    case kQ:
    case kN:
    case kS:
    case kC:
    case kD:
    case kVsib:
    case kVsibHalf:
    case kSti:
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
  bool general =
      op.method == kE || op.method == kG || op.method == kZ || op.method == kRax || op.method == kO;
  return general && op.size == Size::kB;
}

constexpr bool is_port(Method method) { return method == kI || method == kDx; }

constexpr u32 operand_attributes(const OperandSpec& op) {
  u32 attributes = 0;
  if (uses_modrm(op.method)) attributes |= kHasModRm;
  if (op.method == kH || op.method == kB) attributes |= kUsesVvvv;
  if (op.method == kZ) attributes |= kOpcodeRegister;
  if (op.method == kVsib || op.method == kVsibHalf) attributes |= kVectorIndex;
  return attributes;
}

constexpr bool has_size(const Opcode& row, Size size) {
  return std::ranges::any_of(row.op, [=](OperandSpec op) { return op.size == size; });
}

constexpr bool ignores_66(const Opcode& row) {
  return (row.prefixes & 15) == P66 || (has_size(row, Size::kY) && !has_size(row, Size::kV));
}

constexpr u32 derived_attributes(const Opcode& row) {
  u32 attributes = 0;
  for (const OperandSpec& op : row.op) attributes |= operand_attributes(op);
  if (row.modrm != ModRmRule::kAny) attributes |= kHasModRm;
  if (ignores_66(row)) attributes |= kIgnore66;
  return attributes;
}

// Insn::width when it is not the operand size, else 0.
constexpr u8 fixed_width(const Opcode& row) {
  const OperandSpec& sized = is_port(row.op[0].method) ? row.op[1] : row.op[0];
  if ((row.attributes & kByte) || is_byte_register(sized)) return 1;
  bool without_operands = row.op[0].method == kNone;
  if (row.map >= Map::kV0F && without_operands) return 16;
  if (std::ranges::any_of(row.op, is_vector, &OperandSpec::method)) return 16;
  return std::ranges::any_of(row.op, is_mmx, &OperandSpec::method) ? 8 : 0;
}

constexpr void set_sizes(Opcode& row) {
  u8 plain = row.attributes & (kDefault64 | kForce64) ? 2 : 1;
  u8 with_66 = row.attributes & (kForce64 | kIgnore66) ? plain : 0;
  u8 width = fixed_width(row);
  if (width) row.attributes |= kFixedWidth;
  for (unsigned i = 0; i < 4; i++) {
    row.columns[i] = i >= 2 ? 2 : i ? with_66 : plain;
    row.widths[i] = width ? width : static_cast<u8>(2 << row.columns[i]);
  }
}

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  {op1, op2, op3, op4},
constexpr OperandSpec kSpecsOfRows[][4] = {
#include "emulator/x86/opcodes.def"
};
#undef OP

// The operand specs that occur, each once. The first is "no operand".
struct SpecList {
  std::array<OperandSpec, kFormCapacity> specs{};
  unsigned count = 1;

  constexpr unsigned find(OperandSpec wanted) const {
    unsigned i = 0;
    while (i < count && specs[i] != wanted) i++;
    return i;
  }
  constexpr void add(OperandSpec spec) {
    if (find(spec) == count) specs[count++] = spec;
  }
};

constexpr SpecList kSpecs = [] {
  SpecList list;
  for (const auto& row : kSpecsOfRows) {
    for (OperandSpec spec : row) list.add(spec);
  }
  return list;
}();

constexpr u32 forms_of(const Opcode& row) {
  u32 forms = 0;
  for (unsigned i = 0; i < 4; i++) forms |= kSpecs.find(row.op[i]) << (8 * i);
  return forms;
}

constexpr Opcode make_row(Map map, u8 opcode, u32 prefixes, ModRm modrm, OperandSpec op1,
                          OperandSpec op2, OperandSpec op3, OperandSpec op4, u32 attributes) {
  Opcode row{.op = {op1, op2, op3, op4},
             .attributes = attributes,
             .map = map,
             .opcode = opcode,
             .prefixes = static_cast<u8>(prefixes),
             .modrm = modrm.rule,
             .modrm_value = modrm.value};
  row.attributes |= derived_attributes(row);
  set_sizes(row);
  row.forms = forms_of(row);
  return row;
}

}  // namespace

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  make_row(Map::map, opcode, prefixes, modrm, op1, op2, op3, op4, attributes),
constexpr Opcode kOpcodeRows[] = {
#include "emulator/x86/opcodes.def"
};
#undef OP

namespace {

constexpr unsigned kRowCount = sizeof kOpcodeRows / sizeof *kOpcodeRows;
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
    case ModRmRule::kAny:
      return true;
    case ModRmRule::kDigit:
      return digit == row.modrm_value;
    case ModRmRule::kMemoryDigit:
      return !is_register && digit == row.modrm_value;
    case ModRmRule::kRegisterDigit:
      return is_register && digit == row.modrm_value;
    case ModRmRule::kMemory:
      return !is_register;
    case ModRmRule::kRegister:
      return is_register;
    case ModRmRule::kExact:
      return is_register && rm_and_reg + 0xc0 == row.modrm_value;
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

constexpr unsigned map_index(const Opcode& row) { return static_cast<unsigned>(row.map); }

// The cell with what one more of its rows needs.
constexpr Cell with_row(Cell cell, const Opcode& row) {
  cell.shape = std::max(cell.shape, shape_of(row.modrm));
  if (row.prefixes) cell.key_mask = 15;
  if (row.attributes & kHasModRm) cell.has_modrm = true;
  if (cell.has_modrm && !(row.attributes & kIgnoreMod)) cell.memory_limit = 0xc0;
  return cell;
}

// The cell, whose first row is `row`, with its entries at `end` or none if that is its only row.
constexpr Cell placed(Cell cell, unsigned row, unsigned end) {
  bool direct = cell.key_mask == 0 && cell.shape == ModRmShape::kNone;
  cell.base = static_cast<u16>(direct ? row : end);
  if (!direct) cell.entries = static_cast<u8>(kShapeEntries[static_cast<unsigned>(cell.shape)]);
  return cell;
}

struct Layout {
  CellTable cells;
  unsigned entries = 0;
};

constexpr Layout kLayout = [] {
  Layout layout;
  for (const Opcode& row : kOpcodeRows) {
    auto& map = layout.cells[map_index(row)];
    for (unsigned i = 0; i < opcode_count(row); i++)
      map[row.opcode + i] = with_row(map[row.opcode + i], row);
  }
  for (unsigned row = 0; row < kRowCount; row++) {
    for (unsigned i = 0; i < opcode_count(kOpcodeRows[row]); i++) {
      Cell& cell = layout.cells[map_index(kOpcodeRows[row])][kOpcodeRows[row].opcode + i];
      if (cell.base != kNoRow) continue;
      cell = placed(cell, row, layout.entries);
      layout.entries += (cell.key_mask + 1u) * cell.entries;
    }
  }
  return layout;
}();

static_assert(kLayout.entries <= kEntryCapacity && kEntryCapacity - kLayout.entries < 1024);

using EntryTable = std::array<u16, kEntryCapacity>;
using CoverageTable = std::array<u16, kRowCount>;

constexpr CoverageTable coverages() {
  CoverageTable result{};
  for (unsigned row = 0; row < kRowCount; row++)
    result[row] = static_cast<u16>(coverage(kOpcodeRows[row]));
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
  if (cell.is_direct() && cell.base != row) two_rows_for_one_encoding();
  if (cell.is_direct()) return;
  for (unsigned key = 0; key <= cell.key_mask; key++) {
    if (!matches_prefixes(kOpcodeRows[row], key)) continue;
    for (unsigned index = 0; index < cell.entries; index++) {
      if (matches_modrm(kOpcodeRows[row], cell.shape, index)) {
        claim(entries[cell.base + key * cell.entries + index], row);
      }
    }
  }
}

constexpr EntryTable build_entries() {
  EntryTable entries{};
  entries.fill(kNoRow);
  for (unsigned row = 0; row < kRowCount; row++) {
    const Opcode& opcode = kOpcodeRows[row];
    for (unsigned i = 0; i < opcode_count(opcode); i++) {
      fill_cell(entries, kLayout.cells[map_index(opcode)][opcode.opcode + i], row);
    }
  }
  return entries;
}

constexpr std::array<OperandForms, kFormCapacity> build_forms() {
  std::array<OperandForms, kFormCapacity> table{};
  for (unsigned i = 0; i < kSpecs.count; i++) {
    for (unsigned column = 0; column < table[i].size(); column++) {
      bool in_memory = column >= kMemoryColumns;
      table[i][column] = resolve(kSpecs.specs[i], in_memory, column % kMemoryColumns);
    }
  }
  return table;
}

}  // namespace

constexpr std::array<std::array<Cell, 256>, kMapCount> kOpcodeCells = kLayout.cells;
constexpr std::array<u16, kEntryCapacity> kOpcodeEntries = build_entries();
constexpr std::array<OperandForms, kFormCapacity> kOperandForms = build_forms();

std::span<const Opcode> opcodes() { return {kOpcodeRows, kRowCount}; }
const char* row_mnemonic(unsigned row) { return kTexts[row].mnemonic; }
const char* row_semantics(unsigned row) { return kTexts[row].semantics; }
bool row_has_semantics(unsigned row) { return kTexts[row].has_semantics; }
bool row_is_one_of(unsigned row, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), row_semantics(row)) != names.end();
}

}  // namespace gantry::x86

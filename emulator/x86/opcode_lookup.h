// How the decoder finds a row: one cell for each map and opcode byte, which leads to an array of
// row numbers indexed by prefixes and ModRM as far as the cell's rows depend on them. Built from
// the table by the compiler; indices instead of pointers, so nothing is relocated at start.
#pragma once

#include <array>

#include "emulator/x86/opcode.h"
#include "emulator/x86/operand_forms.h"

namespace gantry::x86 {

constexpr u16 kNoRow = 0xffff;

// What ModRM contributes to the index.
enum class ModRmShape : u8 {
  kNone,
  kDigit,  // memory or register, and ModRM.reg: 16 entries
  kByte,   // 8 entries for memory, 64 for registers
};

constexpr unsigned kShapeEntries[] = {1, 16, 72};

constexpr unsigned modrm_index(ModRmShape shape, unsigned modrm) {
  if (shape == ModRmShape::kNone) return 0;
  unsigned reg = modrm >> 3 & 7;
  if (modrm < 0xc0) return reg;
  return 8 + (shape == ModRmShape::kDigit ? reg : modrm & 63);
}

struct Cell {
  u16 base = kNoRow;    // the row itself when the cell is direct, else an index
  u8 entries = 0;       // of ModRmShape; 0 when neither prefixes nor ModRM matter
  u8 key_mask = 0;      // 15 when the rows depend on prefixes, else 0
  u8 memory_limit = 0;  // ModRM below it means memory
  ModRmShape shape = ModRmShape::kNone;
  bool has_modrm = false;

  constexpr bool is_direct() const { return entries == 0; }
  constexpr unsigned index(unsigned key, unsigned modrm) const {
    return base + (key & key_mask) * entries + modrm_index(shape, modrm);
  }
};

// Prefixes as one number: VEX.pp or its legacy equivalent, W, and VEX.L or REX.B.
constexpr unsigned prefix_key(unsigned pp, bool w, bool l) { return pp | w << 2 | l << 3; }

constexpr unsigned kEntryCapacity = 15 * 1024;
constexpr unsigned kFormCapacity = 128;

extern const Opcode kOpcodeRows[];
extern const std::array<std::array<Cell, 256>, kMapCount> kOpcodeCells;
extern const std::array<u16, kEntryCapacity> kOpcodeEntries;
extern const std::array<OperandForms, kFormCapacity> kOperandForms;

}  // namespace gantry::x86

// How the decoder finds a row: one cell for each map and opcode byte, which leads to an array of
// row numbers indexed by prefixes and ModRM as far as the cell's rows depend on them. Built from
// the table by the compiler; indices instead of pointers, so nothing is relocated at start.
#pragma once

#include <array>

#include "emulator/x86/opcode.h"

namespace gantry::x86 {

constexpr u16 kNoRow = 0xffff;

// What ModRM contributes to the index.
enum class ModRmShape : u8 {
  kNone,
  kDigit,  // memory or register, and ModRM.reg: 16 entries
  kByte,   // 8 entries for memory, 64 for registers
};

constexpr unsigned kShapeEntries[] = {1, 16, 72};

struct Cell {
  u16 base = 0;
  u8 key_mask = 0;  // 15 when the rows depend on prefixes, else 0
  ModRmShape shape = ModRmShape::kNone;
  bool has_modrm = false;
  u8 entries = 1;  // of ModRmShape
};

// Prefixes as one number: VEX.pp or its legacy equivalent, W, and VEX.L or REX.B.
constexpr unsigned prefix_key(unsigned pp, bool w, bool l) { return pp | w << 2 | l << 3; }

extern const Opcode* const kOpcodeRows;
extern const std::array<Cell, 256>* const kOpcodeCells;  // one array a map
extern const u16* const kOpcodeEntries;

inline unsigned modrm_index(ModRmShape shape, u8 modrm) {
  bool is_register = modrm >= 0xc0;
  switch (shape) {
    case ModRmShape::kNone: return 0;
    case ModRmShape::kDigit: return is_register << 3 | (modrm >> 3 & 7);
    case ModRmShape::kByte: return is_register ? 8 + (modrm & 63) : modrm >> 3 & 7;
  }
  return 0;
}

inline u16 find_row(const Cell& cell, unsigned key, u8 modrm) {
  return kOpcodeEntries[cell.base + (key & cell.key_mask) * cell.entries + modrm_index(cell.shape, modrm)];
}

}  // namespace gantry::x86

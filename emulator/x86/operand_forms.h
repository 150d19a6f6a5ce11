// What a Method and a Size come to under given prefixes: computed by the compiler for each operand that
// occurs in the table, so that the decoder has nothing to decide.
#pragma once

#include <array>

#include "emulator/x86/insn.h"
#include "emulator/x86/opcode.h"

namespace gantry::x86 {

// Bytes of an operand by operand size (16, 32, 64 bits), for VEX.L = 0 and then for VEX.L = 1; of
// memory first, then of a register. In the order of Size.
struct SizeBytes {
  u8 memory[6];
  u8 reg[6];
};

constexpr SizeBytes fixed(u8 memory, u8 reg) {
  return {{memory, memory, memory, memory, memory, memory}, {reg, reg, reg, reg, reg, reg}};
}
constexpr SizeBytes fixed(u8 bytes) { return fixed(bytes, bytes); }
constexpr SizeBytes by_operand(u8 a, u8 b, u8 c) { return {{a, b, c, a, b, c}, {a, b, c, a, b, c}}; }
constexpr SizeBytes by_vector(u8 memory0, u8 memory1, u8 reg0, u8 reg1) {
  return {{memory0, memory0, memory0, memory1, memory1, memory1},
          {reg0, reg0, reg0, reg1, reg1, reg1}};
}

inline constexpr SizeBytes kOperandSizes[] = {
    fixed(0),                                     // kNone
    fixed(1),                                     // kB
    fixed(2),                                     // kW
    fixed(4),                                     // kD
    fixed(8),                                     // kQ
    by_operand(2, 4, 8),                          // kV
    by_operand(2, 4, 4),                          // kZ
    by_operand(4, 4, 8),                          // kY
    by_operand(4, 6, 10),                         // kP
    fixed(10),                                    // kT
    by_operand(14, 28, 28),                       // kEnv
    by_operand(94, 108, 108),                     // kState
    fixed(1, 4),                                  // kDMb
    fixed(2, 4),                                  // kDMw
    {{2, 2, 2, 2, 2, 2}, {2, 4, 8, 2, 4, 8}},     // kVMw
    fixed(8),                                     // kMmx
    fixed(4, 8),                                  // kMmxD
    fixed(1, 16),                                 // kSb
    fixed(2, 16),                                 // kSw
    fixed(4, 16),                                 // kSs
    fixed(8, 16),                                 // kSd
    fixed(16),                                    // kDq
    fixed(32),                                    // kQq
    by_vector(16, 32, 16, 32),                    // kX
    by_vector(8, 16, 16, 16),                     // kHalf
    by_vector(4, 8, 16, 16),                      // kQuarter
    by_vector(2, 4, 16, 16),                      // kEighth
    by_vector(8, 32, 16, 32),                     // kDup
};
static_assert(sizeof kOperandSizes / sizeof *kOperandSizes == static_cast<unsigned>(Size::kDup) + 1);

// What remains to be done for an operand when its kind, register and width are known.
enum class Action : u8 {
  kNone,
  kRefuse,        // memory where a register must be, or a register where memory must be
  kByteRegister,  // may be AH, CH, DH or BH
  kImmediate,
  kSignedImmediate,
  kImmediate2,
  kOne,
  kRelative,
  kAbsolute,
  kSelector,
  kSegment,
  kControl,
  kDebug,
};

// Where the number of a register is among Decoder::fields_: a shift count.
enum Field : u8 {
  kRm = 0,  // ModRM.rm, or without ModRM the low bits of the opcode; and REX.B
  kReg = 8,
  kVvvv = 16,
};

struct OperandForm {
  OperandKind kind = OperandKind::kNone;
  u8 width = 0;
  Field field = kRm;
  u8 mask = 0;    // 7 where REX does not reach, 0 where the number is fixed
  u8 number = 0;  // of a fixed register
  Action action = Action::kNone;
};

// Six size columns with a register in ModRM, then six with memory.
constexpr unsigned kMemoryColumns = 6;
using OperandForms = std::array<OperandForm, 12>;

constexpr OperandForm general_form(u8 width, Field field) {
  return {OperandKind::kGpr, width, field, 15, 0, width == 1 ? Action::kByteRegister : Action::kNone};
}

constexpr OperandForm vector_form(u8 width, Field field) {
  return {width == 32 ? OperandKind::kYmm : OperandKind::kXmm, width, field, 15, 0, Action::kNone};
}

constexpr OperandForm fixed_form(OperandKind kind, u8 width, u8 number = 0) {
  return {kind, width, kRm, 0, number, Action::kNone};
}

constexpr OperandForm low_form(OperandKind kind, u8 width, Field field, Action action = Action::kNone) {
  return {kind, width, field, 7, 0, action};
}

constexpr OperandForm resolve(OperandSpec spec, bool in_memory, unsigned column) {
  using enum OperandKind;
  u8 bytes = kOperandSizes[static_cast<unsigned>(spec.size)].memory[column];
  u8 reg = kOperandSizes[static_cast<unsigned>(spec.size)].reg[column];
  OperandForm memory{kMemory, bytes};
  OperandForm refused{.action = Action::kRefuse};
  auto with = [&](OperandKind kind, Action action) { return OperandForm{kind, bytes, kRm, 0, 0, action}; };
  switch (spec.method) {
    case Method::kNone: return {};
    case Method::kE: return in_memory ? memory : general_form(reg, kRm);
    case Method::kR: return in_memory ? refused : general_form(reg, kRm);
    case Method::kG: return general_form(reg, kReg);
    case Method::kZ: return general_form(reg, kRm);
    case Method::kB: return general_form(reg, kVvvv);
    case Method::kM:
    case Method::kVsib:
    case Method::kVsibHalf: return in_memory ? memory : refused;
    case Method::kW: return in_memory ? memory : vector_form(reg, kRm);
    case Method::kU: return in_memory ? refused : vector_form(reg, kRm);
    case Method::kV: return vector_form(reg, kReg);
    case Method::kH: return vector_form(reg, kVvvv);
    case Method::kL: return {vector_form(reg, kRm).kind, reg, kRm, 0, 0, Action::kSelector};
    case Method::kQ: return in_memory ? memory : low_form(kMmx, 8, kRm);
    case Method::kN: return in_memory ? refused : low_form(kMmx, 8, kRm);
    case Method::kP: return low_form(kMmx, 8, kReg);
    case Method::kI: return with(kImmediate, Action::kImmediate);
    case Method::kIs: return with(kImmediate, Action::kSignedImmediate);
    case Method::kI2: return with(kImmediate2, Action::kImmediate2);
    case Method::kJ: return with(kRelative, Action::kRelative);
    case Method::kO: return with(kMemory, Action::kAbsolute);
    case Method::kS: return low_form(kSegment, 2, kReg, Action::kSegment);
    case Method::kC: return {kControl, 8, kReg, 15, 0, Action::kControl};
    case Method::kD: return {kDebug, 8, kReg, 15, 0, Action::kDebug};
    case Method::kRax: return fixed_form(kGpr, reg);
    case Method::kCl: return fixed_form(kGpr, 1, 1);
    case Method::kDx: return fixed_form(kGpr, 2, 2);
    case Method::kOne: return with(kImmediate, Action::kOne);
    case Method::kXmm0: return fixed_form(kXmm, 16);
    case Method::kSt0: return fixed_form(kSt, 10);
    case Method::kSti: return low_form(kSt, 10, kRm);
    case Method::kFs: return fixed_form(kSegment, 2, 4);
    case Method::kGs: return fixed_form(kSegment, 2, 5);
  }
  return {};
}

}  // namespace gantry::x86

// What a Method and a Size come to under given prefixes: computed by the compiler for each operand
// that occurs in the table, so that the decoder has nothing to decide.
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
constexpr SizeBytes by_operand(u8 a, u8 b, u8 c) {
  return {{a, b, c, a, b, c}, {a, b, c, a, b, c}};
}
constexpr SizeBytes by_vector(u8 memory0, u8 memory1, u8 reg0, u8 reg1) {
  return {{memory0, memory0, memory0, memory1, memory1, memory1},
          {reg0, reg0, reg0, reg1, reg1, reg1}};
}

inline constexpr SizeBytes kOperandSizes[] = {
    fixed(0),                                  // kNone
    fixed(1),                                  // kB
    fixed(2),                                  // kW
    fixed(4),                                  // kD
    fixed(8),                                  // kQ
    by_operand(2, 4, 8),                       // kV
    by_operand(2, 4, 4),                       // kZ
    by_operand(4, 4, 8),                       // kY
    by_operand(4, 6, 10),                      // kP
    fixed(10),                                 // kT
    by_operand(14, 28, 28),                    // kEnv
    by_operand(94, 108, 108),                  // kState
    fixed(1, 4),                               // kDMb
    fixed(2, 4),                               // kDMw
    {{2, 2, 2, 2, 2, 2}, {2, 4, 8, 2, 4, 8}},  // kVMw
    fixed(8),                                  // kMmx
    fixed(4, 8),                               // kMmxD
    fixed(1, 16),                              // kSb
    fixed(2, 16),                              // kSw
    fixed(4, 16),                              // kSs
    fixed(8, 16),                              // kSd
    fixed(16),                                 // kDq
    fixed(32),                                 // kQq
    by_vector(16, 32, 16, 32),                 // kX
    by_vector(8, 16, 16, 16),                  // kHalf
    by_vector(4, 8, 16, 16),                   // kQuarter
    by_vector(2, 4, 16, 16),                   // kEighth
    by_vector(8, 32, 16, 32),                  // kDup
};
static_assert(sizeof kOperandSizes / sizeof *kOperandSizes ==
              static_cast<unsigned>(Size::kDup) + 1);

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

// Whether ModRM may or must mean memory.
enum class InMemory : u8 { kNever, kMay, kMust, kNoMatter };

// A Method: what it names and where the register's number comes from.
struct MethodRule {
  OperandKind kind = OperandKind::kNone;
  InMemory memory = InMemory::kNoMatter;
  Field field = kRm;
  u8 mask = 0;
  u8 number = 0;
  Action action = Action::kNone;
};

constexpr u8 kNoMask = 15;
constexpr u8 kLowMask = 7;

constexpr MethodRule fixed_register(OperandKind kind, u8 number) {
  return {kind, InMemory::kNoMatter, kRm, 0, number, Action::kNone};
}
constexpr MethodRule without_register(OperandKind kind, Action action) {
  return {kind, InMemory::kNoMatter, kRm, 0, 0, action};
}

// In the order of Method.
inline constexpr MethodRule kMethodRules[] = {
    {},                                                                                 // kNone
    {OperandKind::kGpr, InMemory::kMay, kRm, kNoMask},                                  // kE
    {OperandKind::kGpr, InMemory::kNoMatter, kReg, kNoMask},                            // kG
    {OperandKind::kMemory, InMemory::kMust},                                            // kM
    {OperandKind::kGpr, InMemory::kNever, kRm, kNoMask},                                // kR
    {OperandKind::kGpr, InMemory::kNoMatter, kRm, kNoMask},                             // kZ
    {OperandKind::kGpr, InMemory::kNoMatter, kVvvv, kNoMask},                           // kB
    {OperandKind::kXmm, InMemory::kNoMatter, kReg, kNoMask},                            // kV
    {OperandKind::kXmm, InMemory::kMay, kRm, kNoMask},                                  // kW
    {OperandKind::kXmm, InMemory::kNever, kRm, kNoMask},                                // kU
    {OperandKind::kXmm, InMemory::kNoMatter, kVvvv, kNoMask},                           // kH
    without_register(OperandKind::kXmm, Action::kSelector),                             // kL
    {OperandKind::kMmx, InMemory::kNoMatter, kReg, kLowMask},                           // kP
    {OperandKind::kMmx, InMemory::kMay, kRm, kLowMask},                                 // kQ
    {OperandKind::kMmx, InMemory::kNever, kRm, kLowMask},                               // kN
    without_register(OperandKind::kImmediate, Action::kImmediate),                      // kI
    without_register(OperandKind::kImmediate, Action::kSignedImmediate),                // kIs
    without_register(OperandKind::kImmediate2, Action::kImmediate2),                    // kI2
    without_register(OperandKind::kRelative, Action::kRelative),                        // kJ
    without_register(OperandKind::kMemory, Action::kAbsolute),                          // kO
    {OperandKind::kSegment, InMemory::kNoMatter, kReg, kLowMask, 0, Action::kSegment},  // kS
    {OperandKind::kControl, InMemory::kNoMatter, kReg, kNoMask, 0, Action::kControl},   // kC
    {OperandKind::kDebug, InMemory::kNoMatter, kReg, kNoMask, 0, Action::kDebug},       // kD
    {OperandKind::kMemory, InMemory::kMust},                                            // kVsib
    {OperandKind::kMemory, InMemory::kMust},                                            // kVsibHalf
    fixed_register(OperandKind::kGpr, 0),                                               // kRax
    fixed_register(OperandKind::kGpr, 1),                                               // kCl
    fixed_register(OperandKind::kGpr, 2),                                               // kDx
    without_register(OperandKind::kImmediate, Action::kOne),                            // kOne
    fixed_register(OperandKind::kXmm, 0),                                               // kXmm0
    fixed_register(OperandKind::kSt, 0),                                                // kSt0
    {OperandKind::kSt, InMemory::kNoMatter, kRm, kLowMask},                             // kSti
    fixed_register(OperandKind::kSegment, 4),                                           // kFs
    fixed_register(OperandKind::kSegment, 5),                                           // kGs
};
static_assert(sizeof kMethodRules / sizeof *kMethodRules == static_cast<unsigned>(Method::kGs) + 1);

constexpr OperandForm resolve(OperandSpec spec, bool in_memory, unsigned column) {
  const MethodRule& rule = kMethodRules[static_cast<unsigned>(spec.method)];
  const SizeBytes& sizes = kOperandSizes[static_cast<unsigned>(spec.size)];
  bool refused = rule.memory == (in_memory ? InMemory::kNever : InMemory::kMust);
  if (refused) return {.action = Action::kRefuse};
  if (in_memory && (rule.memory == InMemory::kMay || rule.memory == InMemory::kMust)) {
    return {OperandKind::kMemory, sizes.memory[column]};
  }
  OperandForm form{rule.kind, sizes.reg[column], rule.field, rule.mask, rule.number, rule.action};
  if (rule.kind == OperandKind::kXmm && form.width == 32) form.kind = OperandKind::kYmm;
  bool may_be_high = rule.kind == OperandKind::kGpr && form.width == 1 && rule.mask == kNoMask;
  if (may_be_high) form.action = Action::kByteRegister;
  return form;
}

}  // namespace gantry::x86

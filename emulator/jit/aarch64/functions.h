// C++ functions of the semantics that have an equivalent in A64. All others are left to the
// interpreter, with the instruction that calls them.
#pragma once

#include "emulator/ir/ir.h"
#include "emulator/jit/aarch64/assembler.h"
#include "emulator/jit/aarch64/features.h"

namespace gantry::aarch64 {

// What a function is applied to. A register is read before `to` is written, or the function's code
// uses the scratch registers.
struct Operands {
  V to;
  X to_integer;
  V vector[3];
  X integer[3];
  u64 constant = 0;      // of the one integer argument that is a constant
  bool is_mask[3] = {};  // each byte of the vector is all ones or zero
};

struct Function {
  static constexpr u8 kNoConstant = 0xff;

  const void* target;
  void (*emit)(Assembler& a, const Operands& o);
  u8 constant = kNoConstant;           // the argument that must be a constant
  bool Features::* feature = nullptr;  // what the host must have
  // Each byte of the result is all ones or zero: in any case, or where those of the operands are.
  enum class Masks : u8 { kNo, kYes, kOfMasks } masks = Masks::kNo;
};

// nullptr when there is none, or the host lacks what it needs.
const Function* find_function(const void* target);

// The code of the operation, kApplyInt or kApplyVec; nullptr when there is none.
const Function* native_function(const ir::Unit& unit, const ir::Inst& inst);
// Whether it is sem::vec::zero_bits.
bool tests_vectors(const ir::Unit& unit, const ir::Inst& inst);
bool can_call(const ir::Unit& unit, const ir::Inst& inst);

}  // namespace gantry::aarch64

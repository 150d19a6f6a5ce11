// C++ functions of the semantics that have an equivalent in A64. All others are left to the
// interpreter, with the instruction that calls them.
#pragma once

#include "emulator/ir/ir.h"
#include "emulator/jit/aarch64/assembler.h"

namespace gantry::aarch64 {

// What a function is applied to. A register is read before `to` is written, or the function's code
// uses the scratch registers.
struct Operands {
  V to;
  X to_integer;
  V vector[3];
  X integer[3];
  u64 constant = 0;  // of the one integer argument that is a constant
};

struct Function {
  const void* target;
  bool takes_constant;  // the last argument must be one
  void (*emit)(Assembler& a, const Operands& o);
};

// nullptr when there is none.
const Function* find_function(const void* target);

bool can_apply(const ir::Unit& unit, const ir::Inst& inst);
bool can_call(const ir::Unit& unit, const ir::Inst& inst);

}  // namespace gantry::aarch64

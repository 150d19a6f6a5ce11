// Where control goes from an instruction, as far as the instruction says.
#pragma once

#include "emulator/x86/insn.h"

namespace gantry::x86 {

struct Successors {
  bool behind = false;  // to what comes after it
  bool target = false;  // to Insn::imm

  bool known() const { return behind || target; }
};

// A repeated string instruction leads behind itself. Calls lead to what is called alone.
inline Successors successors(const Insn& insn) {
  if (!insn.ends_block || insn.is_repeated_string()) return {.behind = true};
  if (insn.op[0].kind != OperandKind::kRelative) return {};
  return {.behind = insn.is_conditional_branch(), .target = true};
}

}  // namespace gantry::x86

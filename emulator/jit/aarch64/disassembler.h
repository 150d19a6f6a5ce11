// Text for A64 instructions: all forms that the assembler has, in the manual's assembly syntax. The
// rows of instructions.def are read backward (readers.h), so that no form is described twice.
#pragma once

#include <functional>
#include <string>

#include "emulator/base/types.h"

namespace gantry::aarch64 {

// Names the target of a branch, of ADR or of a literal, which is `distance` bytes from the
// instruction.
using TargetName = std::function<std::string(s64 distance)>;

// "add x0, x1, #16"; ".inst 0x…" for a word that the assembler does not emit.
std::string disassemble(u32 word, const TargetName& name);

// The same with distances for targets: "b #-8".
std::string disassemble(u32 word);

}  // namespace gantry::aarch64

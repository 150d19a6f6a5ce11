// Where the decoder and Zydis differ, and why that is right.
#pragma once

#include <Zydis/Zydis.h>

#include <string_view>

#include "emulator/x86/insn.h"

namespace gantry::x86 {

// Why we refuse what Zydis accepts, or null when that is not explained.
const char* refused_alone(const ZydisDecodedInstruction& theirs);

// Why this operand may have another width, or null.
const char* width_differs(const Insn& ours, const Operand& operand);

// Why the memory operand's base may be another, or null.
const char* base_differs(const Insn& ours, ZydisRegister theirs);

// Two names for one instruction.
bool equal_mnemonics(std::string_view ours, std::string_view zydis);

// Instructions whose operands one of the two does not list.
bool leaves_operands_out(const Insn& ours);

}  // namespace gantry::x86

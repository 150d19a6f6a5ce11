// The guest's state compared and written, for the co-simulator.
#pragma once

#include <string>

#include "emulator/guest/cpu.h"
#include "emulator/x86/insn.h"

namespace gantry::engine {

// Whether the guest sees no difference: registers, RIP, RFLAGS, x87, MXCSR, segments, and why guest
// code was left.
bool equal_state(const guest::Cpu& a, const guest::Cpu& b);

// A line for each register that differs: its name, and what `a` and `b` hold.
std::string state_differences(const guest::Cpu& a, const guest::Cpu& b);

// All registers that are not zero, several lines.
std::string state_text(const guest::Cpu& cpu);

// "0x401000: 48 01 c8  add rax, rcx" and a line's end. The bytes are read at its address.
std::string instruction_text(const x86::Insn& insn);

// "exception 14, error 6, address 0x10".
std::string fault_text(const guest::Fault& fault);

}  // namespace gantry::engine

// Which rows of the opcode table the CPU can answer for.
#pragma once

namespace gantry::oracle {

// Rows whose outcome is not the CPU's to say, but their specification's: time, random numbers,
// approximations, what depends on the machine or the kernel.
bool is_specified(unsigned row);

// Whether this machine's CPU executes the row's instruction.
bool cpu_has(unsigned row);

}  // namespace gantry::oracle

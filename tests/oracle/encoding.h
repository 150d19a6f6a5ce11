// Random encodings of a row of the opcode table.
#pragma once

#include "emulator/x86/insn.h"
#include "emulator/x86/opcode.h"
#include "tests/oracle/random.h"

namespace gantry::oracle {

// An instruction of `row` for address `rip`, in 16 readable bytes. Memory operands without a base
// and an index have `absolute` as their address. False when the decoder sees another row.
bool encode(Random& random, unsigned row, u64 rip, u64 absolute, u8 (&bytes)[16], x86::Insn& insn);

}  // namespace gantry::oracle

// Makes cases: an encoding of a row, and the state that it meets.
#pragma once

#include "emulator/guest/cpu.h"
#include "emulator/x86/insn.h"
#include "emulator/x86/opcode.h"
#include "tests/oracle/random.h"
#include "tests/oracle/state.h"

namespace gantry::oracle {

struct Case {
  x86::Insn insn;
  u8 bytes[16] = {};
  // The decoder refuses the encoding, and the CPU must raise `refusal`; of insn only row, rip and
  // length mean something.
  bool refused = false;
  guest::Vector refusal = guest::Vector::kInvalidOpcode;
  State state;
  u8 data[kDataSize];
};

// Names a row by its encoding, wherever it stands in the table.
u64 row_key(unsigned row);

// Case number `number` of a row, the same on every machine. False when the random encoding turned
// out to be another row's or one that must not be run.
bool generate(u64 seed, unsigned row, u64 number, Case& c);

}  // namespace gantry::oracle

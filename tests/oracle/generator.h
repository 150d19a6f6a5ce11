// Makes cases: an encoding of a row, and the state that it meets.
#pragma once

#include "emulator/x86/insn.h"
#include "emulator/x86/opcode.h"
#include "tests/oracle/random.h"
#include "tests/oracle/state.h"

namespace gantry::oracle {

struct Case {
  x86::Insn insn;
  u8 bytes[16] = {};
  State state;
  u8 data[kDataSize];
};

// Whether the row can be compared with the CPU at all; some are checked against their specification
// in named tests.
bool is_comparable(unsigned row);

// Case number `number` of a row. False when the random encoding turned out to be another row's or
// one that must not be run.
bool generate(u64 seed, unsigned row, u64 number, Case& c);

}  // namespace gantry::oracle

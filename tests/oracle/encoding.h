// Random encodings of a row of the opcode table.
#pragma once

#include "emulator/x86/decoder.h"
#include "emulator/x86/insn.h"
#include "emulator/x86/opcode.h"
#include "tests/oracle/random.h"

namespace gantry::oracle {

struct Encoding {
  u8 bytes[16] = {};
  x86::Insn insn;
  // What the decoder says of it: kOk, or now and then kInvalid or kTooLong because of a prefix or a
  // field that the row does not bear. Of such an instruction only row, rip and length are set.
  x86::DecodeStatus status = x86::DecodeStatus::kOk;
};

// An instruction of `row` for address `rip`. Memory operands without a base and an index have
// `absolute` as their address. False when the decoder sees another row.
bool encode(Random& random, unsigned row, u64 rip, u64 absolute, Encoding& encoding);

}  // namespace gantry::oracle

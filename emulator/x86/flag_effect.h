// Which status flags an instruction reads and writes, for those who ask before it is translated.
#pragma once

#include "emulator/x86/insn.h"

namespace gantry::x86 {

// Bits of RFLAGS. What an instruction leaves undefined counts as written when our semantics write
// it. `reads` may say too much and `writes` too little, never the other way round.
struct FlagEffect {
  u16 reads = 0;
  u16 writes = 0;  // whatever the operands are
};

FlagEffect flag_effect(const Insn& insn);

u16 flags_read_by(Condition condition);

// Those that are read from the instruction on, `after` being read after it.
inline u16 flags_live_before(const Insn& insn, u16 after) {
  FlagEffect effect = flag_effect(insn);
  return static_cast<u16>((after & ~effect.writes) | effect.reads);
}

}  // namespace gantry::x86

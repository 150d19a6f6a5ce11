// Which status flags an instruction reads and writes, for those who ask before it is translated.
#pragma once

#include "emulator/x86/insn.h"

namespace gantry::x86 {

// Bits of RFLAGS. What an instruction leaves undefined counts as written when our semantics write
// it. `reads` may say too much and `writes` too little, never the other way round.
struct FlagEffect {
  u16 reads = 0;
  u16 writes = 0;  // whatever the operands are

  // What comes next belongs to it as well.
  void append(const FlagEffect& next) {
    reads |= static_cast<u16>(next.reads & ~writes);
    writes |= next.writes;
  }
  // Those that are read from there on, `after` being read after it.
  u16 live_before(u16 after) const { return static_cast<u16>((after & ~writes) | reads); }
};

u16 flags_read_by(Condition condition);

namespace detail {

// By Insn::row.
extern const FlagEffect kFlagEffects[];
// What kFlagEffects has for `reads` where those are of the instruction's condition.
constexpr u16 kOfCondition = 0xffff;

}  // namespace detail

inline FlagEffect flag_effect(const Insn& insn) {
  FlagEffect effect = detail::kFlagEffects[insn.row];
  if (effect.reads == detail::kOfCondition) effect.reads = flags_read_by(insn.condition());
  return effect;
}

}  // namespace gantry::x86

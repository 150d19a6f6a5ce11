// The x87 registers: control, status and tag words, the register stack.
#pragma once

#include <cstring>

#include "emulator/guest/cpu.h"
#include "emulator/semantics/softfloat.h"

namespace gantry::sem::x87 {

using guest::Cpu;
using guest::F80;
using guest::X87;

// Status word (SDM vol. 1, section 8.1.3). TOP is kept elsewhere.
constexpr u16 kStackFault = 1 << 6;
constexpr u16 kErrorSummary = 1 << 7;
constexpr u16 kC0 = 1 << 8;
constexpr u16 kC1 = 1 << 9;
constexpr u16 kC2 = 1 << 10;
constexpr u16 kC3 = 1 << 14;
constexpr u16 kBusy = 1 << 15;
constexpr u16 kTopMask = 7 << 11;
constexpr u16 kConditionCodes = kC0 | kC1 | kC2 | kC3;

// Control word: six masks, PC in bits 9:8, RC in bits 11:10; bit 6 reads as one.
constexpr u16 kControlBits = 0x1f3f;
constexpr u16 kControlFixed = 0x40;

inline u16 status_word(const X87& x) { return static_cast<u16>(x.status | x.top << 11); }

// The ten bytes of a register in memory.
inline F80 from_bytes(const u8* bytes) {
  F80 value;
  std::memcpy(&value.significand, bytes, 8);
  std::memcpy(&value.sign_exponent, bytes + 8, 2);
  return value;
}

// An unmasked exception is pending: ES and B follow the flags and the masks.
inline void update_summary(X87& x) {
  bool pending = x.status & ~x.control & fp::kAllExceptions;
  constexpr u16 kSummary = kErrorSummary | kBusy;
  x.status = static_cast<u16>(pending ? x.status | kSummary : x.status & ~kSummary);
}

inline void set_control_word(X87& x, u16 value) {
  x.control = (value & kControlBits) | kControlFixed;
  update_summary(x);
}

inline void set_status_word(X87& x, u16 value) {
  x.top = value >> 11 & 7;
  x.status = value & ~kTopMask;
  update_summary(x);
}

// Waiting instructions report the exception that an earlier one left pending (section 8.7.1).
inline void check_pending(Cpu& cpu) {
  if (cpu.x87.status & kErrorSummary) [[unlikely]]
    raise(cpu, {.vector = guest::Vector::kX87});
}

// Using an MMX register raises a pending exception, else sets all tags to valid and TOP to 0
// (section 9.5.1). A fault later in the instruction does not undo that, as on CPUs.
inline void enter_mmx(Cpu& cpu) {
  check_pending(cpu);
  cpu.x87.top = 0;
  cpu.x87.valid = 0xff;
}

}  // namespace gantry::sem::x87

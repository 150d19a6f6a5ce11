// What vector registers of the guest hold at a fault, where translated code has not computed it:
// nobody else would see it.
#pragma once

#include "emulator/guest/cpu.h"
#include "emulator/ir/ir.h"

namespace gantry::jit {

// A call of a pure function whose result a register is to hold, or an argument of a further one.
struct Recovery {
  static constexpr u8 kNone = 0xff;

  struct Argument {
    enum class Kind : u8 { kConstant, kVector, kResult } kind = Kind::kConstant;
    u8 number = 0;  // of the host's vector register, or of the call before
    u64 constant = 0;
  };

  ir::Helper helper;
  Argument arguments[3];
  u8 xmm = kNone;
  bool is_last = false;  // of those at one place
};
constexpr unsigned kMaxRecoveries = 32;  // at one place

// The `invoke` of a call that makes flags of their result, which cpu.flags has as FlagKind::kHost
// keeps it: slot 0 is their FlagKind and, from bit 8 on, the width in bytes, slot 1 the second
// operand.
void recover_flags(void*, guest::Cpu& cpu, ir::Slot* slots);

// Carries out those from `first` on. Async-signal-safe.
void recover(guest::Cpu& cpu, const Recovery* first, const guest::V128* host_vectors);

}  // namespace gantry::jit

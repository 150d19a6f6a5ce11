// The code that all units share: between C++ and translated code, and to the interpreter and back.
#pragma once

#include "emulator/jit/aarch64/abi.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {

// What stands behind the BL of an exit.
struct ExitOperands {
  // Bytes from here to the branch that leads to the exit, and kBackward; 0: it is not to be linked.
  u32 branch;
  u32 rip_low, rip_high;

  // It leads back, or to the same instruction.
  static constexpr u32 kBackward = 1u << 31;

  u32 distance() const { return branch & ~kBackward; }
  u64 rip() const { return u64{rip_high} << 32 | rip_low; }
};

// What stands behind the BL of an indirect jump, for the case that its target is not canonical:
// then RSP is as before the instruction again, which the interpreter executes.
struct TransferOperands {
  ExitOperands exit;
  s32 popped;  // what the instruction has added to RSP

  TransferOperands(u64 rip, s32 popped)
      : exit{0, static_cast<u32>(rip), static_cast<u32>(rip >> 32)}, popped(popped) {}
  std::span<const u32> words() const {
    return {reinterpret_cast<const u32*>(this), sizeof *this / sizeof(u32)};
  }
};

// What enter() returns: 0, or the address of ExitOperands, plus 1 when the instruction is to be
// interpreted.
constexpr u64 kStepBit = 1;

// The frame below the saved registers: what abi.h says, then the return address of a stub and
// flags. Above it are X29, X30, X19 to X28 and V8 to V15.
constexpr s64 kFrameSize = kFrameBytes + 16;
constexpr s64 kSavedBytes = 160;

// Emits the stubs at the assembler's position, which is the address `base` in memory.
Stubs emit_stubs(Assembler& a, u64 base);

}  // namespace gantry::aarch64

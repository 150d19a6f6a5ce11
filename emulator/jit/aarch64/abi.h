// Which host register holds what in translated code.
//
//   x0-x15    the guest's general registers, RAX first
//   x16 x17 x30  scratch of one lowered operation
//   x19-x25   values
//   x26 x27   PF and AF: PF is the parity of x26's low byte, AF bit 4 of x27
//   x28       guest::Cpu
//   x29       the top of the return stack (jit/return_stack.h)
//   v16-v31   XMM0-15
//   v0-v11    values; v14 v15 scratch
//   v12       zero
//   v13       kByteBits
//   NZCV      SF, ZF, not CF, OF: what SUBS leaves
//   FPSR      exceptions that MXCSR does not show yet
//
// The guest's registers are those that calls destroy: a call into C++ stores them in guest::Cpu
// anyway. Values survive it. x18 belongs to the platform.
#pragma once

#include <cstddef>

#include "emulator/guest/cpu.h"
#include "emulator/ir/ir.h"
#include "emulator/jit/aarch64/operands.h"

namespace gantry::aarch64 {

constexpr X guest_gpr(unsigned n) { return X{static_cast<u8>(n)}; }
constexpr V guest_xmm(unsigned n) { return V{static_cast<u8>(16 + n)}; }

constexpr X kScratch0{16};
constexpr X kScratch1{17};
constexpr X kScratch2{30};
constexpr V kVectorScratch0{14};
constexpr V kVectorScratch1{15};
constexpr V kVectorZero{12};
// 1, 2, 4 … 128 in the bytes of either half: the weights of sign bits that become a mask.
constexpr V kByteBits{13};
constexpr u64 kByteBitsHalf = 0x8040201008040201;
constexpr X kParity{26};
constexpr X kAdjust{27};
constexpr X kCpu{28};
constexpr X kReturns{29};

// Registers for values, as bit sets.
constexpr u32 kValueRegisters = 0x03f80000;  // x19-x25
constexpr u32 kValueVectors = 0x00000fff;

// The frame of translated code: spilled values, the arguments and results of a call, and the
// vectors that are kept across it.
constexpr unsigned kSpillSlots = 24;
constexpr s64 kCallSlots = kSpillSlots * 16;
constexpr s64 kKeptVectors = kCallSlots + ir::kMaxSlots * 16;
constexpr unsigned kFrameBytes = kKeptVectors + 13 * 16;

// Offsets in guest::Cpu.
constexpr s64 kGprOffset = offsetof(guest::Cpu, gpr);
constexpr s64 kRipOffset = offsetof(guest::Cpu, rip);
constexpr s64 kXmmOffset = offsetof(guest::Cpu, xmm);
constexpr s64 kHighOffset = offsetof(guest::Cpu, ymm_high);
constexpr s64 kMxcsrOffset = offsetof(guest::Cpu, mxcsr);
constexpr s64 kSystemFlagsOffset = offsetof(guest::Cpu, system_flags);
constexpr s64 kInterruptOffset = offsetof(guest::Cpu, interrupt);
constexpr s64 kJumpTableOffset = offsetof(guest::Cpu, jump_table);
constexpr s64 kReturnsOffset = offsetof(guest::Cpu, return_stack);
constexpr s64 kFlagsOffset = offsetof(guest::Cpu, flags);

}  // namespace gantry::aarch64

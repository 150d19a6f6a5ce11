// The guest's CPU state of one thread. Standard layout: translated code addresses it by offset.
#pragma once

#include <csetjmp>
#include <type_traits>

#include "emulator/guest/flags.h"
#include "emulator/guest/vector.h"

namespace gantry::guest {

enum Gpr : u8 {
  kRax,
  kRcx,
  kRdx,
  kRbx,
  kRsp,
  kRbp,
  kRsi,
  kRdi,
  kR8,
  kR9,
  kR10,
  kR11,
  kR12,
  kR13,
  kR14,
  kR15,
};

enum Segment : u8 { kEs, kCs, kSs, kDs, kFs, kGs };

// Selectors that Linux gives a 64-bit process (arch/x86 segment layout, visible to the guest).
constexpr u16 kUserCs = 0x33;
constexpr u16 kUserDs = 0x2b;

// Exception vectors (SDM vol. 3, section 6.3.1).
enum class Vector : u8 {
  kDivide = 0,
  kDebug = 1,
  kBreakpoint = 3,
  kOverflow = 4,
  kBound = 5,
  kInvalidOpcode = 6,
  kDeviceNotAvailable = 7,
  kStackFault = 12,
  kGeneralProtection = 13,
  kPageFault = 14,
  kX87 = 16,
  kAlignment = 17,
  kSimd = 19,
};

// Page-fault error code bits (SDM vol. 3, section 4.7).
constexpr u32 kFaultPresent = 1;
constexpr u32 kFaultWrite = 2;
constexpr u32 kFaultUser = 4;
constexpr u32 kFaultFetch = 16;

// An exception that an instruction raised; rip is the instruction's own address (for traps the
// next).
struct Fault {
  Vector vector = Vector::kDivide;
  u32 error = 0;
  u64 address = 0;           // CR2 of a page fault
  bool single_step = false;  // DR6.BS of a debug exception
  // The host's view of a memory fault, for siginfo: SIGSEGV or SIGBUS and its si_code; 0 when the
  // fault did not come from a host signal.
  int host_signal = 0;
  int host_code = 0;
};

// Why the engine left guest code.
enum class Exit : u32 {
  kNone,
  kSyscall,    // SYSCALL executed; RIP is past it, RCX and R11 are set
  kInterrupt,  // INT n: `exit_detail` holds n
};

// An x87 register: 64-bit significand with explicit integer bit, sign and 15-bit exponent.
struct alignas(16) F80 {
  u64 significand = 0;
  u16 sign_exponent = 0;

  bool operator==(const F80&) const = default;
};
static_assert(sizeof(F80) == 16);

struct X87 {
  F80 st[8];  // physical registers R0..R7; ST(i) is st[(top + i) & 7]. MMi is st[i].significand
  u16 control = 0x037f;
  u16 status = 0;  // TOP (bits 11..13) is kept in `top`, not here
  u8 top = 0;
  u8 valid = 0;  // bit i set: physical register i is not empty (the FXSAVE tag byte)
  u16 opcode = 0;
  u64 rip = 0;
  u64 rdp = 0;
};

// The jump table (jit/jump_table.h) in which nothing is found; nullptr where nothing is translated.
inline void* empty_jump_table = nullptr;

struct Cpu {
  u64 gpr[16] = {};
  u64 rip = 0;
  LazyFlags flags;
  u64 system_flags = kIF | 2;  // all bits of RFLAGS but the six status flags
  u64 fs_base = 0;
  u64 gs_base = 0;
  u16 segment[6] = {0, kUserCs, kUserDs, 0, 0, 0};
  u32 mxcsr = 0x1f80;

  // Leave guest code at the next block. Cleared by the engine before it looks at what is pending.
  // Other threads and signal handlers set it by leave_soon().
  volatile u32 interrupt = 0;
  Exit exit = Exit::kNone;
  u32 exit_detail = 0;

  V128 xmm[16];  // low halves of YMM
  V128 ymm_high[16];
  X87 x87;

  // Translated code finds its way by it (jit/code_table.h).
  const void* code_table = nullptr;
  void* jump_table = nullptr;  // where it looks first, and polls (jit/jump_table.h)
  u64 return_stack = 0;        // its top (jit/return_stack.h)

  Fault fault;
  // Where raise() and memory faults of the host continue: the innermost guard that is armed.
  std::jmp_buf* recovery = nullptr;

  u64 rflags() const { return system_flags | flags.bits(); }
  // Async-signal-safe, for any thread.
  void leave_soon() {
    interrupt = 1;
    __atomic_store_n(&jump_table, empty_jump_table, __ATOMIC_RELEASE);
  }
  void set_rflags(u64 value) {
    flags = LazyFlags::raw(value);
    system_flags = (value & ~kStatusFlags) | 2;
  }
};
static_assert(std::is_standard_layout_v<Cpu>);

// Ends the current instruction with an exception: stores it in cpu.fault and continues at the
// recovery point. Guest state must be that before the instruction.
[[noreturn]] void raise(Cpu& cpu, const Fault& fault);

inline void raise_gp(Cpu& cpu) { raise(cpu, {.vector = Vector::kGeneralProtection}); }
inline void raise_ud(Cpu& cpu) { raise(cpu, {.vector = Vector::kInvalidOpcode}); }

}  // namespace gantry::guest

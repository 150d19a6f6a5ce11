// The signal frame that x86-64 Linux puts on the stack (arch/x86/kernel/signal_64.c), and its way
// back.
#pragma once

#include "emulator/guest/xsave.h"
#include "runtime/core/task.h"

namespace gantry::runtime {

// struct sigcontext_64 (arch/x86/include/uapi/asm/sigcontext.h).
struct SignalRegisters {
  u64 r8, r9, r10, r11, r12, r13, r14, r15;
  u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp;
  u64 rip;
  u64 rflags;
  u16 cs, gs, fs, ss;
  u64 error_code;
  u64 trap_number;
  u64 old_mask;
  u64 fault_address;
  u64 fpstate;
  u64 reserved[8];
};
static_assert(sizeof(SignalRegisters) == 256);
static_assert(offsetof(SignalRegisters, rip) == 128 && offsetof(SignalRegisters, cs) == 144 &&
              offsetof(SignalRegisters, error_code) == 152 &&
              offsetof(SignalRegisters, fpstate) == 184);

// struct ucontext.
struct SignalContext {
  u64 flags;
  u64 link;
  GuestStack stack;
  SignalRegisters registers;
  u64 mask;
};
static_assert(sizeof(SignalContext) == 304 && offsetof(SignalContext, mask) == 296);

// struct rt_sigframe. The handler's stack pointer is its address.
struct SignalFrame {
  u64 return_address;
  SignalContext context;
  siginfo_t info;
};
static_assert(sizeof(SignalFrame) == 440 && offsetof(SignalFrame, info) == 312);

// struct _fpx_sw_bytes: what FxsaveImage::software says of the XSAVE area.
struct SoftwareBytes {
  u32 magic1;
  u32 extended_size;
  u64 features;
  u32 xstate_size;
  u32 padding[7];
};
static_assert(sizeof(SoftwareBytes) == 48);

// The bytes of the floating point state at SignalRegisters::fpstate, which is 64-byte aligned: an
// XSAVE image of what XCR0 enables and a second magic number behind it, or an FXSAVE image.
u64 signal_xstate_size();

// Pushes a frame for `info.si_signo` and enters its handler. Uses up the saved mask of a wait and
// sets the mask of the handler in task.signals (not on the host). False when the stack cannot be
// written; nothing has changed then.
bool push_signal_frame(Task& task, const GuestSigaction& action, const siginfo_t& info);

// rt_sigreturn(2), read: the frame above rsp. False when it cannot be read.
bool read_signal_frame(Task& task, SignalContext& context);

// rt_sigreturn(2), registers: what the frame says, which the handler may have edited. False when
// the floating point state cannot be read or is invalid.
bool restore_signal_frame(Task& task, const SignalContext& context);

// sigaltstack(2) for a stack pointer: whether `address` is on the alternate stack.
bool on_alternate_stack(const GuestStack& stack, u64 address);
s64 set_alternate_stack(Task& task, const GuestStack& stack);

}  // namespace gantry::runtime

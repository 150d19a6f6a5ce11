#include "runtime/signals/frame.h"

#include <cerrno>
#include <cstring>

namespace gantry::runtime {
namespace {

using guest::Cpu;

constexpr u64 kRedZone = 128;
constexpr u64 kMinimumStackSize = 2048;  // MINSIGSTKSZ
constexpr u64 kRestorerFlag = 0x04000000;
constexpr u32 kAutoDisarm = u32{1} << 31;

// uc_flags: UC_FP_XSTATE, and UC_SIGCONTEXT_SS with UC_STRICT_RESTORE_SS.
constexpr u64 kXstateFlag = 1;
constexpr u64 kContextFlags = 2 | 4;

constexpr u32 kXstateMagic1 = 0x46505853;
constexpr u32 kXstateMagic2 = 0x46505845;
constexpr u64 kLegacyState = guest::kX87State | guest::kSseState;

// FIX_EFLAGS: the flags that sigreturn takes from the frame. RF is one of them, but the next
// instruction clears it and there are no breakpoints for it to hold back.
constexpr u64 kRestoredFlags = guest::kStatusFlags | guest::kTF | guest::kDF | guest::kAC;

void save_registers(const Task& task, u64 mask, SignalRegisters& r) {
  const Cpu& cpu = task.cpu;
  const u64* g = cpu.gpr;
  r = {
      .r8 = g[8],
      .r9 = g[9],
      .r10 = g[10],
      .r11 = g[11],
      .r12 = g[12],
      .r13 = g[13],
      .r14 = g[14],
      .r15 = g[15],
      .rdi = g[guest::kRdi],
      .rsi = g[guest::kRsi],
      .rbp = g[guest::kRbp],
      .rbx = g[guest::kRbx],
      .rdx = g[guest::kRdx],
      .rax = g[guest::kRax],
      .rcx = g[guest::kRcx],
      .rsp = g[guest::kRsp],
      .rip = cpu.rip,
      .rflags = cpu.rflags(),
      .cs = cpu.segment[guest::kCs],
      .gs = 0,
      .fs = 0,
      .ss = cpu.segment[guest::kSs],
      .error_code = task.signals.error_code,
      .trap_number = task.signals.trap_number,
      .old_mask = mask,
      .fault_address = task.signals.fault_address,
      .fpstate = 0,
      .reserved = {},
  };
}

void restore_registers(Cpu& cpu, const SignalRegisters& r) {
  const u64 values[16] = {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi,
                          r.r8,  r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15};
  std::memcpy(cpu.gpr, values, sizeof values);
  cpu.rip = r.rip;
  cpu.set_rflags((cpu.rflags() & ~kRestoredFlags) | (r.rflags & kRestoredFlags));
}

// copy_fpstate_to_sigframe() (arch/x86/kernel/fpu/signal.c): XSAVE in the standard form, where
// XSTATE_BV has the legacy components also when they are in their initial state.
bool save_xstate(Task& task, u64 address) {
  u64 enabled = guest::xcr0();
  guest::XsaveImage image = {};
  guest::to_xsave(task.cpu, image);
  if (!enabled) return copy_out(task, address, &image.legacy, sizeof image.legacy);
  auto size = static_cast<u32>(guest::xsave_size(enabled));
  SoftwareBytes software = {.magic1 = kXstateMagic1,
                            .extended_size = size + u32{sizeof kXstateMagic2},
                            .features = enabled,
                            .xstate_size = size,
                            .padding = {}};
  std::memcpy(image.legacy.software, &software, sizeof software);
  image.header.components = (guest::state_in_use(task.cpu) & enabled) | kLegacyState;
  return copy_out(task, address, &image, size) &&
         copy_out(task, address + size, &kXstateMagic2, sizeof kXstateMagic2);
}

// The initial state of components; MXCSR goes with SSE.
void reset(Cpu& cpu, u64 components) {
  guest::reset_state(cpu, components);
  if (components & guest::kSseState) cpu.mxcsr = guest::kInitialMxcsr;
}

void reset_all(Cpu& cpu) { reset(cpu, kLegacyState | guest::kAvxState); }

struct FrameContents {
  bool is_xsave = false;  // else an FXSAVE image alone
  u64 components = 0;     // that the XSAVE image is to restore
};

// check_xstate_in_sigframe(). False when it cannot be read.
bool read_contents(Task& task, u64 address, const guest::FxsaveImage& legacy, FrameContents& is) {
  u64 enabled = guest::xcr0();
  if (!enabled) return true;
  SoftwareBytes software;
  std::memcpy(&software, legacy.software, sizeof software);
  u32 size = software.xstate_size;
  if (software.magic1 != kXstateMagic1 || size < guest::xsave_size(kLegacyState) ||
      size > guest::xsave_size(enabled) || size > software.extended_size) {
    return true;
  }
  u32 magic2 = 0;
  if (!copy_in(task, &magic2, address + size, sizeof magic2)) return false;
  is = {.is_xsave = magic2 == kXstateMagic2, .components = software.features & enabled};
  return true;
}

// FXRSTOR, which has nothing of AVX.
bool restore_legacy(Cpu& cpu, const guest::FxsaveImage& legacy) {
  if (legacy.mxcsr & ~guest::kMxcsrMask) return false;
  guest::from_fxsave(cpu, legacy);
  reset(cpu, guest::kAvxState);
  return true;
}

// __restore_fpregs_from_user(): XRSTOR of what the frame claims to hold, the rest is initialised.
bool restore_image(Task& task, u64 address) {
  guest::XsaveImage image = {};
  FrameContents contents;
  if (!copy_in(task, &image.legacy, address, sizeof image.legacy) ||
      !read_contents(task, address, image.legacy, contents)) {
    return false;
  }
  if (!contents.is_xsave) return address % 16 == 0 && restore_legacy(task.cpu, image.legacy);
  u64 size = guest::xsave_size(contents.components);
  if (address % 64 != 0 || !copy_in(task, &image, address, size) ||
      !guest::from_xsave(task.cpu, image, contents.components)) {
    return false;
  }
  reset(task.cpu, guest::xcr0() & ~contents.components);
  return true;
}

// What cannot be restored is initialised before the task gets its SIGSEGV.
bool restore_xstate(Task& task, u64 address) {
  bool restored = address == 0 || restore_image(task, address);
  if (address == 0 || !restored) reset_all(task.cpu);
  return restored;
}

struct FramePlace {
  u64 frame;
  u64 xstate;
};

// get_sigframe(): where the frame goes; false when it would overflow the alternate stack.
bool place_frame(const Task& task, const GuestSigaction& action, FramePlace& place) {
  const GuestStack& alternate = task.signals.alternate;
  u64 sp = task.cpu.gpr[guest::kRsp];
  bool on_alternate = on_alternate_stack(alternate, sp);
  sp -= kRedZone;
  if ((action.flags & SA_ONSTACK) && alternate.size != 0 && !on_alternate) {
    sp = alternate.address + alternate.size;
    on_alternate = true;
  }
  place.xstate = align_down(sp - signal_xstate_size(), 64);
  // As after a call: 16-byte aligned but for the return address.
  place.frame = align_down(place.xstate - sizeof(SignalFrame), 16) - 8;
  bool fits = place.frame > alternate.address && place.frame - alternate.address <= alternate.size;
  return !on_alternate || fits;
}

void enter_handler(Cpu& cpu, u64 handler, int signal, u64 frame) {
  cpu.gpr[guest::kRdi] = static_cast<u64>(signal);
  cpu.gpr[guest::kRsi] = frame + offsetof(SignalFrame, info);
  cpu.gpr[guest::kRdx] = frame + offsetof(SignalFrame, context);
  cpu.gpr[guest::kRax] = 0;
  cpu.gpr[guest::kRsp] = frame;
  cpu.rip = handler;
  cpu.set_rflags(cpu.rflags() & ~(guest::kDF | guest::kRF | guest::kTF));
  cpu.segment[guest::kCs] = guest::kUserCs;
  cpu.segment[guest::kSs] = guest::kUserDs;
  reset_all(cpu);
}

}  // namespace

u64 signal_xstate_size() {
  u64 enabled = guest::xcr0();
  return enabled ? guest::xsave_size(enabled) + sizeof kXstateMagic2 : sizeof(guest::FxsaveImage);
}

bool on_alternate_stack(const GuestStack& stack, u64 address) {
  if (stack.flags & kAutoDisarm) return false;
  return address > stack.address && address - stack.address <= stack.size;
}

s64 set_alternate_stack(Task& task, const GuestStack& stack) {
  GuestStack& current = task.signals.alternate;
  if (on_alternate_stack(current, task.cpu.gpr[guest::kRsp])) return -EPERM;
  u32 mode = stack.flags & ~kAutoDisarm;
  if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) return -EINVAL;
  if (mode == SS_DISABLE) {
    current = {.address = 0, .flags = stack.flags, .size = 0};
    return 0;
  }
  if (stack.size < kMinimumStackSize) return -ENOMEM;
  current = {.address = stack.address, .flags = stack.flags, .size = stack.size};
  return 0;
}

bool push_signal_frame(Task& task, const GuestSigaction& action, const siginfo_t& info) {
  TaskSignals& s = task.signals;
  FramePlace place;
  if (!(action.flags & kRestorerFlag) || !place_frame(task, action, place)) return false;

  u64 mask = s.has_saved_mask ? s.saved_mask : s.mask;
  SignalFrame frame = {};
  frame.return_address = action.restorer;
  frame.context.flags = kContextFlags | (guest::xcr0() ? kXstateFlag : 0);
  frame.context.stack = s.alternate;
  save_registers(task, mask, frame.context.registers);
  frame.context.registers.fpstate = place.xstate;
  frame.context.mask = mask;
  frame.info = info;
  if (!save_xstate(task, place.xstate)) return false;
  if (!copy_out(task, place.frame, &frame, sizeof frame)) return false;

  if (s.alternate.flags & kAutoDisarm) s.alternate = {.flags = SS_DISABLE};
  enter_handler(task.cpu, action.handler, info.si_signo, place.frame);
  s.has_saved_mask = false;
  s.mask |= action.mask & ~kUnblockable;
  if (!(action.flags & SA_NODEFER)) s.mask |= signal_bit(info.si_signo);
  return true;
}

bool read_signal_frame(Task& task, SignalContext& context) {
  // RET has popped the frame's return address.
  u64 frame = task.cpu.gpr[guest::kRsp] - sizeof(u64);
  return copy_in(task, &context, frame + offsetof(SignalFrame, context), sizeof context);
}

bool restore_signal_frame(Task& task, const SignalContext& context) {
  restore_registers(task.cpu, context.registers);
  if (!restore_xstate(task, context.registers.fpstate)) return false;
  static_cast<void>(set_alternate_stack(task, context.stack));  // a bad one is ignored
  return true;
}

}  // namespace gantry::runtime

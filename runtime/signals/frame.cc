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

// uc_flags: UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS.
constexpr u64 kContextFlags = 1 | 2 | 4;

constexpr u32 kXstateMagic1 = 0x46505853;
constexpr u32 kXstateMagic2 = 0x46505845;
constexpr u64 kX87Feature = 1;
constexpr u64 kSseFeature = 2;
constexpr u64 kFeatures = kX87Feature | kSseFeature;
constexpr u32 kXstateSize = offsetof(SignalXstate, magic2);

// FIX_EFLAGS: the flags that sigreturn takes from the frame.
constexpr u64 kRestoredFlags =
    guest::kStatusFlags | guest::kTF | guest::kDF | guest::kRF | guest::kAC;

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

void save_xstate(const Cpu& cpu, SignalXstate& state) {
  guest::to_fxsave(cpu, state.legacy);
  SoftwareBytes software = {.magic1 = kXstateMagic1,
                            .extended_size = kXstateSize + sizeof state.magic2,
                            .features = kFeatures,
                            .xstate_size = kXstateSize,
                            .padding = {}};
  std::memcpy(state.legacy.software, &software, sizeof software);
  state.header = {.features = kFeatures, .compaction = 0, .reserved = {}};
  state.magic2 = kXstateMagic2;
}

void reset_x87(Cpu& cpu) { cpu.x87 = {}; }
void reset_sse(Cpu& cpu) {
  cpu.mxcsr = 0x1f80;
  for (guest::V128& v : cpu.xmm) v = {};
}

// The features that the image at `address` holds: all where it is an FXSAVE image without more.
bool read_features(Task& task, u64 address, const guest::FxsaveImage& legacy, u64& features) {
  SoftwareBytes software;
  std::memcpy(&software, legacy.software, sizeof software);
  features = kFeatures;
  if (software.magic1 != kXstateMagic1 || software.xstate_size < kXstateSize) return true;
  u32 magic2 = 0;
  if (!copy_in(task, &magic2, address + software.xstate_size, sizeof magic2)) return false;
  if (magic2 != kXstateMagic2) return true;
  XsaveHeader header;
  if (!copy_in(task, &header, address + sizeof legacy, sizeof header)) return false;
  features = header.features;
  return (features & ~kFeatures) == 0;
}

// XRSTOR: a component that the image does not hold gets its initial state (SDM vol. 1, 13.8).
bool restore_xstate(Task& task, u64 address) {
  Cpu& cpu = task.cpu;
  if (address == 0) {
    reset_x87(cpu);
    reset_sse(cpu);
    return true;
  }
  guest::FxsaveImage legacy;
  u64 features;
  if (!copy_in(task, &legacy, address, sizeof legacy)) return false;
  if (!read_features(task, address, legacy, features)) return false;
  if (legacy.mxcsr & ~guest::kMxcsrMask) return false;
  features& kX87Feature ? guest::x87_from_fxsave(cpu, legacy) : reset_x87(cpu);
  features& kSseFeature ? guest::sse_from_fxsave(cpu, legacy) : reset_sse(cpu);
  return true;
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
  place.xstate = align_down(sp - sizeof(SignalXstate), 64);
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
  reset_x87(cpu);
  reset_sse(cpu);
}

}  // namespace

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
  frame.context.flags = kContextFlags;
  frame.context.stack = s.alternate;
  save_registers(task, mask, frame.context.registers);
  frame.context.registers.fpstate = place.xstate;
  frame.context.mask = mask;
  frame.info = info;
  SignalXstate xstate;
  save_xstate(task.cpu, xstate);
  // struct padding behind magic2 is not part of the frame.
  if (!copy_out(task, place.xstate, &xstate, kXstateSize + sizeof xstate.magic2)) return false;
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

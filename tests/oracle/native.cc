#include "tests/oracle/native.h"

#include <cpuid.h>
#include <immintrin.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "emulator/base/check.h"
#include "tests/oracle/emulated.h"
#include "tests/oracle/pages.h"

// gantry_oracle_enter(state, area, components) loads everything and jumps. `area` is an XSAVE area
// of `components`, or an FXSAVE area when that is zero. How it ends is the signal handler's
// business.
//
// gantry_oracle_signal is the handler's first part. It brings back the host's FS base, without
// which no C++ code can run, and keeps what it finds.
asm(R"(
  .text
  .globl gantry_oracle_enter
gantry_oracle_enter:
  mov %edx, %eax
  xor %edx, %edx
  test %eax, %eax
  jz 1f
  xrstor64 (%rsi)
  jmp 2f
1:
  fxrstor64 (%rsi)
2:
  mov 144(%rdi), %rax
  wrfsbase %rax
  mov 152(%rdi), %rax
  wrgsbase %rax
  mov 128(%rdi), %rax
  mov %rax, gantry_oracle_target(%rip)
  pushq 136(%rdi)
  popfq
  mov 0(%rdi), %rax
  mov 8(%rdi), %rcx
  mov 16(%rdi), %rdx
  mov 24(%rdi), %rbx
  mov 32(%rdi), %rsp
  mov 40(%rdi), %rbp
  mov 48(%rdi), %rsi
  mov 64(%rdi), %r8
  mov 72(%rdi), %r9
  mov 80(%rdi), %r10
  mov 88(%rdi), %r11
  mov 96(%rdi), %r12
  mov 104(%rdi), %r13
  mov 112(%rdi), %r14
  mov 120(%rdi), %r15
  mov 56(%rdi), %rdi
  jmp *gantry_oracle_target(%rip)

  .globl gantry_oracle_signal
gantry_oracle_signal:
  rdfsbase %rax
  mov %rax, gantry_oracle_fs_base(%rip)
  xor %eax, %eax
  mov %fs, %eax
  mov %rax, gantry_oracle_fs(%rip)
  xor %eax, %eax
  mov %eax, %fs
  mov gantry_oracle_host_fs_base(%rip), %rax
  wrfsbase %rax
  pushq $0x202
  popfq
  jmp gantry_oracle_on_signal

  .local gantry_oracle_target
  .comm gantry_oracle_target,8,8
  .globl gantry_oracle_host_fs_base
  .comm gantry_oracle_host_fs_base,8,8
  .globl gantry_oracle_fs_base
  .comm gantry_oracle_fs_base,8,8
  .globl gantry_oracle_fs
  .comm gantry_oracle_fs,8,8
)");

extern "C" {
[[noreturn]] void gantry_oracle_enter(const gantry::oracle::State* state, const void* area,
                                      gantry::u32 components);
void gantry_oracle_signal(int signal, siginfo_t* info, void* context);
void gantry_oracle_on_signal(int signal, siginfo_t* info, void* context);
extern gantry::u64 gantry_oracle_host_fs_base, gantry_oracle_fs_base, gantry_oracle_fs;
}

namespace gantry::oracle {
namespace {

constexpr u64 kRfBit = 1 << 16;

// State components (SDM vol. 1, section 13.1).
constexpr u32 kX87Component = 1, kSseComponent = 2, kAvxComponent = 4;

// SDM vol. 1, section 13.4. The AVX component lies there on all CPUs that have it.
struct alignas(64) XsaveArea {
  guest::FxsaveImage legacy;
  u64 components;
  u64 compaction;
  u64 reserved[6];
  guest::V128 ymm_high[16];
};
static_assert(offsetof(XsaveArea, components) == 512 && offsetof(XsaveArea, ymm_high) == 576);

std::jmp_buf back;
bool native_running = false;
Outcome* native_outcome = nullptr;
u64 code_begin = kCodeBase, code_end = kCodeBase;  // of the instruction

// The case ends at an INT3 that is not the instruction itself, or where it jumped to and nothing
// is.
bool is_end(u32 vector, u64 address, u64 rip) {
  constexpr auto kBreakpoint = static_cast<u32>(guest::Vector::kBreakpoint);
  constexpr auto kPageFault = static_cast<u32>(guest::Vector::kPageFault);
  bool inside = rip > code_begin && rip <= code_end;
  if (vector == kBreakpoint) return !inside;
  return vector == kPageFault && address == rip && rip != code_begin;
}

u16 read_es() {
  u16 v;
  asm volatile("mov %%es, %0" : "=r"(v));
  return v;
}
u16 read_ds() {
  u16 v;
  asm volatile("mov %%ds, %0" : "=r"(v));
  return v;
}
u16 read_gs() {
  u16 v;
  asm volatile("mov %%gs, %0" : "=r"(v));
  return v;
}

void capture_segments(State& state, u64 packed) {
  state.es = read_es();
  state.ds = read_ds();
  state.gs = read_gs();
  state.gs_base = __builtin_ia32_rdgsbase64();
  state.fs = static_cast<u16>(gantry_oracle_fs);
  state.fs_base = gantry_oracle_fs_base;
  state.ss = static_cast<u16>(packed >> 48);
  u16 null = 0;
  asm volatile("mov %0, %%es\n\tmov %0, %%ds\n\tmov %0, %%gs" : : "r"(null));
}

// What is not the CPU's state.
void forget_reserved(guest::FxsaveImage& fx) {
  fx.reserved0 = 0;
  fx.mxcsr_mask = guest::kMxcsrMask;
  for (auto& st : fx.st) std::memset(st.reserved, 0, sizeof st.reserved);
  std::memset(fx.reserved1, 0, sizeof fx.reserved1);
  std::memset(fx.software, 0, sizeof fx.software);
}

// The frame has the kernel's XSAVE area; a component whose bit is clear is in its initial state,
// which is zero for the YMM registers. For x87 and SSE the kernel sets the bits always
// (arch/x86/kernel/fpu/signal.c).
void capture_vectors(State& state, const void* frame) {
  const auto& area = *static_cast<const XsaveArea*>(frame);
  std::memcpy(static_cast<void*>(&state.fx), &area.legacy, sizeof state.fx);
  forget_reserved(state.fx);
  if (!has_ymm()) return;
  bool initial = !(area.components & kAvxComponent);
  for (unsigned i = 0; i < 16; i++) {
    state.ymm_high[i] = initial ? guest::V128{} : area.ymm_high[i];
  }
}

void capture(const ucontext_t& context, Outcome& out) {
  // In the order of the registers' numbers.
  constexpr int kRegisters[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
  const auto& regs = context.uc_mcontext.gregs;
  for (unsigned i = 0; i < 16; i++) out.state.gpr[i] = static_cast<u64>(regs[kRegisters[i]]);
  out.state.rip = static_cast<u64>(regs[REG_RIP]);
  out.state.rflags = static_cast<u64>(regs[REG_EFL]) & ~kRfBit;
  capture_vectors(out.state, context.uc_mcontext.fpregs);
  capture_segments(out.state, static_cast<u64>(regs[REG_CSGSFS]));
  out.vector = static_cast<u32>(regs[REG_TRAPNO]);
  out.error = static_cast<u32>(regs[REG_ERR]);
  out.address = static_cast<u64>(regs[REG_CR2]);
  out.faulted = !is_end(out.vector, out.address, out.state.rip);
  if (!out.faulted && out.vector == 3) out.state.rip--;
  if (!out.faulted) out.vector = out.error = 0;
  if (out.vector != 14) out.address = 0;
}

// longjmp leaves the handler without sigreturn, so no signal may be blocked in it.
void install_handlers() {
  constexpr std::size_t kStackSize = 256 << 10;
  stack_t stack{};
  stack.ss_sp = std::malloc(kStackSize);
  stack.ss_size = kStackSize;
  CHECK(sigaltstack(&stack, nullptr) == 0);
  struct sigaction action{};
  action.sa_sigaction = gantry_oracle_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) {
    CHECK(sigaction(signal, &action, nullptr) == 0);
  }
}

// An area whose three components are all loaded, none taken to be in its initial state.
void fill_area(const State& state, XsaveArea& area) {
  area.legacy = state.fx;
  area.components = kX87Component | kSseComponent | kAvxComponent;
  std::memcpy(area.ymm_high, state.ymm_high, sizeof area.ymm_high);
}

// MOVNTSS and MOVNTSD of SSE4a do what MOVSS and MOVSD do, which every CPU has.
bool is_nontemporal_scalar(unsigned row) {
  std::string_view name = x86::row_semantics(row);
  return name == "MOVNTSS" || name == "MOVNTSD";
}

void replace_opcode(u8* bytes, unsigned length) {
  constexpr u8 kNonTemporal[] = {0x0f, 0x2b}, kStore = 0x11;
  u8* at = std::search(bytes, bytes + length, std::begin(kNonTemporal), std::end(kNonTemporal));
  if (at != bytes + length) at[1] = kStore;
}

void place_instruction(const Case& c) {
  u8 bytes[sizeof c.bytes];
  std::memcpy(bytes, c.bytes, sizeof bytes);
  if (is_nontemporal_scalar(c.insn.row)) replace_opcode(bytes, c.insn.length);
  write_code(c.state.rip, {bytes, c.insn.length});
  code_begin = c.state.rip;
  code_end = code_begin + c.insn.length;
}

// CPUID.7.0:EBX[29], for which not every compiler has a name.
bool has_sha() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx >> 29 & 1);
}

bool has_vex_feature(std::string_view name) {
  if (name.starts_with("AES") && !__builtin_cpu_supports("vaes")) return false;
  if (name == "PCLMULQDQ" && !__builtin_cpu_supports("vpclmulqdq")) return false;
  return has_ymm() && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}

// What came after AVX2, or without it.
bool has_feature(std::string_view name) {
  if (name.find("GF2P8") != std::string_view::npos) return __builtin_cpu_supports("gfni");
  if (name.starts_with("SHA1") || name.starts_with("SHA256")) return has_sha();
  return true;
}

}  // namespace

bool cpu_has(unsigned row) {
  constexpr std::string_view kNever[] = {"SYSCALL", "EXTRQ", "INSERTQ"};
  std::string_view name = x86::row_semantics(row);
  if (std::find(std::begin(kNever), std::end(kNever), name) != std::end(kNever)) return false;
  bool vex = x86::opcodes()[row].map >= x86::Map::kV0F;
  return (!vex || has_vex_feature(name)) && has_feature(name);
}

bool has_ymm() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}

void prepare_native() {
  gantry_oracle_host_fs_base = __builtin_ia32_rdfsbase64();
  install_handlers();
}

void run_native(const Case& c, Outcome& outcome) {
  static XsaveArea area;
  const State& state = c.state;
  place_instruction(c);
  native_outcome = &outcome;
  outcome.clear();
  std::memcpy(outcome.state.ymm_high, state.ymm_high, sizeof state.ymm_high);
  fill_area(state, area);
  guest::FxsaveImage mine;
  asm volatile("fxsave64 %0" : "=m"(mine));
  if (!_setjmp(back)) {
    native_running = true;
    gantry_oracle_enter(&state, &area, has_ymm() ? static_cast<u32>(area.components) : 0);
  }
  asm volatile("fxrstor64 %0" : : "m"(mine));
  read_data(outcome.data);
}

}  // namespace gantry::oracle

void gantry_oracle_on_signal(int signal, siginfo_t* info, void* pointer) {
  using namespace gantry::oracle;
  const auto& context = *static_cast<ucontext_t*>(pointer);
  if (native_running) {
    native_running = false;
    capture(context, *native_outcome);
    std::longjmp(back, 1);
  }
  on_emulated_fault(signal, info, pointer);
}

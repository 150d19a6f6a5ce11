#include "tests/oracle/native.h"

#include <immintrin.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "emulator/base/check.h"

// Loads everything and jumps. How it ends is the signal handler's business.
asm(R"(
  .text
  .globl gantry_oracle_enter
gantry_oracle_enter:
  fxrstor64 176(%rdi)
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

  .local gantry_oracle_target
  .comm gantry_oracle_target,8,8
)");

extern "C" [[noreturn]] void gantry_oracle_enter(const gantry::oracle::State* state);

namespace gantry::oracle {
namespace {

constexpr u64 kRfBit = 1 << 16;
constexpr u8 kInt3 = 0xcc;

std::jmp_buf back;
bool native_running = false;
Outcome* native_outcome = nullptr;
u64 code_begin = kCodeBase, code_end = kCodeBase;  // of the instruction
guest::Cpu* emulated_cpu = nullptr;

// The code page a second time, for writing: no instruction under test reaches it.
u8* code_alias = nullptr;

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
  state.ss = static_cast<u16>(packed >> 48);
  u16 null = 0;
  asm volatile("mov %0, %%es\n\tmov %0, %%ds\n\tmov %0, %%gs" : : "r"(null));
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
  std::memcpy(static_cast<void*>(&out.state.fx), context.uc_mcontext.fpregs, sizeof out.state.fx);
  capture_segments(out.state, static_cast<u64>(regs[REG_CSGSFS]));
  out.vector = static_cast<u32>(regs[REG_TRAPNO]);
  out.error = static_cast<u32>(regs[REG_ERR]);
  out.address = static_cast<u64>(regs[REG_CR2]);
  out.faulted = !is_end(out.vector, out.address, out.state.rip);
  if (!out.faulted && out.vector == 3) out.state.rip--;
  if (out.vector != 14 || !out.faulted) out.address = 0;
}

void on_signal(int signal, siginfo_t*, void* pointer) {
  asm volatile("pushq $0x202\n\tpopfq" : : : "cc", "memory");
  const auto& context = *static_cast<ucontext_t*>(pointer);
  if (native_running) {
    native_running = false;
    capture(context, *native_outcome);
    std::longjmp(back, 1);
  }
  if (emulated_cpu) {
    const auto& regs = context.uc_mcontext.gregs;
    guest::raise(*emulated_cpu,
                 {.vector = static_cast<guest::Vector>(regs[REG_TRAPNO]),
                  .error = static_cast<u32>(regs[REG_ERR]),
                  .address = regs[REG_TRAPNO] == 14 ? static_cast<u64>(regs[REG_CR2]) : 0,
                  .host_signal = signal});
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void map(u64 address, u64 size, int protection) {
  void* at = mmap(reinterpret_cast<void*>(address), size, protection,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  CHECK(at == reinterpret_cast<void*>(address));
}

void map_code() {
  int file = memfd_create("code", 0);
  CHECK(file >= 0 && ftruncate(file, kCodeSize) == 0);
  void* code = mmap(reinterpret_cast<void*>(kCodeBase), kCodeSize, PROT_READ | PROT_EXEC,
                    MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
  CHECK(code == reinterpret_cast<void*>(kCodeBase));
  void* alias = mmap(nullptr, kCodeSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(alias != MAP_FAILED);
  close(file);
  code_alias = static_cast<u8*>(alias);
  std::memset(code_alias, kInt3, kCodeSize);
}

// longjmp leaves the handler without sigreturn, so no signal may be blocked in it.
void install_handlers() {
  constexpr std::size_t kStackSize = 256 << 10;
  stack_t stack{};
  stack.ss_sp = std::malloc(kStackSize);
  stack.ss_size = kStackSize;
  CHECK(sigaltstack(&stack, nullptr) == 0);
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) {
    CHECK(sigaction(signal, &action, nullptr) == 0);
  }
}

}  // namespace

void prepare_native() {
  map(kDataBase, kDataSize + kPageSize, PROT_READ | PROT_WRITE);
  auto* read_only = reinterpret_cast<u8*>(kReadOnlyBase);
  for (u64 i = 0; i < kPageSize; i++) read_only[i] = static_cast<u8>(i * 37 ^ i >> 3);
  CHECK(mprotect(read_only, kPageSize, PROT_READ) == 0);
  map_code();
  install_handlers();
}

void write_code(u64 rip, std::span<const u8> bytes) {
  std::memset(code_alias + (code_begin - kCodeBase), kInt3, code_end - code_begin);
  std::memcpy(code_alias + (rip - kCodeBase), bytes.data(), bytes.size());
  code_begin = rip;
  code_end = rip + bytes.size();
}

void write_data(const u8* data) {
  std::memcpy(reinterpret_cast<void*>(kDataBase), data, kDataSize);
}

void run_native(const State& state, Outcome& outcome) {
  native_outcome = &outcome;
  outcome = {};
  outcome.state.fs_base = state.fs_base;
  guest::FxsaveImage mine;
  asm volatile("fxsave64 %0" : "=m"(mine));
  if (!_setjmp(back)) {
    native_running = true;
    gantry_oracle_enter(&state);
  }
  asm volatile("fxrstor64 %0" : : "m"(mine));
  std::memcpy(outcome.data, reinterpret_cast<void*>(kDataBase), kDataSize);
}

void set_emulated_cpu(guest::Cpu* cpu) { emulated_cpu = cpu; }

u64 host_fs_base() { return __builtin_ia32_rdfsbase64(); }

}  // namespace gantry::oracle

#include "tests/oracle/emulated.h"

#include <csetjmp>
#include <cstdlib>
#include <cstring>

#include "emulator/base/check.h"
#include "emulator/guest/memory.h"
#include "emulator/interp/eval.h"
#include "runtime/signals/host_context.h"
#include "tests/oracle/pages.h"

namespace gantry::oracle {
namespace {

guest::Cpu* running = nullptr;

// An x86-64 host answers an access that begins below 2^47 and ends above it with a protection
// fault, which has no address.
bool is_protection_fault(const siginfo_t& info) {
  return info.si_code == SI_KERNEL || reinterpret_cast<u64>(info.si_addr) >= guest::kAddressLimit;
}

void execute(guest::Cpu& cpu, const Case& c) {
  if (c.refused) guest::raise(cpu, {.vector = c.refusal});
  interp::handler_for(c.insn)(cpu, c.insn);
  if (!c.insn.ends_block) cpu.rip = c.insn.next_rip();
}

}  // namespace

void prepare_emulated() {
  struct sigaction action{};
  action.sa_sigaction = on_emulated_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  CHECK(sigaction(SIGSEGV, &action, nullptr) == 0);
  CHECK(sigaction(SIGBUS, &action, nullptr) == 0);
}

void on_emulated_fault(int signal, siginfo_t* info, void* pointer) {
  bool memory = signal == SIGSEGV || signal == SIGBUS;
  if (!running || !memory) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    std::abort();
  }
  guest::Fault fault = {.vector = guest::Vector::kGeneralProtection, .host_signal = signal};
  if (!is_protection_fault(*info)) {
    fault.vector = guest::Vector::kPageFault;
    fault.error = runtime::fault_error(*static_cast<ucontext_t*>(pointer), *info);
    fault.address = reinterpret_cast<u64>(info->si_addr);
  }
  guest::raise(*running, fault);
}

void load_state(guest::Cpu& cpu, const State& state) {
  std::memcpy(cpu.gpr, state.gpr, sizeof cpu.gpr);
  cpu.rip = state.rip;
  cpu.set_rflags(state.rflags);
  cpu.fs_base = state.fs_base;
  cpu.gs_base = state.gs_base;
  cpu.segment[guest::kEs] = state.es;
  cpu.segment[guest::kDs] = state.ds;
  cpu.segment[guest::kFs] = state.fs;
  cpu.segment[guest::kGs] = state.gs;
  cpu.segment[guest::kSs] = state.ss;
  guest::from_fxsave(cpu, state.fx);
  std::memcpy(cpu.ymm_high, state.ymm_high, sizeof cpu.ymm_high);
}

void store_state(const guest::Cpu& cpu, State& state) {
  std::memcpy(state.gpr, cpu.gpr, sizeof cpu.gpr);
  state.rip = cpu.rip;
  state.rflags = cpu.rflags();
  state.fs_base = cpu.fs_base;
  state.gs_base = cpu.gs_base;
  state.es = cpu.segment[guest::kEs];
  state.ds = cpu.segment[guest::kDs];
  state.fs = cpu.segment[guest::kFs];
  state.gs = cpu.segment[guest::kGs];
  state.ss = cpu.segment[guest::kSs];
  guest::to_fxsave(cpu, state.fx);
  std::memcpy(state.ymm_high, cpu.ymm_high, sizeof cpu.ymm_high);
}

void run_emulated(const Case& c, Outcome& outcome) {
  static guest::Cpu cpu;
  cpu = guest::Cpu{};
  outcome = {};
  load_state(cpu, c.state);
  std::jmp_buf recovery;
  running = &cpu;
  if (!_setjmp(recovery)) {
    cpu.recovery = &recovery;
    execute(cpu, c);
  } else {
    outcome.faulted = true;
    outcome.vector = static_cast<u32>(cpu.fault.vector);
    outcome.error = cpu.fault.error;
    outcome.address = cpu.fault.address;
    outcome.from_host = cpu.fault.host_signal != 0;
  }
  running = nullptr;
  store_state(cpu, outcome.state);
  read_data(outcome.data);
}

}  // namespace gantry::oracle

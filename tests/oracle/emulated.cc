#include "tests/oracle/emulated.h"

#include <csetjmp>
#include <cstring>

#include "emulator/interp/eval.h"
#include "tests/oracle/native.h"

namespace gantry::oracle {
namespace {

void load_state(guest::Cpu& cpu, const State& state) {
  std::memcpy(cpu.gpr, state.gpr, sizeof cpu.gpr);
  cpu.rip = state.rip;
  cpu.set_rflags(state.rflags);
  cpu.fs_base = state.fs_base;
  cpu.gs_base = state.gs_base;
  cpu.segment[guest::kEs] = state.es;
  cpu.segment[guest::kDs] = state.ds;
  cpu.segment[guest::kGs] = state.gs;
  cpu.segment[guest::kSs] = state.ss;
  guest::from_fxsave(cpu, state.fx);
}

void store_state(const guest::Cpu& cpu, State& state) {
  std::memcpy(state.gpr, cpu.gpr, sizeof cpu.gpr);
  state.rip = cpu.rip;
  state.rflags = cpu.rflags();
  state.fs_base = cpu.fs_base;
  state.gs_base = cpu.gs_base;
  state.es = cpu.segment[guest::kEs];
  state.ds = cpu.segment[guest::kDs];
  state.gs = cpu.segment[guest::kGs];
  state.ss = cpu.segment[guest::kSs];
  guest::to_fxsave(cpu, state.fx);
}

}  // namespace

void run_emulated(const x86::Insn& insn, const State& state, Outcome& outcome) {
  static guest::Cpu cpu;
  cpu = guest::Cpu{};
  outcome = {};
  load_state(cpu, state);
  std::jmp_buf recovery;
  set_emulated_cpu(&cpu);
  if (!_setjmp(recovery)) {
    cpu.recovery = &recovery;
    interp::handler_for(insn)(cpu, insn);
    if (!insn.ends_block) cpu.rip = insn.next_rip();
  } else {
    outcome.faulted = true;
    outcome.vector = static_cast<u32>(cpu.fault.vector);
    outcome.error = cpu.fault.error;
    outcome.address = cpu.fault.address;
    outcome.host_protection_fault = cpu.fault.host_signal != 0 && outcome.vector != 14;
  }
  set_emulated_cpu(nullptr);
  store_state(cpu, outcome.state);
  std::memcpy(outcome.data, reinterpret_cast<void*>(kDataBase), kDataSize);
}

}  // namespace gantry::oracle

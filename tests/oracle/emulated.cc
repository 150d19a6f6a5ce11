#include "tests/oracle/emulated.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "emulator/base/check.h"
#include "emulator/interp/alignment.h"
#include "emulator/interp/faults.h"
#include "emulator/interp/ir_evaluator.h"
#include "emulator/interp/step_cache.h"
#include "emulator/ir/emit.h"
#include "emulator/jit/backend.h"
#include "emulator/semantics/softfloat.h"
#include "runtime/signals/host_context.h"
#include "tests/oracle/pages.h"

namespace gantry::oracle {
namespace {

enum class Engine : u8 { kInterpreter, kIr, kJit };
Engine engine = Engine::kInterpreter;
bool exact_float = true;

guest::Cpu* running = nullptr;

// As programs have it executed: the first of a row.
void interpret(guest::Cpu& cpu, const x86::Insn& insn) {
  const interp::Step row[] = {{interp::handler_in_row(insn), insn},
                              interp::end_of_row(insn.next_rip())};
  row[0].handler(cpu, row[0].insn);
}

bool is_float(const x86::Insn& insn) {
  static ir::Unit unit;
  unit.clear();
  ir::Emit emit(unit);
  CHECK(ir::translate(insn, unit, emit));
  return std::any_of(unit.code.begin(), unit.code.end(), [](const ir::Inst& i) {
    return i.op == ir::Op::kApplyFloatInt || i.op == ir::Op::kApplyFloatVec;
  });
}

void evaluate_ir(guest::Cpu& cpu, const x86::Insn& insn) {
  static ir::Unit unit;
  unit.clear();
  ir::Emit emit(unit);
  CHECK(ir::translate(insn, unit, emit));
  std::string error = ir::verify(unit);
  if (!error.empty()) {
    std::fprintf(stderr, "%s\n%s", error.c_str(), ir::print(unit).c_str());
    std::abort();
  }
  interp::evaluate(unit, cpu);
  if (!insn.ends_block) cpu.rip = insn.next_rip();
}

// With other controls than the usual ones, processes use code for exact floating point.
void translate(guest::Cpu& cpu, const x86::Insn& insn) {
  bool usual = exact_float || jit::has_usual_controls(cpu.mxcsr);
  if (!usual && is_float(insn)) return interpret(cpu, insn);
  jit::Block block = {insn.rip, {&insn, 1}};
  jit::Entry entry;
  CHECK(jit::compile({&block, 1}, {&entry, 1}, 0) == jit::Outcome::kDone);
  jit::Exit exit = jit::enter(cpu, entry.code);
  if (exit.kind == jit::Exit::Kind::kStep) interpret(cpu, insn);
}

void execute(guest::Cpu& cpu, const Case& c, Engine by) {
  if (c.refused) guest::raise(cpu, {.vector = c.refusal});
  bool aligns = cpu.system_flags & guest::kAC;
  if (aligns && interp::alignment_fault(cpu, c.insn)) {
    guest::raise(cpu, {.vector = guest::Vector::kAlignment});
  }
  if (by == Engine::kInterpreter || aligns) return interpret(cpu, c.insn);
  by == Engine::kIr ? evaluate_ir(cpu, c.insn) : translate(cpu, c.insn);
}

bool is_access_fault(const guest::Fault& fault) {
  return fault.vector == guest::Vector::kPageFault ||
         fault.vector == guest::Vector::kGeneralProtection ||
         fault.vector == guest::Vector::kStackFault;
}

// Runs `body`; true when it raised a fault.
template <typename F>
bool raises(guest::Cpu& cpu, F body) {
  std::jmp_buf recovery;
  cpu.recovery = &recovery;
  running = &cpu;
  bool raised = true;
  if (!_setjmp(recovery)) {
    body();
    raised = false;
  }
  running = nullptr;
  return raised;
}

// As the engine does it.
bool runs_into_fault(guest::Cpu& cpu, const Case& c) {
  if (!raises(cpu, [&] { execute(cpu, c, engine); })) return false;
  if (engine != Engine::kInterpreter && !c.refused) {
    // What faults is left to the interpreter, which finds the state before the instruction.
    cpu.rip = c.state.rip;
    if (!raises(cpu, [&] { execute(cpu, c, Engine::kInterpreter); })) return false;
  }
  if (!c.refused && is_access_fault(cpu.fault)) {
    raises(cpu, [&] { interp::refine_fault(cpu, c.insn); });
  }
  return true;
}

}  // namespace

bool choose_engine(std::string_view name, const jit::Settings& settings) {
  if (name == "ir") {
    engine = Engine::kIr;
  } else if (name == "jit" && jit::prepare(settings)) {
    engine = Engine::kJit;
    exact_float = settings.exact_float;
  } else {
    return name == "interp";
  }
  return true;
}

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
  const auto& context = *static_cast<ucontext_t*>(pointer);
  if (jit::is_translated(runtime::program_counter(context))) {
    jit::restore_guest_state(*running, &context);
  }
  if (!runtime::is_bad_address(context, *info)) {
    fault.vector = guest::Vector::kPageFault;
    fault.error = runtime::fault_error(context, *info);
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
  outcome.clear();
  load_state(cpu, c.state);
  outcome.faulted = runs_into_fault(cpu, c);
  if (outcome.faulted) {
    outcome.vector = static_cast<u32>(cpu.fault.vector);
    outcome.error = cpu.fault.error;
    outcome.address = cpu.fault.address;
    outcome.from_host = cpu.fault.host_signal != 0;
  }
  outcome.exit = cpu.exit;
  bool usual = jit::has_usual_controls(c.state.fx.mxcsr);
  if (!exact_float && usual && !c.refused && is_float(c.insn)) {
    outcome.loose_mxcsr = sem::fp::kDenormal | sem::fp::kUnderflow;
  }
  store_state(cpu, outcome.state);
  read_data(outcome.data);
}

}  // namespace gantry::oracle

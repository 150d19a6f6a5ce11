#include "emulator/engine/cosim.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string_view>

#include "emulator/base/check.h"
#include "emulator/base/log.h"
#include "emulator/engine/code_users.h"
#include "emulator/engine/memory_log.h"
#include "emulator/engine/state_text.h"
#include "emulator/interp/ir_evaluator.h"
#include "emulator/semantics/softfloat.h"
#include "emulator/x86/decoder.h"
#include "emulator/x86/opcode.h"

namespace gantry::engine {
namespace {

using guest::Cpu;

// Of which each execution gives another result.
constexpr std::string_view kUncomparable[] = {"RDTSC", "RDTSCP", "RDRAND", "RDSEED"};

// A difference that another process or the kernel makes goes away.
constexpr unsigned kAttempts = 3;

// One guest thread at a time, in the order in which they come. In memory that a forked process
// finds empty, as its other threads, which may have held it, are gone.
struct Tickets {
  std::atomic<u32> next{0}, served{0};
};
Tickets& tickets() {
  static Tickets* const the_tickets = [] {
    constexpr std::size_t kSize = 1 << 16;  // a page of any host
    void* at = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    madvise(at, kSize, MADV_WIPEONFORK);
    return new (at) Tickets;
  }();
  return *the_tickets;
}

class Turn {
 public:
  Turn() {
    u32 mine = tickets().next.fetch_add(1);
    while (tickets().served.load() != mine) sched_yield();
  }
  ~Turn() { tickets().served.fetch_add(1); }
};

// A comparison at work. Kept between setjmp and longjmp, so in memory and not in registers.
struct Comparison {
  Cpu before, reference, native;
  bool reference_raised, native_returned;
  jit::Exit exit;
  MemoryLog memory;
};
Comparison& comparison() {
  static thread_local Comparison the_comparison;
  return the_comparison;
}

// All of the guest's state. What other threads and signal handlers write stays, and where
// exceptions go.
void copy_state(Cpu& to, const Cpu& from) {
  constexpr std::size_t kBegin = offsetof(Cpu, interrupt), kEnd = kBegin + sizeof(u32);
  constexpr std::size_t kRest = offsetof(Cpu, code_table) - kEnd;
  auto* bytes = reinterpret_cast<u8*>(&to);
  const auto* source = reinterpret_cast<const u8*>(&from);
  std::memcpy(bytes, source, kBegin);
  std::memcpy(bytes + kEnd, source + kEnd, kRest);
}

void interpret(Cpu& cpu, std::span<const Step> steps, MemoryLog* memory) {
  for (const Step& step : steps) {
    cpu.rip = step.insn.rip;
    if (memory) memory->add(cpu, step.insn);
    interp::handler_for(step.insn)(cpu, step.insn);
  }
  const x86::Insn& last = steps.back().insn;
  if (!last.ends_block) cpu.rip = last.next_rip();
}

// Without --exact-float DE and UE are not noted as the interpreter does (docs/exactness.md).
void forgive_unnoted_exceptions(Comparison& c) {
  constexpr u32 kUnnoted = sem::fp::kDenormal | sem::fp::kUnderflow;
  if (options.translation.exact_float || !jit::has_usual_controls(c.before.mxcsr)) return;
  c.native.mxcsr = (c.native.mxcsr & ~kUnnoted) | (c.reference.mxcsr & kUnnoted);
}

bool is_comparable(const x86::Insn& insn) {
  std::string_view name = x86::row_semantics(insn.row);
  bool varies = std::find(std::begin(kUncomparable), std::end(kUncomparable), name) !=
                std::end(kUncomparable);
  return !varies && MemoryLog::foresees(insn) && jit::has_code_for(insn);
}

// A piece that leads to itself would go round in translated code.
bool leads_to(const x86::Insn& last, u64 rip) {
  return last.op[0].kind == x86::OperandKind::kRelative && last.imm == rip;
}

}  // namespace

struct Pieces {
  std::vector<Piece> long_ones, instructions;
  bool is_turn_of_instructions = false;
};

Piece Cosimulator::translate(std::span<const Step> steps) const {
  std::vector<x86::Insn> insns;
  for (const Step& step : steps) insns.push_back(step.insn);
  jit::Block block = {insns.front().rip, insns};
  jit::Entry entry;
  u64 epoch = BlockCache::current_epoch();
  jit::reuse_memory(epoch, &is_older_code_unused);
  jit::Outcome outcome = translator_.compile({&block, 1}, {&entry, 1}, epoch, {}, nullptr);
  bool is_full = outcome == jit::Outcome::kNoRoom && jit::has_code_since(epoch);
  if (is_full) invalidate_code();
  return {steps, outcome == jit::Outcome::kDone ? entry.code : nullptr};
}

std::vector<Piece> Cosimulator::cut(const Block& block, bool into_instructions) const {
  std::vector<Piece> pieces;
  std::span<const Step> rest = block.steps;
  while (!rest.empty()) {
    std::size_t count = 0;
    while (count < rest.size() && is_comparable(rest[count].insn)) count++;
    if (count && leads_to(rest[count - 1].insn, rest[0].insn.rip)) count--;
    if (count && into_instructions) count = 1;
    bool compared = count != 0;
    std::span<const Step> steps = rest.first(std::max<std::size_t>(count, 1));
    pieces.push_back(compared ? translate(steps) : Piece{steps});
    rest = rest.subspan(steps.size());
  }
  return pieces;
}

void Cosimulator::run(Thread& thread, Block& block) const {
  std::shared_ptr<Pieces>& kept = block.rare().pieces;
  if (!kept) kept = std::make_shared<Pieces>(Pieces{cut(block, false), cut(block, true)});
  Pieces& pieces = *kept;
  pieces.is_turn_of_instructions = !pieces.is_turn_of_instructions;
  for (const Piece& piece :
       pieces.is_turn_of_instructions ? pieces.instructions : pieces.long_ones) {
    run_piece(thread, piece);
    bool is_due = must_leave(thread.cpu) || thread.single_step_once;
    if (is_due || adapt_to_mxcsr(thread.cpu)) return;
  }
}

void Cosimulator::run_piece(Thread& thread, const Piece& piece) const {
  Cpu& cpu = thread.cpu;
  bool completed = true;
  {
    Turn turn;
    if (!piece.code) {
      completed = guarded(cpu, [&] { interpret(cpu, piece.steps, nullptr); });
    } else {
      Comparison& c = comparison();
      for (unsigned n = 1; compare(thread, piece) == Verdict::kDifferent; n++) {
        if (n == kAttempts) report(thread, piece);
        c.memory.restore();
        copy_state(cpu, c.before);
        thread.single_step_once = false;
      }
    }
  }
  thread.executed += piece.steps.size();
  if (!completed) guest::raise(cpu, guest::Fault(cpu.fault));
}

// Leaves the state after the piece, or before it when the interpreter is to go on.
Cosimulator::Verdict Cosimulator::compare(Thread& thread, const Piece& piece) const {
  Cpu& cpu = thread.cpu;
  Comparison& c = comparison();
  copy_state(c.before, cpu);
  c.memory.clear();
  c.reference_raised = !guarded(cpu, [&] { interpret(cpu, piece.steps, &c.memory); });
  // Translated code would not begin while something is pending.
  if (!c.reference_raised && cpu.interrupt) return Verdict::kEqual;
  copy_state(c.reference, cpu);
  c.memory.capture();
  c.memory.restore();
  copy_state(cpu, c.before);
  // Not an exception: the piece writes to the page that it lies on.
  if (thread.single_step_once) return Verdict::kEqual;

  c.exit = {};
  c.native_returned = guarded(cpu, [&] { c.exit = jit::enter(cpu, piece.code); });
  copy_state(c.native, cpu);
  bool polled = cpu.interrupt && cpu.rip == c.before.rip && equal_state(c.native, c.before);
  if (polled) return Verdict::kEqual;

  if (!c.native_returned || c.exit.kind == jit::Exit::Kind::kStep) {
    thread.single_step_once = true;
    // In a longer piece, who knows where.
    if (piece.steps.size() > 1) return Verdict::kEqual;
    // Flags of before a fault are left only for those who read them.
    if (!c.native_returned) c.native.flags = c.before.flags;
    // What an instruction may do before it raises: CALL pushes, SSE notes the exception.
    bool raised = c.reference_raised && equal_state(c.native, c.reference);
    bool state = raised || equal_state(c.native, c.before);
    bool memory = c.memory.is_as_before() || (c.reference_raised && c.memory.is_as_captured());
    return state && memory ? Verdict::kEqual : Verdict::kDifferent;
  }
  forgive_unnoted_exceptions(c);
  bool equal = !c.reference_raised && equal_state(c.native, c.reference);
  return equal && c.memory.is_as_captured() ? Verdict::kEqual : Verdict::kDifferent;
}

// Who is wrong: what the IR means, or what is made of it.
std::string Cosimulator::culprit(Thread& thread, const Piece& piece) const {
  Cpu& cpu = thread.cpu;
  Comparison& c = comparison();
  static ir::Unit unit;
  ir::Emit emit(unit);
  for (const Step& step : piece.steps) {
    translator_.translate(step.insn, unit, emit, {}, guest::kStatusFlags);
  }
  c.memory.restore();
  copy_state(cpu, c.before);
  bool raised = !guarded(cpu, [&] { interp::evaluate(unit, cpu); });
  const x86::Insn& last = piece.steps.back().insn;
  if (!raised && !last.ends_block) cpu.rip = last.next_rip();
  bool equal = raised == c.reference_raised && equal_state(cpu, c.reference) &&
               (raised || c.memory.is_as_captured());
  return std::string("culprit: ") + (equal ? "lowering" : "IR (builder or pass)") + "\n\n" +
         ir::print(unit);
}

void Cosimulator::report(Thread& thread, const Piece& piece) const {
  Comparison& c = comparison();
  std::string text = "cosim: translated code differs from the interpreter\n";
  std::vector<x86::Insn> insns;
  for (const Step& step : piece.steps) {
    text += instruction_text(step.insn);
    insns.push_back(step.insn);
  }
  bool left = !c.native_returned || c.exit.kind == jit::Exit::Kind::kStep;
  if (c.reference_raised) text += "the interpreter raises " + fault_text(thread.cpu.fault) + "\n";
  if (left) text += "translated code leaves it to the interpreter, but not as it was before\n";
  text += "\nstate before:\n" + state_text(c.before);
  text += "\nafter the interpreter:\n" + state_text(c.reference);
  text += "\nafter translated code:\n" + state_text(c.native);
  text += "\ndifferences (interpreter, translated code):\n";
  text += state_differences(left ? c.before : c.reference, c.native) + c.memory.differences();
  text += "\n" + culprit(thread, piece);
  text += "\n" + jit::list({insns.front().rip, insns}, {.host = true});
  log_text(text);
  _exit(kDifferenceStatus);
}

}  // namespace gantry::engine

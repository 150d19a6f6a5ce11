// The engine's side of the code generator, on an ARM64 host.
#include "emulator/jit/backend.h"

#if defined(__aarch64__)

#include <asm/sigcontext.h>
#include <elf.h>
#include <ucontext.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "emulator/base/check.h"
#include "emulator/base/log.h"
#include "emulator/ir/emit.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/compiler.h"
#include "emulator/jit/aarch64/disassembler.h"
#include "emulator/jit/aarch64/features.h"
#include "emulator/jit/aarch64/float_functions.h"
#include "emulator/jit/aarch64/frame_rules.h"
#include "emulator/jit/aarch64/install.h"
#include "emulator/jit/aarch64/misaligned.h"
#include "emulator/jit/aarch64/trampolines.h"
#include "emulator/jit/code_table.h"
#include "emulator/jit/debugger.h"
#include "emulator/jit/jump_table.h"
#include "emulator/jit/return_stack.h"

namespace gantry::jit {
namespace {

using aarch64::ExitOperands;

// Made once and never destroyed: other threads may execute to the very end.
struct State {
  CodeCache cache;
  CodeTable table;
  JumpTable no_jumps;
  aarch64::Demands demands;
  std::atomic<u32> demands_number{0};  // the same
  bool is_relaxed = false;
  aarch64::Stubs stubs;
  std::optional<aarch64::Compiler> compiler;
  u64 insns = 0;         // of the guest, translated so far
  u64 newest_epoch = 0;  // of the code that there is
  // Grows when code is forgotten, and when its memory is used again.
  std::atomic<u64> generation{1};
  Dump dump;
};
State* the_state = nullptr;  // from prepare() on
State& state() { return *the_state; }
bool is_ready = false;

bool emit_shared_code(u64 cache_bytes) {
  State& s = state();
  if (!s.cache.prepare(cache_bytes) || !s.table.prepare(cache_bytes / 48)) return false;
  if (!s.no_jumps.clear()) return false;
  guest::empty_jump_table = s.no_jumps.address();
  constexpr u64 kMaxStubWords = 1024;
  CodeCache::Room room = s.cache.allocate(kMaxStubWords * 4, 0);
  aarch64::Assembler a({reinterpret_cast<u32*>(room.code), kMaxStubWords});
  s.stubs = aarch64::emit_stubs(a, reinterpret_cast<u64>(room.code));
  s.cache.publish(room, a.finish().size() * 4, 0);
  s.cache.keep_forever();
  s.compiler.emplace(s.demands, s.stubs);
  return true;
}

constinit thread_local ReturnStack returns;
constinit thread_local JumpTable jumps;
constinit thread_local u64 generation_seen = 0;

// When the thread ends. The objects themselves have no destructors: those would be asked for, at
// each access, whether they have been registered.
struct Release {
  ~Release() {
    returns.release();
    jumps.release();
  }
};

// Entries of code that was forgotten are to be so, too. What the processor has fetched where there
// is other code now is fetched again (Arm ARM B2.2.5).
[[gnu::noinline]] void start_again(guest::Cpu& cpu, u64 generation) {
  static thread_local Release release;
  generation_seen = generation;
  cpu.code_table = state().table.address();
  cpu.return_stack = returns.reset();
  CHECK(jumps.clear());
  asm volatile("isb" ::: "memory");
}

// False when something is pending. Of whoever calls cpu.leave_soon() meanwhile either the table
// stays, or the other thing that he has set before is seen.
bool arm_poll(guest::Cpu& cpu) {
  void* table = jumps.address();
  if (__atomic_load_n(&cpu.jump_table, __ATOMIC_RELAXED) != table) {
    __atomic_exchange_n(&cpu.jump_table, table, __ATOMIC_ACQ_REL);
  }
  return !cpu.interrupt;
}

// As `word`, but to `target`.
void write_branch(u64 at, u32 word, u64 target) {
  word = aarch64::retarget(word, static_cast<s64>(target - at));
  __atomic_store_n(reinterpret_cast<u32*>(at), word, __ATOMIC_RELAXED);
  auto* begin = reinterpret_cast<char*>(at);
  __builtin___clear_cache(begin, begin + 4);
}

// Of what the instruction at `load` puts on the stack of returns, the host's code.
void set_return(u64 load, u64 target) {
  u32 word = *reinterpret_cast<const u32*>(load);
  u64 literal = load + aarch64::literal_distance(word);
  std::memcpy(reinterpret_cast<void*>(literal + sizeof(u64)), &target, sizeof target);
}

void log_unit(const Block& first, const Entry& entry) {
  State& s = state();
  char title[96];
  std::snprintf(title, sizeof title, "--- unit %#lx, entered at %p\n", first.rip, entry.code);
  log_text(title + s.compiler->list(s.dump, entry, true));
}

const fpsimd_context* find_fpsimd(const ucontext_t& context) {
  const auto* at = reinterpret_cast<const u8*>(context.uc_mcontext.__reserved);
  const auto* header = reinterpret_cast<const _aarch64_ctx*>(at);
  while (header->magic != FPSIMD_MAGIC) {
    if (header->magic == 0 || header->size == 0) return nullptr;
    at += header->size;
    header = reinterpret_cast<const _aarch64_ctx*>(at);
  }
  return reinterpret_cast<const fpsimd_context*>(at);
}

}  // namespace

Result<void> prepare(const Settings& settings) {
  if (!aarch64::prepare_features(settings.without_features)) {
    return make_error(EINVAL, "no such host feature in '%s'", settings.without_features.c_str());
  }
  if (!the_state) the_state = new State;
  State& s = state();
  s.is_relaxed = settings.memory_model == MemoryModel::kRelaxed;
  bool is_tso = settings.memory_model == MemoryModel::kTso;
  s.demands = {.shared = is_tso,
               .ordered = is_tso,
               .exact_float = settings.exact_float,
               .exact_flags = settings.exact_flags,
               .predicts_returns = settings.predicts_returns};
  s.demands_number = s.demands.as_number();
  s.dump = settings.dump;
  if (settings.debugger) enable_debugger({EM_AARCH64, aarch64::kLr.code, aarch64::frame_rules()});
  is_ready = emit_shared_code(settings.cache_bytes);
  if (!is_ready) return make_error(ENOMEM, "no memory for translated code");
  return {};
}

Outcome compile(std::span<const Block> blocks, std::span<Entry> entries, u64 epoch,
                const Outside& outside, std::vector<u8>* stored) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  Outcome outcome = s.compiler->compile(blocks, outside, s.cache, entries, stored);
  if (outcome != Outcome::kDone) return outcome;
  for (const Block& block : blocks) s.insns += block.insns.size();
  s.newest_epoch = std::max(s.newest_epoch, epoch);
  if (s.dump.any()) [[unlikely]]
    log_unit(blocks[0], entries[0]);
  return outcome;
}

u32 code_demands() { return state().demands_number.load(std::memory_order_relaxed); }

std::string code_origin() { return emulator_build() + " aarch64 " + aarch64::feature_names(); }

Outcome install(std::span<const u8> stored, std::vector<Entry>& entries, u64 epoch) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  UnitImage unit;
  if (!UnitImage::read(stored, unit)) return Outcome::kImpossible;
  if (unit.demands != s.demands.as_number()) return Outcome::kImpossible;
  u64 kept = s.cache.insn_count();
  const x86::Insn* insns = s.cache.keep(unit.insns);
  entries.resize(unit.entries.size());
  if (!insns || !aarch64::install(unit, insns, s.stubs, s.cache, entries)) {
    s.cache.drop_insns(kept);
    return Outcome::kNoRoom;
  }
  s.newest_epoch = std::max(s.newest_epoch, epoch);
  return Outcome::kDone;
}

bool has_code_for(const x86::Insn& insn) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  ir::Unit unit;
  ir::Emit emit(unit);
  if (!ir::translate(insn, unit, emit, aarch64::acceptance(s.demands))) return false;
  auto asks = [](const ir::Inst& i) { return i.op == ir::Op::kInterpret; };
  return std::none_of(unit.code.begin(), unit.code.end(), asks);
}

std::string list(const Block& block, const Dump& what) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  Entry entry;
  Outcome outcome = s.compiler->compile({&block, 1}, {}, s.cache, {&entry, 1});
  return outcome == Outcome::kDone ? s.compiler->list(what, entry, true) : std::string();
}

Exit enter(guest::Cpu& cpu, const void* code) {
  State& s = state();
  u64 generation = s.generation.load(std::memory_order_acquire);
  bool is_known = generation == generation_seen && returns.contains(cpu.return_stack);
  if (!is_known) [[unlikely]]
    start_again(cpu, generation);
  if (!arm_poll(cpu)) return {};
  auto stub = reinterpret_cast<u64 (*)(guest::Cpu*, const void*)>(
      s.stubs[static_cast<std::size_t>(aarch64::Stub::kEnter)]);
  u64 result = stub(&cpu, code);
  if (result == 0) return {};
  if (result & aarch64::kStepBit) return {.kind = Exit::Kind::kStep};
  const auto& operands = *reinterpret_cast<const ExitOperands*>(result);
  if (operands.branch == 0) return {};
  u32 word = *reinterpret_cast<const u32*>(result + operands.distance());
  bool is_backward = operands.branch & ExitOperands::kBackward;
  return {.kind = Exit::Kind::kLink,
          .is_backward = is_backward && !aarch64::is_call(word),
          .site = result};
}

// Other threads may be executing what is changed, which the architecture allows for B and BL alone
// (B2.2.5): then a conditional branch keeps leading to its exit, and that to the code.
void link(u64 site, const void* code) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  const auto& operands = *reinterpret_cast<const ExitOperands*>(site);
  u64 branch = site + operands.distance();
  u32 word = *reinterpret_cast<const u32*>(branch);
  auto target = reinterpret_cast<u64>(code);
  if (aarch64::is_literal_load(word)) {
    write_branch(site - 4, aarch64::kBranch, target);
    if (!s.demands.shared) set_return(branch, target);
    return;
  }
  bool is_conditional = aarch64::reach_of(word) != aarch64::Reach::k26;
  if (is_conditional) write_branch(site - 4, aarch64::kBranch, target);
  bool is_in_reach = aarch64::is_in_reach(word, static_cast<s64>(target - branch));
  if (!is_conditional || (is_in_reach && !s.demands.shared)) write_branch(branch, word, target);
}

// The caller looks afterwards whether code was forgotten meanwhile, hence the fence; see forget().
void publish(std::span<const Entry> entries) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  for (const Entry& entry : entries) {
    s.table.insert(entry.rip, entry.after_poll(), entry.reads_flags);
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
}
void withdraw(u64 rip) { state().table.remove(rip); }
void share_memory() {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  s.demands.shared = true;
  s.demands.ordered = !s.is_relaxed;
  s.compiler->set_demands(s.demands);
  s.demands_number = s.demands.as_number();
}
void exact_float() {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  s.demands.exact_float = true;
  s.compiler->set_demands(s.demands);
  s.demands_number = s.demands.as_number();
}
Usage usage() {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  return {.units = s.cache.unit_count(), .bytes = s.cache.bytes(), .insns = s.insns};
}

void forget() {
  if (!is_ready) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  state().table.clear();
  state().generation.fetch_add(1);
}

bool has_code_since(u64 epoch) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  return s.newest_epoch >= epoch;
}
bool reuse_memory(u64 epoch, bool (*is_older_code_unused)(u64 epoch)) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  if (s.newest_epoch >= epoch || s.cache.is_empty() || !is_older_code_unused(epoch)) return false;
  s.table.clear();
  s.table.reuse();
  s.cache.clear();
  s.generation.fetch_add(1);
  return true;
}

void lock_for_fork() { state().cache.mutex().lock(); }
void unlock_after_fork() { state().cache.mutex().unlock(); }

bool repair_return_stack(u64 pc, u64 address, void* pointer) {
  if (!is_translated(pc) || !returns.is_end(address)) return false;
  auto& machine = static_cast<ucontext_t*>(pointer)->uc_mcontext;
  machine.regs[aarch64::kReturns.code] = returns.reset();
  return true;
}

bool is_translated(u64 pc) { return is_ready && state().cache.contains(pc); }
bool find_place(u64 pc, Place& place) { return is_ready && state().cache.find(pc, place); }
std::string host_instruction(u64 pc) {
  return aarch64::disassemble(*reinterpret_cast<const u32*>(pc));
}
std::string used_features() { return aarch64::feature_names(); }

// The word is replaced at once, and a thread that executes the old one comes here, too.
bool allow_misaligned(u64 pc) {
  State& s = state();
  std::lock_guard lock(s.cache.mutex());
  u32 word = *reinterpret_cast<const u32*>(pc);
  if ((word & 0xfc000000) == aarch64::kBranch) return true;
  u32 code[aarch64::kMisalignedWords];
  jit::CodeCache::Room room = s.cache.allocate(sizeof code, 1);
  auto place = reinterpret_cast<u64>(room.code);
  if (!room.code || !aarch64::emit_misaligned(word, pc, place, code)) return false;
  std::memcpy(room.code, code, sizeof code);
  const Mark* mark = s.cache.mark_at(pc);
  room.marks[0] = {0, mark ? mark->recovery : 0, mark ? mark->rip : 0};
  s.cache.publish(room, sizeof code, room.marks[0].rip);
  write_branch(pc, aarch64::kBranch, place);
  return true;
}

void restore_guest_state(guest::Cpu& cpu, const void* pointer) {
  const auto& context = *static_cast<const ucontext_t*>(pointer);
  const auto& machine = context.uc_mcontext;
  for (unsigned n = 0; n < 16; n++) cpu.gpr[n] = machine.regs[aarch64::guest_gpr(n).code];
  cpu.flags = {.result = machine.regs[aarch64::kParity.code],
               .lhs = machine.pstate & 0xf0000000,
               .rhs = machine.regs[aarch64::kAdjust.code],
               .kind = guest::FlagKind::kHost};
  const Mark* mark = state().cache.mark_at(machine.pc);
  if (const fpsimd_context* vectors = find_fpsimd(context)) {
    const auto* host = reinterpret_cast<const guest::V128*>(vectors->vregs);
    std::memcpy(cpu.xmm, host + aarch64::guest_xmm(0).code, sizeof cpu.xmm);
    const Recovery* owed = mark ? state().cache.recovery_of(*mark) : nullptr;
    if (owed) recover(cpu, owed, host);
    cpu.mxcsr |= aarch64::mxcsr_flags(vectors->fpsr);
  }
  cpu.return_stack = machine.regs[aarch64::kReturns.code];
  cpu.rip = mark ? mark->rip : 0;
}

}  // namespace gantry::jit

#endif

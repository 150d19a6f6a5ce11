#include "emulator/engine/thread.h"

#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "emulator/base/log.h"
#include "emulator/engine/block_counts.h"
#include "emulator/engine/code_store.h"
#include "emulator/engine/code_users.h"
#include "emulator/engine/cosim.h"
#include "emulator/engine/translate.h"
#include "emulator/guest/memory.h"
#include "emulator/interp/alignment.h"
#include "emulator/interp/faults.h"
#include "emulator/jit/backend.h"
#include "emulator/x86/decoder.h"

namespace gantry::engine {

Options options;

namespace {

using guest::Cpu;
using guest::Exit;
using guest::Fault;
using guest::Vector;

std::atomic<u64> total_instructions{0};

std::atomic<bool> memory_is_shared{false};
std::atomic<bool> float_is_exact{false};

Fault fetch_fault(FetchFault fault, u64 address) {
  switch (fault) {
    case FetchFault::kInvalidOpcode:
      return {.vector = Vector::kInvalidOpcode};
    case FetchFault::kTooLong:
      return {.vector = Vector::kGeneralProtection};
    default:
      if (!guest::is_canonical(address)) return {.vector = Vector::kGeneralProtection};
      return {.vector = Vector::kPageFault,
              .error = guest::kFaultUser | guest::kFaultFetch,
              .address = address};
  }
}

void trace(const Cpu& cpu, const x86::Insn& insn) {
  log_line(Channel::kTrace,
           "%lx: %s  rax=%lx rcx=%lx rdx=%lx rbx=%lx rsp=%lx rbp=%lx rsi=%lx rdi=%lx r8=%lx r9=%lx "
           "r10=%lx r11=%lx "
           "r12=%lx r13=%lx r14=%lx r15=%lx fl=%lx",
           insn.rip, x86::disassemble(insn).c_str(), cpu.gpr[0], cpu.gpr[1], cpu.gpr[2], cpu.gpr[3],
           cpu.gpr[4], cpu.gpr[5], cpu.gpr[6], cpu.gpr[7], cpu.gpr[8], cpu.gpr[9], cpu.gpr[10],
           cpu.gpr[11], cpu.gpr[12], cpu.gpr[13], cpu.gpr[14], cpu.gpr[15], cpu.rflags());
}

bool loads_stack_segment(const x86::Insn& i) {
  return i.op[0].kind == x86::OperandKind::kSegment && i.op[0].reg == guest::kSs;
}

// #DB is a trap: rip is past the instruction (SDM vol. 3, section 18.3.1.4), or at a string
// instruction with more iterations to do, which the processor tells by RF.
void raise_step_trap(Cpu& cpu, const x86::Insn& i) {
  if (i.repeated() && cpu.rip == i.rip) cpu.system_flags |= guest::kRF;
  guest::raise(cpu, {.vector = Vector::kDebug, .single_step = true});
}

// One instruction alone: TF or AC is set, or the instruction rewrites its own page.
void single_step(Thread& thread) {
  Cpu& cpu = thread.cpu;
  thread.single_step_once = false;
  bool trap = cpu.system_flags & guest::kTF;
  Step step;
  FetchFault fault = FetchFault::kNone;
  u64 address = 0;
  if (!BlockCache::decode_one(*thread.os, cpu.rip, step, &fault, &address)) {
    guest::raise(cpu, fetch_fault(fault, address));
  }
  if (options.trace) trace(cpu, step.insn);
  if ((cpu.system_flags & guest::kAC) && interp::alignment_fault(cpu, step.insn)) {
    guest::raise(cpu, {.vector = Vector::kAlignment});
  }
  // A repeated string instruction ends after one iteration when something is pending.
  if (trap && step.insn.repeated()) cpu.interrupt = 1;
  bool shadowed = std::exchange(thread.trap_shadow, false);
  step.handler(cpu, step.insn);
  if (!step.insn.ends_block) cpu.rip = step.insn.next_rip();
  thread.trap_shadow = trap && !shadowed && loads_stack_segment(step.insn);
  if (trap && !thread.trap_shadow && cpu.exit == Exit::kNone) raise_step_trap(cpu, step.insn);
}

// Code that may change at any time, also by the stores of the block itself: every instruction is
// compared with memory before it is executed. Ends early at one that changed.
void run_verified_block(Thread& thread, const Block& block) {
  Cpu& cpu = thread.cpu;
  for (const Step& step : block.steps) {
    const x86::Insn& insn = step.insn;
    cpu.rip = insn.rip;
    const u8* decoded = block.rare_parts->bytes.data() + (insn.rip - block.rip);
    if (std::memcmp(decoded, reinterpret_cast<const void*>(insn.rip), insn.length)) return;
    if (options.trace) trace(cpu, insn);
    step.handler(cpu, insn);
    thread.executed++;
  }
  if (block.falls_through) cpu.rip = block.end;
}

void run_traced_block(Thread& thread, const Block& block) {
  for (const Step& step : block.steps) {
    thread.cpu.rip = step.insn.rip;
    trace(thread.cpu, step.insn);
    interp::handler_for(step.insn)(thread.cpu, step.insn);
  }
  if (block.falls_through) thread.cpu.rip = block.end;
  thread.executed += block.steps.size();
}

inline void run_row(Thread& thread, const Block& block) {
  const Step& first = block.steps.front();
  first.handler(thread.cpu, first.insn);
  thread.executed += block.steps.size();
}

void count(Block& block) {
  std::atomic<u64>*& number = block.rare().count;
  if (!number) number = &count_of(block);
  number->fetch_add(1, std::memory_order_relaxed);
}

// With what is not done for every block.
[[gnu::noinline]] void run_block_with_care(Thread& thread, Block& block) {
  if (options.translation.dump.counts) count(block);
  if (block.is_verified) return run_verified_block(thread, block);
  if (options.trace) return run_traced_block(thread, block);
  run_row(thread, block);
}

inline void run_block(Thread& thread, Block& block) {
  if (!block.is_plain) [[unlikely]]
    return run_block_with_care(thread, block);
  run_row(thread, block);
}

// Blocks one after another, until something else is due.
void run_blocks(Thread& thread) {
  Cpu& cpu = thread.cpu;
  FetchFault fault = FetchFault::kNone;
  u64 address = 0;
  Block* block = thread.blocks.find(*thread.os, cpu.rip, &fault, &address);
  while (block) {
    if (const void* code = translated_code(thread, *block)) {
      if (adapt_to_mxcsr(cpu)) return;
      block = run_translated(thread, code);
      if (block) continue;
      if (must_leave(cpu) || thread.single_step_once) return;
      block = thread.blocks.find(*thread.os, cpu.rip, &fault, &address);
    } else {
      run_block(thread, *block);
      if (must_leave(cpu)) [[unlikely]]
        return;
      block = thread.blocks.find_next(*thread.os, *block, cpu.rip, &fault, &address);
    }
  }
  guest::raise(cpu, fetch_fault(fault, address));
}

// The same, with the co-simulator.
void compare_blocks(Thread& thread) {
  static const Cosimulator cosimulator;
  Cpu& cpu = thread.cpu;
  FetchFault fault = FetchFault::kNone;
  u64 address = 0;
  while (Block* block = thread.blocks.find(*thread.os, cpu.rip, &fault, &address)) {
    if (adapt_to_mxcsr(cpu)) return;
    if (block->is_verified) {
      run_block(thread, *block);
    } else {
      cosimulator.run(thread, *block);
    }
    if (must_leave(cpu) || thread.single_step_once) return;
  }
  guest::raise(cpu, fetch_fault(fault, address));
}

bool is_access_fault(const Fault& fault) {
  return fault.vector == Vector::kPageFault || fault.vector == Vector::kGeneralProtection ||
         fault.vector == Vector::kStackFault;
}

// The instruction at cpu.rip raised cpu.fault. Guest state is that before it.
void handle_fault(Thread& thread) {
  Cpu& cpu = thread.cpu;
  Step step;
  FetchFault fault;
  u64 address;
  if (is_access_fault(cpu.fault) &&
      BlockCache::decode_one(*thread.os, cpu.rip, step, &fault, &address)) {
    guarded(cpu, [&] { interp::refine_fault(cpu, step.insn); });
  }
  // The guard may have found that the instruction is to be repeated alone.
  if (!thread.single_step_once) thread.os->exception(thread);
}

// Something other than the next block is due.
void handle_interrupt(Thread& thread) {
  Cpu& cpu = thread.cpu;
  cpu.interrupt = 0;
  total_instructions.fetch_add(thread.executed, std::memory_order_relaxed);
  thread.executed = 0;
  if (cpu.exit != Exit::kNone) {
    Exit reason = cpu.exit;
    cpu.exit = Exit::kNone;
    if (reason == Exit::kSyscall) {
      thread.os->syscall(thread);
    } else {
      cpu.fault = {.vector = static_cast<Vector>(cpu.exit_detail)};
      thread.os->exception(thread);
    }
  }
  if (!thread.finished) thread.os->safepoint(thread);
}

void start_using_code(Thread& thread) {
  if (options.jit && !thread.code_user) thread.code_user = add_code_user(thread.cpu);
  thread.blocks.store = thread.code_user ? CodeStore::get() : nullptr;
  bool stores = thread.blocks.store && thread.blocks.store->grows();
  thread.hot = stores ? kHotStored : kHot;
}

// Between these two the thread may hold translated code of this epoch and later ones.
void enter_code(Thread& thread) {
  if (thread.code_user) thread.code_user->epoch.store(BlockCache::current_epoch());
}
void leave_code(Thread& thread) {
  if (thread.code_user) thread.code_user->epoch.store(0, std::memory_order_release);
}

}  // namespace

bool adapt_to_mxcsr(const Cpu& cpu) {
  if (!options.jit || jit::has_usual_controls(cpu.mxcsr)) [[likely]]
    return false;
  if (options.translation.exact_float || float_is_exact.load()) return false;
  jit::exact_float();
  invalidate_code();
  float_is_exact.store(true);
  return true;
}

Result<u64> store_translated_code(const std::string& directory, bool is_read_only) {
  if (!options.jit || options.cosim) return u64{0};
  TRY(is_read_only ? CodeStore::open_read_only(directory) : CodeStore::open(directory));
  return CodeStore::get()->secret();
}

u64 stored_units_used() {
  const CodeStore* store = CodeStore::get();
  return store ? store->used_units() : 0;
}

void save_translated_code() {
  if (CodeStore* store = CodeStore::get()) store->save();
}

u64 executed_instructions() { return total_instructions.load(); }

void share_memory() {
  if (!options.jit || memory_is_shared.exchange(true)) return;
  jit::share_memory();
  invalidate_code();
}

void invalidate_code() {
  BlockCache::invalidate_all();
  if (!options.jit) return;
  jit::forget();
  interrupt_code_users();
}

void stop_using_code(Thread& thread) {
  if (thread.code_user) remove_code_user(*std::exchange(thread.code_user, nullptr));
}

void lock_code_store() {
  if (CodeStore* store = CodeStore::get()) store->lock_for_fork();
}
void unlock_code_store(bool is_child) {
  if (CodeStore* store = CodeStore::get()) store->unlock_after_fork(is_child);
}

void lock_for_fork() {
  if (options.jit) jit::lock_for_fork();
  lock_block_counts();
  guest::lock_split_updates();
}

void unlock_after_fork(Thread& thread, bool is_child) {
  if (is_child) keep_code_user(thread.code_user);
  guest::unlock_split_updates();
  unlock_block_counts(is_child);
  if (options.jit) jit::unlock_after_fork();
}

void run(Thread& thread) {
  Cpu& cpu = thread.cpu;
  std::jmp_buf recovery;
  std::jmp_buf* outer = cpu.recovery;
  if (setjmp(recovery)) {
    leave_code(thread);
    // Between here and the next block nothing may fault.
    if (!thread.single_step_once) handle_fault(thread);
    cpu.interrupt = 1;
  }
  cpu.recovery = &recovery;
  start_using_code(thread);
  while (!thread.finished) {
    if (cpu.interrupt) [[unlikely]] {
      handle_interrupt(thread);
    } else if ((cpu.system_flags & kStepFlags) || thread.single_step_once) [[unlikely]] {
      single_step(thread);
    } else {
      enter_code(thread);
      if (options.cosim && thread.code_user) [[unlikely]] {
        compare_blocks(thread);
      } else {
        run_blocks(thread);
      }
      leave_code(thread);
    }
  }
  cpu.recovery = outer;
  if (!outer) stop_using_code(thread);
}

}  // namespace gantry::engine

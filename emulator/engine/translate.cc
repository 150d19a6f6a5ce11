#include "emulator/engine/translate.h"

#include <algorithm>
#include <vector>

#include "emulator/base/check.h"
#include "emulator/base/log.h"
#include "emulator/engine/code_store.h"
#include "emulator/engine/code_users.h"
#include "emulator/jit/backend.h"
#include "emulator/x86/decoder.h"
#include "emulator/x86/flag_effect.h"
#include "emulator/x86/successors.h"

namespace gantry::engine {
namespace {

// So often as for a translation of its own a block is not interpreted before it is translated with
// the one that leads to it.
constexpr u32 kWarmShare = 4;
// Of a unit.
constexpr std::size_t kMaxBlocks = 16;
constexpr std::size_t kMaxInsns = 300;

constexpr u16 kAllStatusFlags = jit::Outside::kAllStatusFlags;

// Where a block goes, as far as its instructions say.
unsigned direct_targets(const Block& block, u64 (&targets)[2]) {
  const x86::Insn& last = block.steps.back().insn;
  x86::Successors to = x86::successors(last);
  // What follows a call is reached by a return, and belongs to the same loops.
  bool calls = to.target && last.is_near_call();
  unsigned count = 0;
  if (to.behind || calls) targets[count++] = block.end;
  if (to.target && !calls) targets[count++] = last.imm;
  return count;
}

// CALL or JMP to where eight bytes of memory say, at a constant address: those that lead to other
// files, through a table that the dynamic linker has filled.
bool jumps_by_table(const x86::Insn& insn) {
  unsigned kind = insn.modrm >> 3 & 7;
  const x86::MemoryOperand& mem = insn.mem;
  return insn.ends_block && insn.opcode == 0xff && (kind == 2 || kind == 4) &&
         insn.op[0].kind == x86::OperandKind::kMemory && mem.base == x86::kNoRegister &&
         mem.index == x86::kNoRegister && mem.segment == x86::kNoRegister && mem.disp % 8 == 0 &&
         mem.address_width == 8;
}

// The same, of a target that is known.
x86::Insn as_direct_jump(const x86::Insn& insn, u64 target) {
  const u8 code[5] = {static_cast<u8>(insn.is_near_call() ? 0xe8 : 0xe9)};
  x86::Insn direct;
  CHECK(x86::decode(code, insn.rip, direct) == x86::DecodeStatus::kOk);
  direct.length = insn.length;
  direct.imm = target;
  return direct;
}

// Where the table cannot change any more, the jump that ends the block becomes a direct one.
void find_target(Thread& thread, Block& block) {
  if (block.knows_target) return;
  block.knows_target = true;
  Step& last = block.steps.back();
  u64 target;
  if (!jumps_by_table(last.insn) || block.is_verified) return;
  if (!thread.os->read_constant(static_cast<u64>(last.insn.mem.disp), target)) return;
  if (target >> 47 != 0) return;
  block.target_from = static_cast<u64>(last.insn.mem.disp);
  last.insn = as_direct_jump(last.insn, target);
  last.handler = interp::handler_for(last.insn);
}

// What a unit is made of; kept, as it is needed for one after another.
struct Plan {
  u32 number = 0;
  std::vector<Block*> unit;
  std::vector<u64> todo;
  std::vector<jit::Block> blocks;
  std::vector<jit::Entry> entries;
  std::vector<jit::Outside::Flags> outside;
  // Where units are stored: what it was made from, and the unit.
  CodeSources sources;
  std::vector<u8> stored;
};

// Where the unit goes on to first. That is what comes next in memory, but for a block whose own
// tail is a loop: its first round, which compilers have moved in front.
unsigned next_targets(const Block& block, u64 (&targets)[2]) {
  unsigned count = direct_targets(block, targets);
  const x86::Insn& last = block.steps.back().insn;
  bool ends_in_loop = block.rip < targets[1] && targets[1] < block.end;
  if (count == 2 && last.is_conditional_branch() && ends_in_loop) std::swap(targets[0], targets[1]);
  return count;
}

// What has hardly run may never again. What has been translated is only jumped to, but for a loop
// of one block: it becomes part of the loop around it as well, which is hot only after it.
bool joins(const Block& block, u32 hot) {
  return block.entry.code ? block.is_lone_loop : block.runs >= hot / kWarmShare;
}

bool jumps_to_itself(const Block& block) {
  u64 targets[2] = {};
  direct_targets(block, targets);
  return targets[0] == block.rip || targets[1] == block.rip;
}

// The block and those it leads to that have been executed, in an order in which most of them fall
// through.
void choose_blocks(Thread& thread, Block& first, Plan& plan) {
  plan.number++;
  plan.unit.clear();
  plan.todo.assign(1, first.rip);
  std::size_t insns = 0;
  while (!plan.todo.empty() && plan.unit.size() < kMaxBlocks) {
    u64 rip = plan.todo.back();
    plan.todo.pop_back();
    Block* block = thread.blocks.find_decoded(rip);
    if (!block || block->plan == plan.number || block->is_verified) continue;
    if (block != &first && !joins(*block, thread.hot)) continue;
    if (insns + block->steps.size() > kMaxInsns && !plan.unit.empty()) continue;
    find_target(thread, *block);
    insns += block->steps.size();
    block->plan = plan.number;
    plan.unit.push_back(block);
    u64 targets[2] = {};
    for (unsigned n = next_targets(*block, targets); n-- > 0;) plan.todo.push_back(targets[n]);
  }
}

void collect_instructions(Plan& plan) {
  plan.blocks.clear();
  for (const Block* block : plan.unit) {
    std::span<const Step> steps = block->steps;
    plan.blocks.push_back({block->rip, {&steps[0].insn, steps.size(), sizeof(Step)}});
  }
}

// Code was invalidated while the unit was translated: it may be of what is no longer there.
void withdraw(const Plan& plan) {
  for (const Block* block : plan.unit) jit::withdraw(block->rip);
  invalidate_code();
}

// All of the block was read, and where its jump leads.
void note_sources(const Block& block, CodeSources& sources) {
  sources.ranges.push_back({block.rip, block.end});
  if (block.target_from == 0) return;
  sources.constants.push_back({block.target_from, block.steps.back().insn.imm});
}

// Which status flags the code ahead reads before it writes them. All that is not known is read.
class FlagReaders {
 public:
  // What it looks at is noted in `sources`, if that is given.
  FlagReaders(Thread& thread, CodeSources* sources) : thread_(thread), sources_(sources) {}

  // Of the flags asked for, those that code at `rip` reads, which need not have been executed.
  u16 find(u64 rip, u16 asked) {
    if (asked == 0 || blocks_left_ == 0) return asked;
    return find(thread_.blocks.find_decoded(rip), rip, asked);
  }
  // The same; the block there has been looked up, nullptr when it was not decoded.
  u16 find(Block* block, u64 rip, u16 asked) {
    blocks_left_--;
    if (!block || block->steps.empty()) return peek(rip, asked);
    return block->is_verified ? asked : find(*block, asked);
  }

 private:
  Thread& thread_;
  CodeSources* sources_;
  unsigned blocks_left_ = 6;

  u16 find(Block& block, u16 asked) {
    x86::FlagEffect effect;
    for (const Step& step : block.steps) {
      effect.append(x86::flag_effect(step.insn));
      if (asked & ~effect.writes) continue;
      if (sources_) sources_->ranges.push_back({block.rip, step.insn.next_rip()});
      return effect.reads & asked;
    }
    u16 reads = effect.reads & asked;
    u16 unwritten = asked & static_cast<u16>(~effect.writes);
    find_target(thread_, block);
    if (sources_) note_sources(block, *sources_);
    const x86::Insn& last = block.steps.back().insn;
    x86::Successors to = x86::successors(last);
    if (!to.known() || last.is_repeated_string()) return reads | unwritten;
    if (to.target) reads |= find(last.imm, unwritten);
    if (to.behind) reads |= find(block.end, unwritten);
    return reads;
  }

  u16 peek(u64 rip, u16 asked) {
    constexpr unsigned kLookAhead = 6;
    x86::FlagEffect effect;
    x86::Insn insn;
    u64 begin = rip;
    for (unsigned n = 0; n < kLookAhead && (asked & ~effect.writes); n++) {
      if (!thread_.blocks.peek(*thread_.os, rip, insn)) break;
      effect.append(x86::flag_effect(insn));
      rip = insn.next_rip();
      if (insn.ends_block) break;
    }
    if (sources_ && rip != begin) sources_->ranges.push_back({begin, rip});
    return asked & effect.live_before(asked);
  }
};

bool knows(const std::vector<jit::Outside::Flags>& outside, u64 rip) {
  return std::any_of(outside.begin(), outside.end(), [&](const auto& o) { return o.rip == rip; });
}

// Where what is translated is stored; nullptr: nowhere.
CodeStore* growing_store(const Thread& thread) {
  CodeStore* store = thread.blocks.store;
  return store && store->grows() ? store : nullptr;
}

// What the unit needs of the code that it leads to.
void look_outside(Thread& thread, Plan& plan) {
  plan.outside.clear();
  auto look_at = [&](u64 rip) {
    Block* there = thread.blocks.find_decoded(rip);
    if ((there && there->plan == plan.number) || knows(plan.outside, rip)) return;
    FlagReaders readers(thread, growing_store(thread) ? &plan.sources : nullptr);
    plan.outside.push_back({rip, readers.find(there, rip, kAllStatusFlags)});
  };
  for (const Block* block : plan.unit) {
    const x86::Insn& last = block->steps.back().insn;
    x86::Successors to = x86::successors(last);
    // What a call returns to asks as well.
    if (to.behind || last.is_near_call()) look_at(block->end);
    if (to.target) look_at(last.imm);
  }
}

// Translates the block and those that it leads to.
jit::Outcome compile(Thread& thread, Block& first) {
  static thread_local Plan plan;
  u64 epoch = thread.blocks.epoch();
  CodeStore* store = growing_store(thread);
  plan.sources.clear(epoch);
  plan.stored.clear();
  if (!thread.blocks.complete(*thread.os, first)) return jit::Outcome::kImpossible;
  choose_blocks(thread, first, plan);
  if (plan.unit.empty()) return jit::Outcome::kImpossible;
  collect_instructions(plan);
  plan.entries.assign(plan.unit.size(), {});
  look_outside(thread, plan);
  jit::Outcome outcome = jit::compile(plan.blocks, plan.entries, epoch, {plan.outside},
                                      store ? &plan.stored : nullptr);
  if (outcome != jit::Outcome::kDone) return outcome;
  for (std::size_t n = 0; n < plan.unit.size(); n++) {
    plan.unit[n]->entry = plan.entries[n];
    plan.unit[n]->is_lone_loop = plan.unit.size() == 1 && jumps_to_itself(*plan.unit[n]);
  }
  jit::publish(plan.entries);
  if (BlockCache::current_epoch() != epoch) {
    withdraw(plan);
  } else if (store) {
    for (const Block* block : plan.unit) note_sources(*block, plan.sources);
    store->add(*thread.os, first.rip, plan.sources, plan.stored);
  }
  return jit::Outcome::kDone;
}

// Where the exit may lead without coming back here. A loop has a jump back, be it of an indirect
// kind: calls and the returns from them only lead on.
const void* linkable_code(Thread& thread, Block& block, const jit::Exit& exit) {
  if (!exit.is_backward) return block.entry.after_poll();
  if (!block.entry.polls()) compile(thread, block);
  return block.entry.polls() ? block.entry.code : nullptr;
}

}  // namespace

Result<void> enable_translation() {
  if (auto ready = jit::prepare(options.translation); !ready) return ready;
  options.jit = true;
  return {};
}

const char* engine_name() { return options.cosim ? "cosim" : options.jit ? "jit" : "interp"; }
jit::Usage translated_code_usage() { return options.jit ? jit::usage() : jit::Usage(); }
std::string host_features() { return options.jit ? jit::used_features() : std::string(); }

bool leave_translated(Thread& thread, u64 pc, const void* ucontext) {
  if (!jit::is_translated(pc)) return false;
  jit::restore_guest_state(thread.cpu, ucontext);
  thread.single_step_once = true;
  return true;
}

bool is_between(u64 pc) {
  jit::Place place;
  return jit::find_place(pc, place) && place.rip == 0;
}

bool repair_return_stack(u64 pc, u64 address, void* ucontext) {
  return jit::repair_return_stack(pc, address, ucontext);
}

bool allow_misaligned(u64 pc) { return jit::is_translated(pc) && jit::allow_misaligned(pc); }

// When the memory is full all code is forgotten, and when nobody executes it any more the memory is
// used again; until then there is no room.
void translate(Thread& thread, Block& block) {
  if (!thread.code_user || block.is_verified) return;
  u64 epoch = thread.blocks.epoch();
  if (jit::reuse_memory(epoch, &is_older_code_unused)) LOG(kEngine, "reusing the code's memory");
  if (compile(thread, block) != jit::Outcome::kNoRoom) return;
  block.runs = 0;
  if (jit::has_code_since(epoch)) invalidate_code();
}

Block* run_translated(Thread& thread, const void* code) {
  guest::Cpu& cpu = thread.cpu;
  while (true) {
    jit::Exit exit = jit::enter(cpu, code);
    if (exit.kind == jit::Exit::Kind::kStep) {
      thread.single_step_once = true;
      return nullptr;
    }
    if (must_leave(cpu)) return nullptr;
    Block* block = thread.blocks.find_decoded(cpu.rip);
    if (!block || !block->entry.code) return block && !block->is_verified ? block : nullptr;
    if (exit.kind == jit::Exit::Kind::kLink) {
      const void* target = linkable_code(thread, *block, exit);
      if (target) jit::link(exit.site, target);
    }
    code = block->entry.code;
  }
}

}  // namespace gantry::engine

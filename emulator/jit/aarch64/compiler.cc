#include "emulator/jit/aarch64/compiler.h"

#include <algorithm>
#include <cstring>

#include "emulator/ir/emit.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/trampolines.h"

namespace gantry::aarch64 {
namespace {

// The flags of before that a block reads, or lets somebody else see.
u8 flags_read_at_start(const ir::Unit& unit) {
  u8 reads = kNoFlags;
  ir::Value initial = ir::kNoValue;
  auto reads_initial = [&](const ir::Inst& i) {
    return std::find(std::begin(i.arg), std::end(i.arg), initial) != std::end(i.arg);
  };
  for (ir::Value v = 0; v < unit.code.size(); v++) {
    const ir::Inst& i = unit.code[v];
    switch (i.op) {
      case ir::Op::kGetFlags:
        initial = v;
        break;
      case ir::Op::kTestFlags:
        if (reads_initial(i)) reads |= flags_read_by(i.aux);
        break;
      case ir::Op::kFlagsIncDec:
        if (reads_initial(i)) reads |= kFlagC;
        break;
      case ir::Op::kSetFlags:
        return reads;
      case ir::Op::kInterpret:
      case ir::Op::kIf:
        return kAllFlags;
      default:
        if (initial != ir::kNoValue && reads_initial(i)) reads = kAllFlags;
        break;
    }
  }
  return kAllFlags;
}

}  // namespace

jit::Outcome Compiler::translate(std::span<const jit::Block> blocks, jit::CodeCache& cache) {
  if (pool_.size() < blocks.size()) pool_.resize(blocks.size());
  parts_ = std::span(pool_).first(blocks.size());
  for (std::size_t n = 0; n < blocks.size(); n++) {
    Part& part = parts_[n];
    ir::Unit unit = std::move(part.unit);
    unit.clear();
    part = {.block = &blocks[n], .insns = cache.keep(blocks[n].insns), .unit = std::move(unit)};
    if (!part.insns) return jit::Outcome::kNoRoom;
    ir::Emit emit(part.unit);
    for (const x86::Insn& insn : blocks[n].insns) {
      if (!ir::translate(insn, part.unit, emit, &can_lower)) return jit::Outcome::kImpossible;
    }
    part.live_in = flags_read_at_start(part.unit);
    find_successors(part);
  }
  for (Part& part : parts_) {
    for (unsigned n = 0; n < part.successor_count; n++) {
      Part* to = part_at(part.successors[n]);
      if (to && to <= &part) to->is_loop_head = true;
    }
  }
  return jit::Outcome::kDone;
}

void Compiler::find_successors(Part& part) {
  const x86::Insn& last = part.block->insns.back();
  if (!last.ends_block) {
    part.successors[part.successor_count++] = last.next_rip();
    return;
  }
  part.leaves = true;
  for (auto i = part.unit.code.rbegin(); i != part.unit.code.rend(); ++i) {
    if (i->op == ir::Op::kInsn) return;
    auto target = [&](unsigned n) { return part.unit.code[i->arg[n]].imm; };
    if (i->op == ir::Op::kBranch) {
      part.successors[part.successor_count++] = target(1);
      part.successors[part.successor_count++] = target(2);
      part.leaves = false;
      return;
    }
    if (i->op == ir::Op::kSetRip && part.unit.code[i->arg[0]].op == ir::Op::kConst) {
      part.successors[part.successor_count++] = target(0);
      part.leaves = false;
      return;
    }
  }
}

Compiler::Part* Compiler::part_at(u64 rip) {
  for (Part& part : parts_) {
    if (part.block->rip == rip) return &part;
  }
  return nullptr;
}

u8 Compiler::live_out(const Part& part) {
  u8 live = part.leaves ? kAllFlags : kNoFlags;
  for (unsigned n = 0; n < part.successor_count; n++) {
    const Part* next = part_at(part.successors[n]);
    live |= next ? next->live_in : kAllFlags;
  }
  return live;
}

// Leaves when something is pending.
void Compiler::emit_poll(u64 rip) {
  out_.prepend_branch(kCbnz | kScratch0.code, {Destination::Kind::kPoll, rip});
  u32 word;
  Assembler a({&word, 1});
  a.ldr(4, kScratch0, {kCpu, kInterruptOffset});
  out_.prepend(word);
}

bool Compiler::lower() {
  u64 below = 0;
  for (std::size_t n = parts_.size(); n-- > 0;) {
    Part& part = parts_[n];
    Lowering lowering(part.unit, part.insns, live_out(part), below, demands_, stubs_, workspace_,
                      out_);
    if (!lowering.run()) return false;
    if (n == 0 || part.is_loop_head) emit_poll(part.block->rip);
    part.start = out_.position();
    below = part.block->rip;
  }
  return !out_.overflowed();
}

// Gives each branch that leaves the unit an exit of its own, in front of the code, and all branches
// within their distances.
bool Compiler::resolve() {
  for (std::size_t n = 0; n < out_.references.size(); n++) {
    Output::Reference reference = out_.references[n];
    const Destination& to = reference.to;
    if (to.kind == Destination::Kind::kStub) continue;
    Part* part = to.kind == Destination::Kind::kGuest ? part_at(to.address) : nullptr;
    u32 target;
    if (part) {
      target = part->start;
    } else {
      bool linkable = to.kind == Destination::Kind::kGuest;
      u32 operands = out_.position() - 3;
      u32 back = linkable ? (reference.at - operands) * 4 : 0;
      const u32 exit[] = {back, static_cast<u32>(to.address), static_cast<u32>(to.address >> 32)};
      out_.prepend_literals(exit);
      bool step = to.kind == Destination::Kind::kStep;
      out_.prepend_branch(kBranchAndLink,
                          {Destination::Kind::kStub, step ? stubs_.leave_step : stubs_.leave});
      target = out_.position();
    }
    if (out_.overflowed()) return false;
    s64 distance = (s64{target} - s64{reference.at}) * 4;
    u32& word = out_.word(reference.at);
    if (!is_in_reach(word, distance)) return false;
    word = retarget(word, distance);
  }
  return true;
}

bool Compiler::place(jit::CodeCache& cache, std::span<jit::Entry> entries) {
  u32 first = out_.position();
  u64 bytes = out_.words().size() * 4;
  jit::CodeCache::Room room = cache.allocate(bytes, out_.marks.size());
  if (!room.code) return false;
  for (const Output::Reference& reference : out_.references) {
    if (reference.to.kind != Destination::Kind::kStub) continue;
    u64 at = reinterpret_cast<u64>(room.code) + (reference.at - first) * 4;
    u32& word = out_.word(reference.at);
    word = retarget(word, static_cast<s64>(reference.to.address - at));
  }
  std::memcpy(room.code, out_.words().data(), bytes);
  for (std::size_t n = 0; n < out_.marks.size(); n++) {
    const Output::Mark& mark = out_.marks[out_.marks.size() - 1 - n];
    room.marks[n] = {(mark.at - first) * 4, 0, mark.rip};
  }
  cache.publish(room, bytes);
  for (std::size_t n = 0; n < parts_.size(); n++) {
    entries[n] = {room.code + (parts_[n].start - first) * 4, n == 0 || parts_[n].is_loop_head};
  }
  return true;
}

jit::Outcome Compiler::compile(std::span<const jit::Block> blocks, jit::CodeCache& cache,
                               std::span<jit::Entry> entries) {
  using jit::Outcome;
  u64 insns = cache.insn_count();
  Outcome outcome = translate(blocks, cache);
  if (outcome == Outcome::kDone) {
    out_.reset();
    bool lowered = lower() && resolve();
    outcome = !lowered ? Outcome::kImpossible : place(cache, entries) ? outcome : Outcome::kNoRoom;
  }
  if (outcome != Outcome::kDone) cache.drop_insns(insns);
  return outcome;
}

}  // namespace gantry::aarch64

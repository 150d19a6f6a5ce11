#include "emulator/jit/aarch64/compiler.h"

#include <algorithm>
#include <iterator>

#include "emulator/base/check.h"
#include "emulator/ir/emit.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/install.h"
#include "emulator/jit/aarch64/trampolines.h"
#include "emulator/jit/jump_table.h"
#include "emulator/jit/polls.h"
#include "emulator/x86/flag_effect.h"
#include "emulator/x86/successors.h"

namespace gantry::aarch64 {

// What is known of the blocks before they are IR.
void Compiler::prepare(std::span<const jit::Block> blocks, const jit::Outside& outside) {
  if (pool_.size() < blocks.size()) pool_.resize(blocks.size());
  CHECK(blocks.size() <= jit::kMaxPollBlocks);
  parts_ = std::span(pool_).first(blocks.size());
  std::fill(std::begin(newest_part_), std::end(newest_part_), nullptr);
  for (std::size_t n = 0; n < blocks.size(); n++) {
    Part& part = parts_[n];
    Part*& newest = newest_part_[part_slot(blocks[n].rip)];
    static_cast<Facts&>(part) = {.block = &blocks[n], .same_slot = newest};
    newest = &part;
    find_successors(part);
    find_flag_effect(part);
  }
  for (Part& part : parts_) {
    for (Successor& to : part.next()) {
      to.part = part_at(to.rip);
      if (!to.part) to.flags_read = outside.flags_read_at(to.rip);
      if (!to.part) continue;
      to.part->is_loop_head |= to.part <= &part;
      to.part->is_backward_target |= to.rip <= part.block->insns.back().rip;
    }
  }
  find_live_flags();
  look_behind_calls(outside);
  find_polls();
}

// To where calls return, with the flags as callees leave them.
void Compiler::look_behind_calls(const jit::Outside& outside) {
  for (Part& part : parts_) {
    const x86::Insn& last = part.block->insns.back();
    if (!last.is_near_call()) continue;
    const Part* behind = part_at(last.next_rip());
    u16 read = behind ? behind->live_in : outside.flags_read_at(last.next_rip());
    part.return_reads_flags = read != 0;
  }
}

void Compiler::find_successors(Part& part) {
  const x86::Insn& last = part.block->insns.back();
  x86::Successors to = x86::successors(last);
  part.leaves = !to.known();
  auto add = [&](u64 rip) { part.successors[part.successor_count++].rip = rip; };
  if (to.target) add(last.imm);
  if (to.behind) add(last.next_rip());
}

Compiler::Part* Compiler::part_at(u64 rip) {
  Part* part = newest_part_[part_slot(rip)];
  while (part && part->block->rip != rip) part = part->same_slot;
  return part;
}

void Compiler::find_flag_effect(Part& part) const {
  if (demands_.exact_flags) part.flags.reads = kAllStatusFlags;
  for (const x86::Insn& insn : part.block->insns) {
    part.flags.append(x86::flag_effect(insn));
    if (part.flags.writes == kAllStatusFlags) return;
  }
}

// What a block reads depends on those that follow, and in loops on itself: until nothing changes.
void Compiler::find_live_flags() {
  auto live_at = [](const Successor& to) { return to.part ? to.part->live_in : to.flags_read; };
  bool changed = true;
  while (changed) {
    changed = false;
    for (std::size_t n = parts_.size(); n-- > 0;) {
      Part& part = parts_[n];
      if (!part.leaves) {
        part.live_taken = live_at(part.next().front());
        part.live_other = live_at(part.next().back());
      }
      u16 live = part.flags.live_before(part.live_taken | part.live_other);
      changed |= live != part.live_in;
      part.live_in = live;
    }
  }
}

void Compiler::find_polls() {
  auto is_target = [](const Part& part) { return part.is_loop_head || part.is_backward_target; };
  if (std::none_of(parts_.begin(), parts_.end(), is_target)) return;
  for (Part& part : parts_) {
    const x86::Insn& last = part.block->insns.back();
    jit::PollBlock& block = poll_blocks_[&part - parts_.data()];
    block = {.rip = part.block->rip,
             .is_loop_head = part.is_loop_head,
             .is_backward_target = part.is_backward_target};
    auto add = [&](u64 rip, const Part* to) {
      if (to) {
        block.next |= u64{1} << (to - parts_.data());
      } else if (rip > last.rip) {
        block.lowest_exit = std::min(block.lowest_exit, rip);
      }
    };
    bool is_call = last.is_near_call();
    for (const Successor& to : part.next()) {
      if (to.part || !is_call) add(to.rip, to.part);
    }
    // What is called returns.
    if (is_call) add(last.next_rip(), part_at(last.next_rip()));
  }
  u64 polls = jit::find_polls(std::span(poll_blocks_).first(parts_.size()));
  for (Part& part : parts_) part.polls = polls >> (&part - parts_.data()) & 1;
}

// Where nobody reads the flags of an instruction it has no operations for them.
bool Compiler::translate(Part& part, bool careful) {
  const jit::Insns& insns = part.block->insns;
  live_after_.resize(insns.size());
  u16 live = part.live_taken | part.live_other;
  for (std::size_t n = insns.size(); n-- > 0;) {
    live_after_[n] = live;
    if (!demands_.exact_flags) live = x86::flag_effect(insns[n]).live_before(live);
  }
  part.unit.clear();
  bool is_private = !demands_.shared && !demands_.ordered;
  ir::Emit emit(part.unit, {.four_sha256_rounds = features().sha2,
                            .aes_key_first = features().aes,
                            .owes_vectors = !careful,
                            .memory_is_private = is_private});
  const ir::Acceptance accepted = acceptance(demands_);
  for (std::size_t n = 0; n < insns.size(); n++) {
    if (!ir::translate(insns[n], part.unit, emit, accepted, live_after_[n])) return false;
  }
  emit.finish();
  return true;
}

// Code refers to instructions that the interpreter executes. False when there is no room for them.
bool Compiler::keep_interpreted(jit::CodeCache& cache) {
  for (Part& part : parts_) {
    const auto& insns = part.unit.insns;
    part.insns = part.unit.interprets ? cache.keep({insns.data(), insns.size()}) : insns.data();
    if (!part.insns) return false;
  }
  return true;
}

// `careful` is what may ask less than else of registers and branches, and cost more.
jit::Outcome Compiler::translate_and_lower(bool careful, jit::CodeCache& cache) {
  using jit::Outcome;
  bool translated = std::all_of(parts_.begin(), parts_.end(),
                                [&](Part& part) { return translate(part, careful); });
  if (!translated) return Outcome::kImpossible;
  if (!keep_interpreted(cache)) return Outcome::kNoRoom;
  return lower(careful) && resolve() ? Outcome::kDone : Outcome::kImpossible;
}

// Leaves when something is pending.
void Compiler::emit_poll(u64 rip) {
  out_.prepend_branch(kCbnz | kScratch0.code, {Destination::Kind::kPoll, rip});
  u32 word;
  Assembler a({&word, 1});
  a.ldr(4, kScratch0, {kCpu, kInterruptOffset});
  out_.prepend(word);
}

bool Compiler::lower(bool branches_far) {
  out_.reset();
  for (Part& part : parts_) part.start = part.entry = 0;
  u64 below = 0;
  for (std::size_t n = parts_.size(); n-- > 0;) {
    Part& part = parts_[n];
    LiveOut live = {flags_of(part.live_taken), flags_of(part.live_other), part.return_reads_flags};
    Lowering lowering(part.unit, part.insns, live, below, demands_, workspace_, out_);
    if (branches_far) lowering.branch_far();
    std::size_t known = out_.references.size();
    if (!lowering.run()) return false;
    for (; known < out_.references.size(); known++) {
      out_.references[known].from = part.block->insns.back().rip;
    }
    if (part.polls) unroll(part);
    u32 start = out_.label();
    if (n == 0 || part.has_poll()) emit_poll(part.block->rip);
    part.entry = out_.label();
    part.start = part.polls ? part.entry : start;
    below = part.block->rip;
  }
  return !out_.overflowed();
}

// Where the unit has the constant.
u32 Compiler::literal(u64 value) {
  for (auto [known, at] : literals_) {
    if (known == value) return at;
  }
  const u32 words[] = {static_cast<u32>(value), static_cast<u32>(value >> 32)};
  out_.prepend_literals(words);
  literals_.push_back({value, out_.position()});
  return out_.position();
}

// What a call puts on the stack of returns.
u32 Compiler::add_return(const Output::Reference& reference) {
  u64 rip = reference.to.address, known_rip = rip & ~jit::JumpTable::kReadsFlags;
  const Part* part = part_at(known_rip);
  Output::Reference exit = reference;
  exit.to = {Destination::Kind::kGuest, known_rip};
  u32 code = part ? part->start : add_exit(exit);
  const u32 nothing_yet[2] = {};
  out_.prepend_literals(nothing_yet, Output::Content::kOwnCode);
  host_addresses_.push_back({out_.position(), code});
  const u32 words[] = {static_cast<u32>(rip), static_cast<u32>(rip >> 32)};
  out_.prepend_literals(words);
  return out_.position();
}

// An exit of that branch.
u32 Compiler::add_exit(const Output::Reference& reference) {
  const Destination& to = reference.to;
  bool linkable = to.kind == Destination::Kind::kGuest;
  u32 operands = out_.position() - 3;
  u32 back = linkable ? (reference.at - operands) * 4 : 0;
  if (linkable && to.address <= reference.from) back |= ExitOperands::kBackward;
  const u32 exit[] = {back, static_cast<u32>(to.address), static_cast<u32>(to.address >> 32)};
  out_.prepend_literals(exit);
  bool step = to.kind == Destination::Kind::kStep;
  out_.prepend_branch(kBranchAndLink, Destination::stub(step ? Stub::kLeaveStep : Stub::kLeave));
  return out_.position();
}

u32 Compiler::add_edge(const Output::Edge& edge) {
  bool indirect = edge.to.kind == Destination::Kind::kStub;
  if (indirect) out_.prepend_literals(TransferOperands(edge.rip, edge.popped).words());
  out_.prepend_branch(indirect ? kBranchAndLink : kBranch, edge.to);
  out_.references.back().from = edge.rip;
  out_.prepend({edge.words, edge.count});
  out_.mark(edge.rip);
  return out_.position();
}

// Where a branch goes to. If that is out of the unit, it goes to an exit in front of the code. Each
// has its own, but those that were copied from it.
u32 Compiler::add_target(const Output::Reference& reference) {
  using Kind = Destination::Kind;
  const Destination& to = reference.to;
  const Part* part = to.kind == Kind::kGuest ? part_at(to.address) : nullptr;
  if (part) return part->start;
  if (to.kind == Kind::kData) return literal(to.address);
  bool is_patched = to.kind == Kind::kGuest && reach_of(out_.word(reference.at)) == Reach::k26;
  if (reference.original && !is_patched) return out_.references[*reference.original].target;
  if (to.kind == Kind::kReturn) return add_return(reference);
  return to.kind == Kind::kEdge ? add_edge(out_.edges[to.address]) : add_exit(reference);
}

// Gives all branches their distances.
bool Compiler::resolve() {
  literals_.clear();
  host_addresses_.clear();
  for (std::size_t n = 0; n < out_.references.size(); n++) {
    const Output::Reference reference = out_.references[n];
    if (reference.to.kind == Destination::Kind::kStub) continue;
    u32 target = add_target(reference);
    if (out_.overflowed()) return false;
    out_.references[n].target = target;
    s64 distance = (s64{target} - s64{reference.at}) * 4;
    u32& word = out_.word(reference.at);
    if (!is_in_reach(word, distance)) return false;
    word = retarget(word, distance);
  }
  return true;
}

void Compiler::note_relocations(const x86::Insn* insns) {
  using Kind = jit::Relocation::Kind;
  u32 first = out_.position();
  auto note = [&](Kind kind, u32 at, u64 value) {
    relocations_.push_back({kind, (at - first) * 4, static_cast<u32>(value)});
  };
  auto function = [&](u32 at) {
    note(Kind::kFunction, at, out_.literal(at) - jit::emulator_begin());
  };
  relocations_.clear();
  for (const Output::Reference& r : out_.references) {
    if (r.to.kind == Destination::Kind::kStub) note(Kind::kStub, r.at, r.to.address);
  }
  for (auto [at, code] : host_addresses_) note(Kind::kCode, at, (code - first) * 4);
  for (const Output::Literal& literal : out_.literals) {
    if (literal.content == Output::Content::kStep) {
      u64 insn = out_.literal(literal.at) - reinterpret_cast<u64>(insns);
      note(Kind::kInsn, literal.at, insn / sizeof(x86::Insn));
      function(literal.at + 2);
    } else if (literal.content == Output::Content::kFunctions) {
      function(literal.at);
      function(literal.at + 2);
    }
  }
}

// What was lowered; `insns` are what the cache keeps of its guest instructions.
jit::UnitImage Compiler::make_image(std::span<const x86::Insn> insns) {
  u32 first = out_.position();
  note_relocations(insns.data());
  marks_.clear();
  jit::Mark* kept = marks_.extend(out_.marks.size());
  for (const Output::Mark *mark = out_.marks.end(), *begin = out_.marks.begin(); mark != begin;) {
    mark--;
    *kept++ = {(mark->at - first) * 4, mark->recovery ? *mark->recovery + 1 : 0, mark->rip};
  }
  recoveries_.clear();
  std::transform(out_.recoveries.begin(), out_.recoveries.end(), std::back_inserter(recoveries_),
                 jit::as_stored);
  entries_.clear();
  jit::UnitImage::Entry* entry = entries_.extend(parts_.size());
  for (const Part& part : parts_) {
    bool polls = &part == &parts_[0] || part.has_poll();
    *entry++ = {part.block->rip, (part.entry - first) * 4, polls ? kPollBytes : u8{0},
                part.live_in != 0};
  }
  return {.demands = demands_.as_number(),
          .entries = entries_.items(),
          .code = out_.words(),
          .relocations = relocations_.items(),
          .marks = marks_.items(),
          .recoveries = recoveries_,
          .insns = insns};
}

jit::Outcome Compiler::compile(std::span<const jit::Block> blocks, const jit::Outside& outside,
                               jit::CodeCache& cache, std::span<jit::Entry> entries,
                               std::vector<u8>* stored) {
  using jit::Outcome;
  prepare(blocks, demands_.exact_flags ? jit::Outside() : outside);
  u64 insns = cache.insn_count();
  Outcome outcome = translate_and_lower(false, cache);
  if (outcome == Outcome::kImpossible) {
    cache.drop_insns(insns);
    outcome = translate_and_lower(true, cache);
  }
  if (outcome == Outcome::kDone) {
    jit::UnitImage image = make_image(cache.insns_since(insns));
    if (!install(image, image.insns.data(), stubs_, cache, entries)) outcome = Outcome::kNoRoom;
    if (stored) image.append_to(*stored);
  }
  if (outcome != Outcome::kDone) cache.drop_insns(insns);
  return outcome;
}

}  // namespace gantry::aarch64

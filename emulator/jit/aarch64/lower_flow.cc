// Control flow, divisions, and the vector operations that are not functions.
#include <algorithm>
#include <bit>

#include "emulator/base/check.h"
#include "emulator/interp/eval.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/float_functions.h"
#include "emulator/jit/aarch64/functions.h"
#include "emulator/jit/aarch64/lowering.h"
#include "emulator/jit/aarch64/trampolines.h"
#include "emulator/jit/jump_table.h"
#include "emulator/semantics/integer_helpers.h"
#include "emulator/x86/flag_effect.h"

namespace gantry::aarch64 {
// The branch that is taken when the test comes out as `sense`, without its distance.
u32 Lowering::test_word(const Test& t, bool sense) {
  bool holds = sense != t.inverted;
  switch (t.kind) {
    case Test::Kind::kCondition:
      return kBranchIf | static_cast<u32>(holds ? t.condition : !t.condition);
    case Test::Kind::kZero:
      return (holds ? kCbz : kCbnz) | (t.width == 8 ? 1u << 31 : 0) | t.reg.code;
    default:
      return (holds ? kTbz : kTbnz) | (t.bit >> 5) << 31 | (t.bit & 31) << 19 | t.reg.code;
  }
}

void Lowering::branch_if(const Test& t, bool sense, const Destination& to) {
  out_.prepend_branch(test_word(t, sense), to);
}

// To code of this block that is there already.
void Lowering::branch_within(const Test& t, bool sense, u32 to) {
  u32 word = test_word(t, sense);
  s64 distance = (s64{to} - (s64{out_.position()} - 1)) * 4;
  if (!is_in_reach(word, distance)) {
    failed_ = true;
    return;
  }
  out_.prepend(retarget(word, distance));
}

void Lowering::jump_to(const Destination& to) {
  if (to.kind == Destination::Kind::kGuest && to.address == below_ && at_block_end()) return;
  out_.prepend_branch(kBranch, to);
}

void Lowering::prepend_to_edge(std::span<const u32> code) {
  if (edge_->count + code.size() > std::size(edge_->words)) {
    failed_ = true;
    return;
  }
  std::copy_backward(edge_->words, edge_->words + edge_->count,
                     edge_->words + edge_->count + code.size());
  std::copy(code.begin(), code.end(), edge_->words);
  edge_->count += code.size();
}

void Lowering::lower_branch() {
  const Inst& i = inst(at_);
  Destination taken = {Destination::Kind::kGuest, *constant(i.arg[1])};
  Destination other = {Destination::Kind::kGuest, *constant(i.arg[2])};
  bool sense = true;
  LiveOut live = live_out_;
  if (taken.address == below_ && at_block_end()) {
    std::swap(taken, other);
    std::swap(live.taken, live.other);
    sense = false;
  }
  jump_to(other);
  Value flags = held_.flags;
  u8 on_one_way = flags_of_one_way(live.taken ^ live.other);
  live_ = (live.taken | live.other) & ~on_one_way;
  if (u8 needed = on_one_way & live.other) lower_flags_of_way(inst(flags), needed);
  if (u8 needed = on_one_way & live.taken) {
    edge_ = &out_.edges.emplace_back();
    edge_->to = taken;
    edge_->rip = insn_->rip;
    taken = {Destination::Kind::kEdge, out_.edges.size() - 1};
    lower_flags_of_way(inst(flags), needed);
    edge_ = nullptr;
  }
  Test t = branch_test(i.arg[0]);
  branch_if(t, sense, taken);
  prepend_prelude(t);
}

void Lowering::lower_set_rip() {
  if (raises_) return;
  Value target = inst(at_).arg[0];
  bool calls = insn_->is_near_call(), returns = insn_->is_near_return();
  if (returns && demands_.predicts_returns) return lower_return(target);
  if (auto c = constant(target)) {
    Destination to = {Destination::Kind::kGuest, *c};
    calls ? out_.prepend_branch(kBranchAndLink, to) : jump_to(to);
  } else {
    jump_indirect(target, returns ? popped_by_return() : calls ? -8 : 0);
  }
  if (calls && demands_.predicts_returns) push_return();
}

// By how much RSP is higher behind it.
s32 Lowering::popped_by_return() const {
  return 8 + (insn_->opcode == 0xc2 ? static_cast<s32>(insn_->imm) : 0);
}

// To the guest address in a register, out of line. What the table or the stack of returns has may
// be code there that reads flags: then they are completed first. kScratch1 and kScratch2 are what
// was found and how far its address is from the one asked for.
Destination Lowering::slow_jump(X target, s32 popped) {
  Output::Edge& edge = out_.edges.emplace_back();
  edge.to = Destination::stub(Stub::kIndirect);
  edge.rip = insn_->rip;
  edge.popped = popped;
  edge_ = &edge;
  sequence([&](Assembler& a) {
    Label other;
    a.eor(8, kScratch2, kScratch2, jit::JumpTable::kReadsFlags);
    a.cbnz(8, kScratch2, other);
    a.br(kScratch1);
    a.bind(other);
    a.mov(8, kScratch0, target);
  });
  if (late_flags_ != kNoValue) complete_flags();
  edge_ = nullptr;
  return {Destination::Kind::kEdge, out_.edges.size() - 1};
}

// To where the thread's jump table says; a poll, too, as are the heads of loops within a unit, and
// of units that are entered from behind: every cycle has one.
void Lowering::jump_indirect(Value target, s32 popped) {
  find_late_flags();
  X to = use(target);
  sequence([](Assembler& a) { a.br(kScratch1); });
  out_.prepend_branch(kCbnz64 | kScratch2.code, slow_jump(to, popped));
  sequence([&](Assembler& a) {
    a.ldr(8, kScratch1, {kCpu, kJumpTableOffset});
    a.bfi(8, kScratch1, to, 4, jit::JumpTable::kBits);
    a.ldp(8, kScratch2, kScratch1, {kScratch1});
    a.sub(8, kScratch2, kScratch2, to);
  });
}

void Lowering::load_return(u64 rip) {
  constexpr u32 kLdrLiteral = 0x9c000000;  // of 16 bytes
  out_.prepend_branch(kLdrLiteral | kVectorScratch0.code, {Destination::Kind::kReturn, rip});
}

// The return address and the host's code for it, for the stack of the guest and that of returns.
void Lowering::store_return_address() {
  Address address = match_address(inst(at_).arg[0]);
  sequence([&](Assembler& a) { a.str(8, kVectorScratch0, finish_address(a, address, 8)); });
  load_address(address);
  load_return(insn_->next_rip());
}

// Either store_return_address() has been there, or an ordered store, which has left the address in
// kScratch2.
void Lowering::push_return() {
  bool reads = live_out_.return_reads;
  if (!demands_.ordered) {
    sequence([](Assembler& a) { a.str(16, kVectorScratch0, Mem::pre(kReturns, -16)); });
    if (reads) load_return(insn_->next_rip() ^ jit::JumpTable::kReadsFlags);
    return;
  }
  sequence([&](Assembler& a) {
    if (reads) a.eor(8, kScratch2, kScratch2, jit::JumpTable::kReadsFlags);
    a.stp(8, kScratch2, kScratch1, Mem::pre(kReturns, -16));
  });
  out_.prepend_branch(kAdr | kScratch1.code, {Destination::Kind::kGuest, insn_->next_rip()});
}

// To where the call that is on top of the return stack has said, if that is where it leads.
void Lowering::lower_return(Value target) {
  find_late_flags();
  X to = use(target);
  sequence([](Assembler& a) { a.ret(kScratch1); });
  out_.prepend_branch(kCbnz64 | kScratch2.code, slow_jump(to, popped_by_return()));
  sequence([&](Assembler& a) {
    a.ldp(8, kScratch2, kScratch1, Mem::post(kReturns, 16));
    a.sub(8, kScratch2, kScratch2, to);
  });
}

Stub Lowering::interpreting_stub() const {
  if (insn_->is_repeated_string()) return Stub::kInterpretRepeated;
  return insn_->ends_block ? Stub::kInterpretAndLeave : Stub::kInterpret;
}

// REP MOVS and REP STOS as loops: each iteration, or round of them, is committed before the next.
bool Lowering::is_plain_repeat() const {
  u8 operation = insn_->opcode & 0xfe;
  bool moves = operation == 0xa4 && insn_->mem.segment == x86::kNoRegister;
  bool is_wide = insn_->mem.address_width == 8;
  return insn_->is_repeated_string() && (moves || operation == 0xaa) && is_wide &&
         !demands_.ordered;
}

namespace {

// REP MOVS of `w` bytes.
void emit_moves(Assembler& a, unsigned w) {
  constexpr X rcx = guest_gpr(guest::kRcx);
  constexpr X rsi = guest_gpr(guest::kRsi), rdi = guest_gpr(guest::kRdi);
  Label next, done;
  a.cbz(8, rcx, done);
  a.bind(next);
  a.ldr(w, kScratch0, {rsi});
  a.str(w, kScratch0, Mem::post(rdi, w));
  a.add(8, rsi, rsi, w);
  a.sub(8, rcx, rcx, 1);
  a.cbnz(8, rcx, next);
  a.bind(done);
}

// REP STOS: as many as each of the count's low bits says, then 32 bytes a round. Of a store that
// faults the interpreter does all again that belongs to it.
void emit_fill(Assembler& a, unsigned w) {
  constexpr unsigned kRound = 32;
  constexpr X rcx = guest_gpr(guest::kRcx), rdi = guest_gpr(guest::kRdi);
  constexpr V v = kVectorScratch0;
  Label next, done;
  a.dup(w == 8 ? k2D : w == 4 ? k4S : w == 2 ? k8H : k16B, v, guest_gpr(guest::kRax));
  for (unsigned n = 0; w << n < kRound; n++) {
    Label skip;
    a.tbz(rcx, n, skip);
    a.str(w << n, v, Mem::post(rdi, w << n));
    a.sub(8, rcx, rcx, 1u << n);
    a.bind(skip);
  }
  a.cbz(8, rcx, done);
  a.bind(next);
  a.stp(16, v, v, Mem::post(rdi, kRound));
  a.sub(8, rcx, rcx, kRound / w);
  a.cbnz(8, rcx, next);
  a.bind(done);
}

}  // namespace

// Few iterations, forward, and on to what comes after the call of the interpreter, which follows
// for all others: `distance` words of it.
void Lowering::lower_short_repeat(u32 distance) {
  constexpr u64 kDirectionBit = std::countr_zero(guest::kDF);
  bool moves = (insn_->opcode & 0xfe) == 0xa4;
  unsigned log_most = moves ? 6 : 8;
  out_.label();
  sequence([&](Assembler& a) {
    Label slow;
    a.lsr(8, kScratch1, guest_gpr(guest::kRcx), log_most);
    a.ldr(8, kScratch0, {kCpu, kSystemFlagsOffset});
    a.cbnz(8, kScratch1, slow);
    a.tbnz(kScratch0, kDirectionBit, slow);
    moves ? emit_moves(a, insn_->width) : emit_fill(a, insn_->width);
    a.b(4 * (s64{distance} + 1));
    a.bind(slow);
  });
}

// BL, then the instruction and its handler as two literals.
void Lowering::lower_interpret() {
  if (insn_->is_repeated_string()) jump_to({Destination::Kind::kGuest, insn_->next_rip()});
  u32 end = out_.label();
  auto insn = reinterpret_cast<u64>(insn_);
  auto handler = reinterpret_cast<u64>(interp::handler_for(*insn_));
  const u32 literals[] = {static_cast<u32>(insn), static_cast<u32>(insn >> 32),
                          static_cast<u32>(handler), static_cast<u32>(handler >> 32)};
  out_.prepend_literals(literals, Output::Content::kStep);
  out_.prepend_branch(kBranchAndLink, Destination::stub(interpreting_stub()));
  if (is_plain_repeat()) lower_short_repeat(end - out_.position());
  x86::FlagEffect effect = x86::flag_effect(*insn_);
  live_ = static_cast<u8>((live_ & ~flags_of(effect.writes)) | flags_of(effect.reads));
}

// --- Ifs, last to first

void Lowering::lower_end_if() {
  open_.push_back({.label = out_.label(), .live = live_});
  conditional_++;
}

void Lowering::lower_else() {
  OpenIf& open = open_.back();
  open.after_else = out_.label();
  open.live_else = live_;
  open.has_else = true;
  live_ = open.live;
  s64 distance = (s64{open.label} - (s64{out_.position()} - 1)) * 4;
  out_.prepend(encode_branch(distance));
}

void Lowering::lower_if() {
  OpenIf open = open_.back();
  open_.pop_back();
  conditional_--;
  live_ |= open.has_else ? open.live_else : open.live;
  Test t = branch_test(inst(at_).arg[0]);
  branch_within(t, false, open.has_else ? open.after_else : open.label);
  prepend_prelude(t);
}

void Lowering::lower_check(const Inst& i) {
  // Of the target of a jump: that is looked at when there is no code for it.
  const Inst& last = unit_.code.back();
  if (i.op == Op::kCheckCanonical && last.op == Op::kSetRip && last.arg[0] == i.arg[0]) return;
  X address = use(i.arg[0]);
  step_if(kCbnz64 | kScratch0.code);
  sequence([&](Assembler& a) {
    if (i.op == Op::kCheckAligned) return a.and_(8, kScratch0, address, i.width - 1u);
    // Canonical: bits 47 to 63 are equal. In the upper half lies the kernel, where nothing is.
    a.asr(8, kScratch0, address, 47);
    a.eor(8, kScratch0, kScratch0, {kScratch0, kAsr, 63});
  });
}

void Lowering::lower_flow() {
  const Inst& i = inst(at_);
  switch (i.op) {
    case Op::kInterpret:
      lower_interpret();
      return restore_barrier();
    case Op::kIf:
      lower_if();
      return restore_barrier();
    case Op::kElse:
      lower_else();
      return restore_barrier();
    case Op::kEndIf:
      lower_end_if();
      return restore_barrier();
    case Op::kSetRip:
      return lower_set_rip();
    case Op::kBranch:
      return lower_branch();
    case Op::kRaise:
      raises_ = conditional_ == 0;
      return step_if(kBranch);
    case Op::kCheckCanonical:
    case Op::kCheckAligned:
      return lower_check(i);
    default:
      UNREACHABLE();
  }
}

void Lowering::restore_barrier() { restore_held(*--barrier_); }

// The calls that can_lower() lets through.
void Lowering::lower_call_cpu() {
  const void* target = unit_.helpers[inst(at_).imm].target;
  Value last = inst(static_cast<Value>(at_ - 1)).arg[0];
  Value before = inst(static_cast<Value>(at_ - 2)).arg[0];
  restore_barrier();
  stores_arguments_ = false;
  if (loads_mxcsr(target)) return lower_load_mxcsr(last);
  if (sets_mxcsr(target)) {
    live_ = kAllFlags;
    return step_if(kBranch);
  }
  if (target == reinterpret_cast<const void*>(&sem::compare_exchange_16)) {
    return lower_compare_exchange_16(last);
  }
  if (target == reinterpret_cast<const void*>(&sem::check_alignment)) {
    X address = use(before);
    step_if(kCbnz64 | kScratch0.code);
    return sequence([&](Assembler& a) { a.and_(8, kScratch0, address, *constant(last) - 1); });
  }
  auto width = static_cast<unsigned>(*constant(before));
  Value divisor = last;
  if (target == reinterpret_cast<const void*>(&sem::divide_unsigned)) {
    lower_divide_unsigned(width, divisor);
  } else {
    lower_divide_signed(width, divisor);
  }
}

// Leaves the instruction to the interpreter when the branch `word` is taken.
void Lowering::step_if(u32 word) {
  out_.prepend_branch(word, {Destination::Kind::kStep, insn_->rip});
}

// RDX:RAX / divisor. What does not fit, and dividends of more than 64 bits, are the interpreter's.
void Lowering::lower_divide_unsigned(unsigned width, Value v) {
  X rax = guest_gpr(guest::kRax), rdx = guest_gpr(guest::kRdx);
  X divisor = use(v);
  if (width == 8) {
    sequence([&](Assembler& a) {
      a.udiv(8, kScratch0, rax, divisor);
      a.msub(8, rdx, kScratch0, divisor, rax);
      a.mov(8, rax, kScratch0);
    });
    step_if(kCbz64 | divisor.code);
    return step_if(kCbnz64 | rdx.code);
  }
  sequence([&](Assembler& a) {
    a.mov(4, kScratch0, rax);
    a.bfi(8, kScratch0, rdx, 32, 32);
    a.udiv(8, kScratch1, kScratch0, divisor);
    a.msub(8, kScratch0, kScratch1, divisor, kScratch0);
    a.mov(4, rax, kScratch1);
    a.mov(4, rdx, kScratch0);
  });
  // The upper half is to be below the divisor, which then is not zero either.
  step_if(kTbz | kScratch1.code | 31u << 19 | 1u << 31);
  sequence([&](Assembler& a) {
    a.mov(4, kScratch1, rdx);
    a.sub(8, kScratch1, kScratch1, divisor);
  });
}

void Lowering::lower_divide_signed(unsigned width, Value v) {
  X rax = guest_gpr(guest::kRax), rdx = guest_gpr(guest::kRdx);
  X divisor = use(v);
  if (width == 8) {
    sequence([&](Assembler& a) {
      a.sdiv(8, kScratch0, rax, divisor);
      a.msub(8, rdx, kScratch0, divisor, rax);
      a.mov(8, rax, kScratch0);
    });
    // The most negative number divided by -1 does not fit.
    step_if(kCbz64 | kScratch0.code);
    sequence([&](Assembler& a) { a.add(8, kScratch0, divisor, 1); });
    step_if(kCbz64 | divisor.code);
    step_if(kCbnz64 | kScratch0.code);
    return sequence([&](Assembler& a) {
      a.asr(8, kScratch0, rax, 63);
      a.sub(8, kScratch0, kScratch0, rdx);
    });
  }
  sequence([&](Assembler& a) {
    a.mov(4, rax, kScratch2);
    a.mov(4, rdx, kScratch0);
  });
  step_if(kCbnz64 | kScratch1.code);
  sequence([&](Assembler& a) {
    a.mov(4, kScratch0, rax);
    a.bfi(8, kScratch0, rdx, 32, 32);
    a.sxtw(kScratch1, divisor);
    a.sdiv(8, kScratch2, kScratch0, kScratch1);
    a.msub(8, kScratch0, kScratch2, kScratch1, kScratch0);
    // Does the quotient fit?
    a.sxtw(kScratch1, kScratch2);
    a.sub(8, kScratch1, kScratch1, kScratch2);
  });
  step_if(kCbz64 | divisor.code);
}

// --- vectors

void Lowering::lower_vector_select(V to) {
  const Inst& i = inst(at_);
  V yes = use_vector(i.arg[1]), no = use_vector(i.arg[2]);
  Test t = test(i.arg[0]);
  u32 after = out_.label();
  bool has_yes = to == yes;
  sequence([&](Assembler& a) { a.mov(k16B, to, has_yes ? no : yes); });
  branch_within(t, has_yes, after);
  prepend_prelude(t);
  if (!has_yes && to != no) sequence([&](Assembler& a) { a.mov(k16B, to, no); });
}

void Lowering::lower_vector() {
  const Inst& i = inst(at_);
  V to = result_vector();
  switch (i.op) {
    case Op::kVecZero:
      return sequence([&](Assembler& a) { a.movi(to, 0); });
    case Op::kVecFromInt: {
      X from = source(i.arg[0], kScratch0);
      return sequence([&](Assembler& a) {
        load_constant(a, 8, kScratch0, i.arg[0]);
        a.fmov(8, to, from);
      });
    }
    case Op::kVecInsertLow: {
      V base = use_vector(i.arg[0]), part = use_vector(i.arg[1]);
      return sequence([&](Assembler& a) {
        if (to == part && to != base) {
          a.mov(k16B, kVectorScratch1, part);
          part = kVectorScratch1;
        }
        if (to != base) a.mov(k16B, to, base);
        if (i.width == 16) return a.mov(k16B, to, part);
        a.ins(i.width, to, 0, part, 0);
      });
    }
    case Op::kVecSelect:
      return lower_vector_select(to);
    default:
      UNREACHABLE();
  }
}

}  // namespace gantry::aarch64

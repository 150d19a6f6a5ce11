// The frame of lowering: which value is where, and the walk over the operations.
#include "emulator/jit/aarch64/lowering.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "emulator/base/check.h"
#include "emulator/jit/aarch64/float_functions.h"
#include "emulator/jit/aarch64/functions.h"

namespace gantry::aarch64 {

void Output::reset() {
  first_ = room_.size();
  overflowed_ = false;
  references.clear();
  marks.clear();
  literals.clear();
  recoveries.clear();
  edges.clear();
}

namespace {

// A load or store of any size, base and offset: ARM DDI 0487, C4.1.94, "load/store register".
struct Access {
  u32 form = 0;  // without offset and registers, as the forms that change the base have it
  u32 reg = 0, base = 0;
  s64 offset = 0;

  bool is_vector() const { return form & 1 << 26; }
};

std::optional<Access> as_access(u32 word) {
  constexpr u32 kScaled = 1 << 24, kPrefetch = 0xf8800000;
  Access access = {.form = word & 0xfec00000, .reg = word & 31, .base = word >> 5 & 31};
  if ((word & 0x3a000000) != 0x38000000 || access.form == kPrefetch) return std::nullopt;
  if (word & kScaled) {
    u32 scale = word >> 30 | (access.is_vector() ? word >> 21 & 4 : 0);
    access.offset = s64{word >> 10 & 0xfff} << scale;
    return access;
  }
  if (word & 0x00200c00) return std::nullopt;
  access.offset = static_cast<s32>(word << 11) >> 23;
  return access;
}

// ADD or SUB of a constant of twelve bits to a register of eight bytes.
bool may_be_step(u32 word) { return (word & 0xbfc00000) == 0x91000000; }
std::optional<s64> as_step(u32 word, u32 reg) {
  constexpr u32 kSubtracts = 1 << 30;
  bool same = (word & 31) == reg && (word >> 5 & 31) == reg;
  if (!same || !may_be_step(word)) return std::nullopt;
  s64 amount = word >> 10 & 0xfff;
  return word & kSubtracts ? -amount : amount;
}

// The access, then the step, as one.
std::optional<u32> with_step(u32 word, u32 step_word) {
  auto access = as_access(word);
  if (!access || (access->reg == access->base && !access->is_vector())) return std::nullopt;
  auto step = as_step(step_word, access->base);
  if (!step || *step < -256 || *step > 255) return std::nullopt;
  if (access->offset != 0 && access->offset != *step) return std::nullopt;
  u32 mode = access->offset == 0 ? 0x400 : 0xc00;
  return access->form | mode | static_cast<u32>(*step & 0x1ff) << 12 | access->base << 5 |
         access->reg;
}

// Two pushes, two pops.
std::optional<u32> as_pair(u32 first, u32 second) {
  constexpr u32 kPush = 0xf81f8c00, kPop = 0xf8408400;  // STR [base, #-8]!, LDR [base], #8
  u32 kind = first & 0xfffffc00, base = first >> 5 & 31;
  if ((second & 0xfffffc00) != kind || (second >> 5 & 31) != base) return std::nullopt;
  u32 a = first & 31, b = second & 31;
  if (kind == kPush) return 0xa9bf0000 | a << 10 | base << 5 | b;
  if (kind == kPop && a != b) return 0xa8c10000 | b << 10 | base << 5 | a;
  return std::nullopt;
}

// What `f` says of each operation.
template <typename F>
constexpr auto op_table(F f) {
  std::array<decltype(f(ir::Op{})), ir::op_count()> table{};
  for (unsigned n = 0; n < ir::op_count(); n++) table[n] = f(static_cast<ir::Op>(n));
  return table;
}

}  // namespace

void Output::prepend_access(u32 word) {
  bool is_alone = first_ == room_.size() || first_ == unmerged_ || !may_be_step(room_[first_]);
  if (is_alone || !merge(word)) put(word);
}

// With the step that follows.
bool Output::merge(u32 word) {
  auto one = with_step(word, room_[first_]);
  if (!one) return false;
  room_[first_] = *one;
  join_marks();
  if (first_ + 1 == room_.size() || first_ + 1 == unmerged_) return true;
  auto pair = as_pair(room_[first_], room_[first_ + 1]);
  if (!pair) return true;
  room_[++first_] = *pair;
  join_marks();
  return true;
}

// An instruction belongs to the first of the two guest instructions that it is made of, which the
// interpreter executes alone. What follows is the second's, if there is more of it.
void Output::join_marks() {
  if (marks.empty() || marks.back().at != first_) return;
  Mark second = marks.back();
  for (; !marks.empty() && marks.back().at == first_; marks.pop_back()) {
    if (!second.recovery) second.recovery = marks.back().recovery;
  }
  second.at = position() + 1;
  if (marks.empty() || marks.back().at != second.at) marks.push_back(second);
}

void Output::prepend_all(std::span<const u32> code) {
  if (code.size() > first_) {
    overflowed_ = true;
    return;
  }
  first_ -= code.size();
  for (std::size_t n = 0; n < code.size(); n++) room_[first_ + n] = code[n];
}

void Output::prepend_literals(std::span<const u32> words, Content content) {
  prepend(words);
  label();
  if (!overflowed_) {
    literals.push_back({position(), static_cast<u32>(words.size()), content});
  }
}

void Output::prepend_branch(u32 word, const Destination& to) {
  prepend(word);
  if (!overflowed_) references.push_back({position(), to});
}

void Output::prepend_round(const Round& round, u32 shift) {
  auto size = static_cast<u32>(round.words.size());
  if (size > first_) {
    overflowed_ = true;
    return;
  }
  first_ -= size;
  std::copy(round.words.begin(), round.words.end(), &room_[first_]);
  u32 original = label() + shift;
  for (u32 n : round.references) {
    Reference copy = references[n];
    copy.at -= shift;
    copy.original = n;
    references.push_back(copy);
  }
  auto repeat = [&](auto& all) {
    for (std::size_t n = 0, count = all.size(); n < count; n++) {
      if (all[n].at - original >= size) continue;
      auto copy = all[n];
      copy.at -= shift;
      all.push_back(copy);
    }
  };
  repeat(marks);
  repeat(literals);
}

// --- what is done about each operation

enum class Lowering::Kind : u8 {
  kNothing,  // also of flags, which are computed where they are set, and of what is owed
  kInsn,
  kGetGpr,
  kSetGpr,
  kFlow,
  kState,
  kMemory,
  kInteger,
  kBool,
  kVector,
  kApply,
  kFloat,
  kProbe,
  kRmw,
  kCompareExchange,
  kCallPart,
  kCallCpu,
};

struct Lowering::Traits {
  Kind kind;
  bool only_makes_a_value;  // which need not be made when nobody wants it
};

constexpr Lowering::Kind Lowering::kind_of(Op op) {
  const ir::OpInfo& info = ir::info(op);
  switch (op) {
    case Op::kInsn:
      return Kind::kInsn;
    case Op::kGetGpr:
      return Kind::kGetGpr;
    case Op::kSetGpr:
      return Kind::kSetGpr;
    case Op::kCallCpu:
      return Kind::kCallCpu;
    case Op::kProbeWrite:
      return Kind::kProbe;
    case Op::kOweXmm:
      return Kind::kNothing;
    case Op::kAtomicRmw:
      return Kind::kRmw;
    case Op::kCompareExchange:
      return Kind::kCompareExchange;
    case Op::kApplyFloatInt:
    case Op::kApplyFloatVec:
      return Kind::kFloat;
    case Op::kApplyInt:
    case Op::kApplyVec:
      return Kind::kApply;
    default:
      break;
  }
  if (info.effects & ir::kMark) return Kind::kFlow;
  if (info.effects & ir::kCallPart) return Kind::kCallPart;
  if (op == Op::kInterpret) return Kind::kFlow;
  if (info.effects & (ir::kWritesMemory | ir::kReadsMemory)) return Kind::kMemory;
  if (info.effects & ir::kMayFault) return Kind::kFlow;
  if (info.effects & (ir::kReadsState | ir::kWritesState)) return Kind::kState;
  switch (info.result) {
    case ir::Type::kInt:
      return Kind::kInteger;
    case ir::Type::kBool:
      return Kind::kBool;
    case ir::Type::kVec:
      return Kind::kVector;
    default:
      return Kind::kNothing;
  }
}

constexpr Lowering::Traits Lowering::traits_of(Op op) {
  bool pure = !(ir::info(op).effects & ~(ir::kReadsState | ir::kReadsMemory));
  bool marks_holder = op == Op::kGetGpr || op == Op::kGetXmm || op == Op::kGetFlags;
  return {kind_of(op), pure && !marks_holder};
}

Lowering::Lowering(const ir::Unit& unit, const x86::Insn* insns, LiveOut live_out, u64 below,
                   const Demands& demands, Workspace& workspace, Output& out)
    : unit_(unit),
      code_(unit.code.data()),
      insns_(insns),
      below_(below),
      demands_(demands),
      out_(out),
      barrier_(unit.barriers.data() + unit.barriers.size()),
      held_(unit.at_end),
      open_(workspace.open),
      live_(live_out.taken | live_out.other),
      live_out_(live_out) {
  prepare(workspace);
  open_.clear();
}

// No value is anywhere but in guest registers, or sets flags.
void Lowering::prepare(Workspace& workspace) {
  std::size_t values = unit_.code.size();
  auto& states = workspace.states;
  if (states.size() < values) states.resize(values);
  states_ = states.data();
  std::fill_n(states_, values, State());
  find_homes(held_.gpr, unit_.gprs);
  find_homes(held_.xmm, unit_.xmms);
}

// --- the walk

// Part of the walk: what is done for most operations is less than a call costs.
[[gnu::always_inline]] inline void Lowering::lower(Kind kind) {
  switch (kind) {
    case Kind::kInsn:
      return lower_insn();
    case Kind::kGetGpr:
      return lower_get_gpr();
    case Kind::kSetGpr:
      return lower_set_gpr();
    case Kind::kFlow:
      return lower_flow();
    case Kind::kState:
      return lower_state();
    case Kind::kMemory:
      return lower_memory();
    case Kind::kInteger:
      return lower_integer();
    case Kind::kBool:
      return lower_bool();
    case Kind::kVector:
      return lower_vector();
    case Kind::kApply:
      return lower_apply();
    case Kind::kFloat:
      return lower_float();
    case Kind::kProbe:
      return lower_probe();
    case Kind::kRmw:
      return lower_rmw();
    case Kind::kCompareExchange:
      return lower_compare_exchange();
    case Kind::kCallPart:
      return lower_call_part();
    case Kind::kCallCpu:
      return lower_call_cpu();
    case Kind::kNothing:
      return;
  }
}

bool Lowering::run() {
  static constexpr auto kTraits = op_table([](Op op) { return traits_of(op); });
  end_ = out_.position();
  insn_ = insns_ + unit_.insns.size() - 1;
  if (!insn_->ends_block) jump_to({Destination::Kind::kGuest, insn_->next_rip()});
  std::size_t at = unit_.code.size();
  const Inst* i = code_ + at;
  for (const State* state = states_ + at; at-- > 0;) {
    Traits traits = kTraits[static_cast<unsigned>((--i)->op)];
    state--;
    if (traits.only_makes_a_value && !state->is_needed()) continue;
    at_ = static_cast<Value>(at);
    locked_ = locked_vectors_ = 0;
    bool shows_flags = demands_.exact_flags && (ir::info(i->op).effects & ir::kMayFault);
    if (shows_flags) [[unlikely]]
      live_ = kAllFlags;
    lower(traits.kind);
    if (failed_) break;
  }
  return !failed_ && !out_.overflowed();
}

void Lowering::load_immediate(X to, u64 value) {
  u32 words[4];
  Assembler a(words);
  a.mov(value >> 32 ? 8 : 4, to, value);
  std::span<u32> code = a.finish();
  if (code.size() < 2 || edge_) {
    return sequence([&](Assembler& b) {
      for (u32 word : code) b.emit(word);
    });
  }
  constexpr u32 kLdrLiteral = 0x58000000;
  out_.prepend_branch(kLdrLiteral | to.code, {Destination::Kind::kData, value});
}

// --- which value each guest register holds

void Lowering::hold(Value* holder, Value v, unsigned n) {
  Value old = holder[n];
  holder[n] = v;
  if (old != kNoValue) {
    State& state = states_[old];
    bool elsewhere = --state.held != 0;
    if (state.home == n) {
      state.home =
          elsewhere ? static_cast<u8>(std::find(holder, holder + 16, old) - holder) : kNone;
    }
  }
  if (v == kNoValue) return;
  states_[v].held++;
  states_[v].home = static_cast<u8>(n);
}

void Lowering::restore_held(const ir::Held& held) {
  for (unsigned n = 0; n < 16; n++) {
    if (held_.gpr[n] != held.gpr[n]) hold_gpr(n, held.gpr[n]);
    if (held_.xmm[n] != held.xmm[n]) hold_xmm(n, held.xmm[n]);
  }
  held_.flags = held.flags;
}

// At the block's end; others than `registers` hold no values.
void Lowering::find_homes(const Value* holder, u32 registers) {
  for (; registers != 0; registers &= registers - 1) {
    auto n = static_cast<u8>(std::countr_zero(registers));
    if (holder[n] == kNoValue) continue;
    State& state = states_[holder[n]];
    state.home = n;
    state.held++;
  }
}

// --- registers for values

void Lowering::load_slot(u8 reg, u8 slot, bool vector) {
  sequence([&](Assembler& a) {
    if (vector) {
      a.ldr(16, V{reg}, {kSp, slot * 16});
    } else {
      a.ldr(8, X{reg}, {kSp, slot * 16});
    }
  });
}

void Lowering::store_slot(u8 reg, u8 slot, bool vector) {
  sequence([&](Assembler& a) {
    if (vector) {
      a.str(16, V{reg}, {kSp, slot * 16});
    } else {
      a.str(8, X{reg}, {kSp, slot * 16});
    }
  });
}

// Takes a register from its value, which is then loaded again after the operation at hand. Not
// where that load may be skipped.
u8 Lowering::evict(bool vector) {
  u32 candidates = (vector ? kValueVectors & ~locked_vectors_ : kValueRegisters & ~locked_);
  if (conditional_ != 0 || candidates == 0 || free_slots_ == 0) {
    failed_ = true;
    return vector ? 0 : 19;
  }
  auto reg = static_cast<u8>(std::countr_zero(candidates));
  Value victim = vector ? owner_vector_[reg] : owner_[reg];
  Place& place = states_[victim].place;
  if (place.slot == kNone) {
    place.slot = static_cast<u8>(std::countr_zero(free_slots_));
    free_slots_ &= free_slots_ - 1;
  }
  place.reg = kNone;
  load_slot(reg, place.slot, vector);
  return reg;
}

u8 Lowering::allocate(Value v) {
  bool vector = is_vector(v);
  u32& free = vector ? free_vectors_ : free_;
  u8 reg;
  if (free != 0) {
    reg = static_cast<u8>(std::countr_zero(free));
    free &= free - 1;
  } else {
    reg = evict(vector);
  }
  (vector ? owner_vector_ : owner_)[reg] = v;
  states_[v].place.reg = reg;
  return reg;
}

u8 Lowering::use_register(Value v) {
  u8 reg = states_[v].place.reg;
  if (reg == kNone) {
    u8 home = states_[v].home;
    if (home != kNone) return home;
    reg = allocate(v);
  }
  locked_ |= 1u << reg;
  return reg;
}

V Lowering::use_vector(Value v) {
  u8 reg = states_[v].place.reg;
  if (reg == kNone) {
    u8 home = states_[v].home;
    if (home != kNone) return guest_xmm(home);
    if (inst(v).op == Op::kVecZero) return kVectorZero;
    reg = allocate(v);
  }
  locked_vectors_ |= 1u << reg;
  return V{reg};
}

Lowering::Value Lowering::peel(Value v, unsigned width) const {
  while (states_[v].place.reg == kNone && states_[v].home == kNone) {
    const Inst& i = inst(v);
    bool extension = i.op == Op::kZext || i.op == Op::kSext;
    if (!extension || i.width < width) break;
    v = i.arg[0];
  }
  return v;
}

X Lowering::use(Value v, unsigned width) {
  const State& state = states_[v];
  if (state.place.reg == kNone && state.home != kNone) return guest_gpr(state.home);
  return X{use_register(peel(v, width))};
}

template <bool vector>
u8 Lowering::result_register() {
  Place place = states_[at_].place;
  states_[at_].place = {};
  u8 reg = place.reg;
  if (reg == kNone) reg = vector ? kVectorScratch0.code : kScratch0.code;
  if (place.slot != kNone) {
    store_slot(reg, place.slot, vector);
    free_slots_ |= 1u << place.slot;
  }
  if (place.reg == kNone) return reg;
  u32 bit = 1u << reg;
  if (vector && reg >= 16) {
    hold_xmm(reg - 16u, displaced_xmm_[reg - 16]);
  } else if (!vector && reg < 16) {
    hold_gpr(reg, displaced_[reg]);
  } else {
    vector ? free_vectors_ |= bit : free_ |= bit & kValueRegisters;
  }
  return reg;
}

X Lowering::result() { return X{result_register<false>()}; }
V Lowering::result_vector() { return V{result_register<true>()}; }

// Whether nobody needs the pure value that comes before the operation at hand.
bool Lowering::is_unused(Value v) const {
  if (ir::info(inst(v).op).effects != ir::kPure || is_wanted(v)) return false;
  return std::none_of(code_ + v + 1, code_ + at_ + 1, [&](const Inst& i) { return i.uses(v); });
}

// Whether the guest register, which Op `set` sets, is free from where value v is made to the
// operation at hand: its old content is not read in between, and nothing in between leaves the
// block.
bool Lowering::is_free_since(Value v, Op set, unsigned n, Value old) const {
  constexpr int kLookBack = 24;
  constexpr u8 kStops = ir::kMayFault | ir::kMark | ir::kCallPart;
  const Op get = set == Op::kSetGpr ? Op::kGetGpr : Op::kGetXmm;
  if (at_ - v > kLookBack) return false;
  for (Value between = static_cast<Value>(v + 1); between < at_; between++) {
    const Inst& i = inst(between);
    if (ir::info(i.op).effects & kStops) return false;
    if ((i.op == get || i.op == set) && i.aux == n) return false;
    if (old != kNoValue && i.uses(old) && !is_unused(between)) return false;
  }
  return true;
}

// Whether value v, which the operation at hand commits, may be computed in the guest register.
bool Lowering::commits_early(Value v) const {
  return is_free_since(v, inst(at_).op, inst(at_).aux, previous());
}

// Makes the operation at hand replace its first operand in the guest register that its result is
// for, if that is free before.
void Lowering::compute_in_place(V to) {
  const Inst& i = inst(at_);
  Value v = i.arg[0];
  unsigned n = to.code - 16u;
  if (to.code < 16 || inst(v).op != Op::kApplyVec || !is_free_standing(v)) return;
  Value old = held_.xmm[n];
  bool is_read = old != kNoValue && i.uses(old);
  if (is_read || !is_free_since(v, Op::kSetXmm, n, old)) return;
  states_[v].place.reg = to.code;
  displaced_xmm_[n] = old;
  hold_xmm(n, kNoValue);
}

// --- guest registers

void Lowering::lower_get_gpr() {
  unsigned n = inst(at_).aux;
  if (is_wanted(at_)) {
    X to = result();
    sequence([&](Assembler& a) { a.mov(8, to, guest_gpr(n)); });
  }
  hold_gpr(n, kNoValue);
}

void Lowering::lower_set_gpr() {
  unsigned n = inst(at_).aux;
  Value v = inst(at_).arg[0];
  hold_gpr(n, previous());
  auto value = constant(v);
  if (value && states_[v].place.reg == kNone) return load_immediate(guest_gpr(n), *value);
  bool elsewhere = is_wanted(v) || states_[v].home != kNone;
  if (!elsewhere && commits_early(v)) {
    states_[v].place.reg = static_cast<u8>(n);
    displaced_[n] = held_.gpr[n];
    return hold_gpr(n, kNoValue);
  }
  auto step = elsewhere ? std::nullopt : step_of(v);
  if (step && add_to_register(n, *step)) return;
  X from = use(v);
  if (from != guest_gpr(n)) sequence([&](Assembler& a) { a.mov(8, guest_gpr(n), from); });
}

// What the value, which the operation at hand commits to a register, adds to that register.
std::optional<s64> Lowering::step_of(Value v) const {
  const Inst& i = inst(v);
  bool sum = (i.op == Op::kAdd || i.op == Op::kSub) && i.width == 8;
  if (!sum || i.arg[0] != previous() || states_[v].fused != 0) return std::nullopt;
  auto c = constant(i.arg[1]);
  if (!c) return std::nullopt;
  return static_cast<s64>(i.op == Op::kAdd ? *c : -*c);
}

// Where the sum is used besides as an address, it is computed once more.
bool Lowering::add_to_register(unsigned n, s64 step) {
  X reg = guest_gpr(n);
  auto amount = static_cast<u64>(step < 0 ? -step : step);
  if (!encode_add_immediate(amount)) return false;
  sequence(
      [&](Assembler& a) { step < 0 ? a.sub(8, reg, reg, amount) : a.add(8, reg, reg, amount); });
  return true;
}

void Lowering::lower_get_xmm() {
  unsigned n = inst(at_).aux;
  if (is_wanted(at_)) {
    V to = result_vector();
    sequence([&](Assembler& a) { a.mov(k16B, to, guest_xmm(n)); });
  }
  hold_xmm(n, kNoValue);
}

void Lowering::lower_set_xmm() {
  unsigned n = inst(at_).aux;
  Value v = inst(at_).arg[0];
  hold_xmm(n, previous());
  bool elsewhere = is_wanted(v) || states_[v].home != kNone;
  if (!elsewhere && commits_early(v)) {
    states_[v].place.reg = guest_xmm(n).code;
    displaced_xmm_[n] = held_.xmm[n];
    return hold_xmm(n, kNoValue);
  }
  V from = use_vector(v);
  if (from != guest_xmm(n)) sequence([&](Assembler& a) { a.mov(k16B, guest_xmm(n), from); });
}

void Lowering::lower_set_high() {
  const Inst& i = inst(at_);
  bool is_zero = inst(i.arg[0]).op == Op::kVecZero && !is_wanted(i.arg[0]);
  if (is_zero) return clear_highs();
  V from = use_vector(i.arg[0]);
  sequence([&](Assembler& a) { a.str(16, from, {kCpu, kHighOffset + 16 * i.aux}); });
}

// Clears the upper half of a YMM register, and with it those that are cleared right before.
void Lowering::clear_highs() {
  u32 bit = 1u << inst(at_).aux;
  if (cleared_highs_ & bit) {
    cleared_highs_ &= ~bit;
    return;
  }
  u32 all = bit;
  for (Value v = at_; v-- > 0;) {
    const Inst& i = inst(v);
    bool clears = i.op == Op::kSetHigh && inst(i.arg[0]).op == Op::kVecZero;
    if (!clears && ir::info(i.op).effects != ir::kPure) break;
    if (clears && (all >> i.aux & 1 || is_wanted(i.arg[0]))) break;
    if (clears) all |= 1u << i.aux;
  }
  cleared_highs_ = all & ~bit;
  sequence([&](Assembler& a) {
    for (unsigned n = 0; n < 16; n++) {
      Mem mem = {kCpu, kHighOffset + 16 * n};
      if ((all >> n & 3) == 3) {
        a.stp(16, kVectorZero, kVectorZero, mem);
        n++;
      } else if (all >> n & 1) {
        a.str(16, kVectorZero, mem);
      }
    }
  });
}

void Lowering::lower_state() {
  const Inst& i = inst(at_);
  switch (i.op) {
    case Op::kGetGpr:
      return lower_get_gpr();
    case Op::kSetGpr:
      return lower_set_gpr();
    case Op::kGetXmm:
      return lower_get_xmm();
    case Op::kSetXmm:
      return lower_set_xmm();
    case Op::kGetHigh: {
      V to = result_vector();
      return sequence([&](Assembler& a) { a.ldr(16, to, {kCpu, kHighOffset + 16 * i.aux}); });
    }
    case Op::kSetHigh:
      return lower_set_high();
    case Op::kGetFlags:
      held_.flags = kNoValue;
      return;
    case Op::kSetFlags:
      return lower_set_flags();
    case Op::kLoadCpu: {
      X to = result();
      return sequence([&](Assembler& a) { a.ldr(i.width, to, {kCpu, static_cast<s64>(i.imm)}); });
    }
    case Op::kStoreCpu: {
      X from = use(i.arg[0], i.width);
      return sequence([&](Assembler& a) { a.str(i.width, from, {kCpu, static_cast<s64>(i.imm)}); });
    }
    default:
      return lower_flow();
  }
}

void Lowering::lower_insn() {
  raises_ = false;
  out_.mark(insn_->rip);
  if (insn_ != insns_) insn_--;
}

namespace {

// Conditions are only asked of flags that the guest has.
bool tests_guest_flags(const ir::Unit& unit, const ir::Inst& inst) {
  ir::Value flags = inst.arg[0];
  if (unit.code[flags].op == ir::Op::kGetFlags) return true;
  for (const ir::Inst* i = &unit.code[flags]; i != &inst; i++) {
    if (i->op == ir::Op::kSetFlags && i->arg[0] == flags) return true;
  }
  return false;
}

}  // namespace

bool can_lower(const ir::Unit& unit, const ir::Inst& inst) {
  using ir::Op;
  switch (inst.op) {
    case Op::kApplyFloatInt:
    case Op::kApplyFloatVec:
      return can_apply_float(unit, inst);
    case Op::kCallCpu:
      return can_call(unit, inst) || sets_mxcsr(unit.helpers[inst.imm].target);
    case Op::kTestFlags:
    case Op::kTestAf:
      return tests_guest_flags(unit, inst);
    case Op::kProbeWrite:  // of stores in halves, which follow
      return inst.width == 32;
    case Op::kExit:
      return false;
    default:
      return true;
  }
}

bool can_lower_exactly(const ir::Unit& unit, const ir::Inst& inst) {
  using ir::Op;
  if (inst.op == Op::kApplyFloatInt || inst.op == Op::kApplyFloatVec) return false;
  if (inst.op == Op::kCallCpu && sets_mxcsr(unit.helpers[inst.imm].target)) return false;
  return can_lower(unit, inst);
}

ir::Acceptance acceptance(const Demands& demands) {
  return {demands.exact_float ? &can_lower_exactly : &can_lower, true};
}

}  // namespace gantry::aarch64

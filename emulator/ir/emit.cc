#include "emulator/ir/emit.h"

#include <algorithm>
#include <cstddef>

#include "emulator/base/check.h"
#include "emulator/ir/evaluate.h"
#include "emulator/semantics/x87_state.h"

namespace gantry::ir {
namespace {

using guest::Cpu;

constexpr u64 mmx_offset(unsigned n) {
  return offsetof(Cpu, x87) + offsetof(guest::X87, st) + (n & 7) * sizeof(guest::F80);
}

bool is_commutative(Op op) {
  return op == Op::kAdd || op == Op::kAnd || op == Op::kOr || op == Op::kXor || op == Op::kMul;
}

unsigned bytes_of(u64 value) {
  if (value >> 32) return 8;
  return value >> 16 ? 4 : value >> 8 ? 2 : 1;
}

}  // namespace

Emit::Known::Known() {
  std::fill(std::begin(high), std::end(high), kNoValue);
  std::fill(std::begin(aligned), std::end(aligned), kNoValue);
}

void Emit::Known::forget_differences(const Known& other) {
  Held::forget_differences(other);
  for (unsigned n = 0; n < 16; n++) keep_same(high[n], other.high[n]);
  for (unsigned n = 0; n < kAligned; n++) {
    if (alignment[n] != other.alignment[n]) aligned[n] = kNoValue;
    keep_same(aligned[n], other.aligned[n]);
  }
}

// Those that the flags would have been made of: nothing comes after them.
void Emit::drop_values() {
  auto& code = unit_.code;
  while (info(code.back().op).effects == kPure) code.shrink(code.size() - 1);
}

// All operations of the instruction, and what has come to be known by them.
void Emit::take_back() {
  stored_.forget();
  auto& code = unit_.code;
  for (; code.size() > start_ + 1; code.pop_back()) {
    const Inst& i = code.back();
    auto before = static_cast<Value>(i.imm);
    switch (i.op) {
      case Op::kGetGpr:
        known_.gpr[i.aux] = kNoValue;
        break;
      case Op::kSetGpr:
        known_.gpr[i.aux] = before;
        gpr_set_at_[i.aux] = 0;
        break;
      case Op::kGetXmm:
        known_.xmm[i.aux] = kNoValue;
        break;
      case Op::kSetXmm:
        known_.xmm[i.aux] = before;
        xmm_set_at_[i.aux] = 0;
        break;
      case Op::kGetFlags:
        known_.flags = kNoValue;
        break;
      case Op::kSetFlags:
        known_.flags = before;
        break;
      case Op::kIf:
      case Op::kElse:
      case Op::kEndIf:
      case Op::kCallCpu:
        static_cast<Held&>(known_) = unit_.barriers.back();
        unit_.barriers.pop_back();
        break;
      default:
        break;
    }
  }
}

void Emit::interpret() {
  note_barrier();
  unit_.interprets = true;
  append(Op::kInterpret);
  known_ = {};
}

void Emit::append_set(Op op, unsigned n, Value before, Value value, Value& set_at) {
  Value at = append(op, op == Op::kSetGpr ? 8 : 16, n, before, value);
  (op == Op::kSetGpr ? unit_.gprs : unit_.xmms) |= 1u << n;
  bool is_overwritten = set_at > last_leave_ || (op == Op::kSetXmm && can_owe(set_at));
  if (is_overwritten && overwritten_count_ < std::size(overwritten_)) {
    overwritten_[overwritten_count_++] = {set_at, at};
  }
  set_at = at;
}

void Emit::remove_overwritten() {
  for (unsigned n = 0; n < overwritten_count_; n++) {
    auto [at, by] = overwritten_[n];
    Inst& overwritten = unit_.code[at];
    unit_.code[by].imm = overwritten.imm;
    bool is_seen =
        std::any_of(&overwritten, &unit_.code[by], [](const Inst& i) { return is_access(i.op); });
    if (is_seen) {
      overwritten.op = Op::kOweXmm;
      unit_.owed.push_back({at, by});
    } else {
      overwritten = {.op = Op::kNop};
    }
  }
}

// Whether an operation from `from` on needs the value for another purpose than a register that is
// owed, as far as can be seen from `depth` steps.
bool Emit::is_needed(Value v, Value from, unsigned depth) const {
  for (std::size_t n = from; n < unit_.code.size(); n++) {
    const Inst& i = unit_.code[n];
    if (i.op == Op::kOweXmm || !i.uses(v)) continue;
    auto user = static_cast<Value>(n);
    bool is_passed_on = info(i.op).effects == kPure && depth > 0;
    if (!is_passed_on || is_needed(user, static_cast<Value>(n + 1), depth - 1)) return true;
  }
  return false;
}

// Whether only faults of accesses can see what the operation sets the register to, now that it is
// set again, and it can be computed there.
bool Emit::can_owe(Value set) const {
  // At a time, as that takes registers; and so far back.
  constexpr int kMaxOwed = 8;
  constexpr std::size_t kFar = 160;
  if (!host_.owes_vectors || set <= last_exit_ || unit_.code.size() - set > kFar) return false;
  Value v = unit_.code[set].arg[0];
  const Inst& made = unit_.code[v];
  auto is_there = [&](Value argument) {
    if (argument == kNoValue) return true;
    Op op = unit_.code[argument].op;
    return op == Op::kConst || info(op).result == Type::kVec;
  };
  bool computes = made.op == Op::kApplyVec && std::all_of(made.arg, made.arg + 3, is_there);
  if (!computes || is_needed(v, static_cast<Value>(set + 1), 1)) return false;
  return std::count_if(unit_.owed.begin(), unit_.owed.end(),
                       [&](const Owed& o) { return o.until > set; }) < kMaxOwed;
}

u64 Emit::helper_index(const Helper& helper) {
  auto& helpers = unit_.helpers;
  auto found = std::find(helpers.begin(), helpers.end(), helper);
  if (found == helpers.end()) found = helpers.insert(found, helper);
  return static_cast<u64>(found - helpers.begin());
}

Value Emit::use(Vec v) { return v.value == kNoValue ? append(Op::kVecZero, 16) : v.value; }

// --- operands

Emit::Int Emit::read(const Insn& i, unsigned n) {
  unsigned w = i.op[n].width;
  switch (i.op[n].kind) {
    case OperandKind::kGpr:
      return zext(w, gpr(i.op[n].reg));
    case OperandKind::kMemory:
      return load(w, address(i));
    case OperandKind::kImmediate:
      return imm(i.imm & width_mask(w));
    case OperandKind::kImmediate2:
      return imm(i.imm2);
    case OperandKind::kRelative:
      return imm(i.imm);
    case OperandKind::kHighByte:
      return and_(8, shr(8, gpr(i.op[n].reg), imm(8)), imm(0xff));
    case OperandKind::kSegment:
      return load_cpu(2, offsetof(Cpu, segment) + 2 * i.op[n].reg);
    default:
      UNREACHABLE();
  }
}

void Emit::write(const Insn& i, unsigned n, Int value) {
  unsigned reg = i.op[n].reg;
  switch (i.op[n].kind) {
    case OperandKind::kGpr:
      return set_gpr(reg, i.op[n].width, value);
    case OperandKind::kMemory:
      return store(i.op[n].width, address(i), value);
    case OperandKind::kHighByte:
      return set_gpr(reg, 8, {append(Op::kInsert, 1, 8, 0, gpr(reg).value, value.value)});
    default:
      UNREACHABLE();
  }
}

Emit::Vec Emit::read_vec(const Insn& i, unsigned n) {
  switch (i.op[n].kind) {
    case OperandKind::kXmm:
    case OperandKind::kYmm:
      return xmm(i.op[n].reg);
    case OperandKind::kMmx:
      enter_mmx();
      return {append(Op::kVecFromInt, 8, 0, 0, load_cpu(8, mmx_offset(i.op[n].reg)).value)};
    case OperandKind::kMemory:
      if (kind(i, 0) == OperandKind::kMmx) call_cpu(&sem::x87::check_pending);
      return load_vec(i.op[n].width, vector_address(i, n));
    case OperandKind::kGpr:
      return {append(Op::kVecFromInt, 8, 0, 0, read(i, n).value)};
    default:
      UNREACHABLE();
  }
}

void Emit::write_vec(const Insn& i, unsigned n, Vec value) {
  switch (i.op[n].kind) {
    case OperandKind::kXmm:
    case OperandKind::kYmm:
      return set_xmm(i, i.op[n].reg, value);
    case OperandKind::kMmx: {
      enter_mmx();
      u64 offset = mmx_offset(i.op[n].reg);
      auto low = call(+[](V128 v) { return v.lo; }, value);
      store_cpu(8, offset + offsetof(guest::F80, significand), low);
      return store_cpu(2, offset + offsetof(guest::F80, sign_exponent), imm(0xffff));
    }
    case OperandKind::kMemory:
      return store_vec(i.op[n].width, vector_address(i, n), value);
    default:
      UNREACHABLE();
  }
}

void Emit::write_low(const Insn& i, unsigned n, unsigned w, Vec value) {
  if (i.op[n].kind == OperandKind::kMemory) return store_vec(w, vector_address(i, n), value);
  Vec rest = xmm(i.op[vex(i) ? 1 : n].reg);
  set_xmm(i, i.op[n].reg, {append(Op::kVecInsertLow, w, 0, 0, rest.value, use(value))});
}

Emit::Wide Emit::read_wide(const Insn& i, unsigned n) {
  if (i.op[n].kind == OperandKind::kYmm) return {xmm(i.op[n].reg), high(i.op[n].reg)};
  if (i.op[n].kind != OperandKind::kMemory || i.op[n].width != 32) return {read_vec(i, n), {}};
  Int at = vector_address(i, n);
  Vec low = load_vec(16, at);
  return {low, load_vec(16, add(8, at, imm(16)))};
}

void Emit::write_wide(const Insn& i, unsigned n, const Wide& value) {
  if (i.op[n].kind == OperandKind::kYmm) {
    set_xmm(i, i.op[n].reg, value.low);
    return set_high(i.op[n].reg, value.high);
  }
  if (i.op[n].kind != OperandKind::kMemory || i.op[n].width != 32) {
    return write_vec(i, n, value.low);
  }
  Int at = vector_address(i, n);
  probe_write(32, at);
  store_vec(16, at, value.low);
  store_vec(16, add(8, at, imm(16)), value.high);
}

void Emit::enter_mmx() { call_cpu(&sem::x87::enter_mmx); }

// --- guest registers

Emit::Int Emit::gpr(unsigned n) {
  if (known_.gpr[n] == kNoValue) {
    known_.gpr[n] = append(Op::kGetGpr, 8, n);
    unit_.gprs |= 1u << n;
  }
  return {known_.gpr[n]};
}

void Emit::set_gpr(unsigned n, unsigned w, Int value) {
  Value whole = w >= 4 ? zext(w, value).value : insert(w, gpr(n), value).value;
  append_set(Op::kSetGpr, n, known_.gpr[n], whole, gpr_set_at_[n]);
  known_.gpr[n] = whole;
}

// The low bytes of the first replaced.
Emit::Int Emit::insert(unsigned w, Int base, Int value) {
  if (constant(base.value) == 0) return zext(w, value);
  return {append(Op::kInsert, w, 0, 0, base.value, value.value)};
}

Emit::Vec Emit::xmm(unsigned n) {
  if (known_.xmm[n] == kNoValue) {
    known_.xmm[n] = append(Op::kGetXmm, 16, n);
    unit_.xmms |= 1u << n;
  }
  return {known_.xmm[n]};
}

void Emit::set_xmm(const Insn& i, unsigned n, Vec value) {
  Value v = use(value);
  append_set(Op::kSetXmm, n, known_.xmm[n], v, xmm_set_at_[n]);
  known_.xmm[n] = v;
  if (vex(i) && i.op[0].kind != OperandKind::kYmm) clear_high(n);
}

Emit::Vec Emit::high(unsigned n) {
  if (known_.high[n] == kNoValue) known_.high[n] = append(Op::kGetHigh, 16, n);
  return {known_.high[n]};
}

void Emit::set_high(unsigned n, Vec value) {
  bool is_zero = known_.high[n] != kNoValue && unit_.code[known_.high[n]].op == Op::kVecZero;
  if (is_zero && value.value == kNoValue) return;
  Value v = use(value);
  append(Op::kSetHigh, 16, n, 0, v);
  known_.high[n] = v;
}

// --- addresses

Emit::Int Emit::effective_offset(const Insn& i) {
  // Constants that come to nothing are not even made.
  const auto& m = i.mem;
  bool has_base = m.base != x86::kNoRegister, has_index = m.index != x86::kNoRegister;
  Int offset;
  if (m.disp != 0 || !(has_base || has_index)) offset = imm(static_cast<u64>(m.disp));
  auto plus = [&](Int part) -> Int {
    if (offset.value == kNoValue) return part;
    if (is_constant(part.value)) return add(8, part, offset);
    return {append(Op::kAdd, 8, 0, 0, part.value, offset.value)};
  };
  if (has_index) {
    offset = plus(m.scale == 0 ? gpr(m.index) : shl(8, gpr(m.index), imm(m.scale)));
  }
  if (has_base) offset = plus(gpr(m.base));
  return zext(m.address_width, offset);
}

Emit::Int Emit::segment_base(const Insn& i) {
  if (i.mem.segment == guest::kFs) return load_cpu(8, offsetof(Cpu, fs_base));
  if (i.mem.segment == guest::kGs) return load_cpu(8, offsetof(Cpu, gs_base));
  return imm(0);
}

Emit::Int Emit::operand_address(const Insn& i, Int delta, u32) {
  Int offset = zext(i.mem.address_width, add(8, effective_offset(i), delta));
  return add(8, offset, segment_base(i));
}

Emit::Int Emit::vector_address(const Insn& i, unsigned n) {
  Int at = address(i);
  if (i.aligned && i.op[n].width >= 16) check_aligned(at.value, i.op[n].width);
  return at;
}

// A sum with a multiple of the alignment is as aligned as what it was added to.
void Emit::check_aligned(Value address, unsigned bytes) {
  const Inst& sum = unit_.code[address];
  if (sum.op == Op::kAdd && sum.width == 8) {
    auto added = constant(sum.arg[1]);
    if (added && *added % bytes == 0) return check_aligned(sum.arg[0], bytes);
  }
  Known& k = known_;
  for (unsigned n = 0; n < Known::kAligned; n++) {
    if (k.aligned[n] == address && k.alignment[n] >= bytes) return;
  }
  append(Op::kCheckAligned, bytes, 0, 0, address);
  k.aligned[k.next_aligned] = address;
  k.alignment[k.next_aligned] = static_cast<u8>(bytes);
  k.next_aligned = (k.next_aligned + 1) % Known::kAligned;
}

// Whether it is to be had for nothing: a value that has to be kept for it may cost more than a
// load.
bool Emit::is_at_hand(Value v) const {
  return constant(v) || std::find(known_.gpr, known_.gpr + 16, v) != known_.gpr + 16;
}

Emit::Int Emit::load(unsigned w, Int address) {
  Value stored = stored_.find(unit_, address.value, w);
  if (stored != kNoValue && is_at_hand(stored)) return zext(w, {stored});
  return {append(Op::kLoad, w, 0, 0, address.value)};
}

Emit::Int Emit::atomic_rmw(Rmw operation, unsigned w, Int address, Int value) {
  stored_.forget();
  return {
      append(Op::kAtomicRmw, w, static_cast<unsigned>(operation), 0, address.value, value.value)};
}

Emit::Int Emit::compare_exchange(unsigned w, Int address, Int expected, Int desired) {
  stored_.forget();
  return {append(Op::kCompareExchange, w, 0, 0, address.value, expected.value, desired.value)};
}

// --- integers

unsigned Emit::narrower_width(const Inst& inst) const {
  switch (inst.op) {
    case Op::kConst:
      return bytes_of(inst.imm);
    case Op::kSext:
    case Op::kInsert:
      return 8;
    case Op::kSelect:
      return std::max(known_width(inst.arg[1]), known_width(inst.arg[2]));
    case Op::kAnd:
      return std::min(known_width(inst.arg[0]), known_width(inst.arg[1]));
    case Op::kShr:
      return std::min<unsigned>(inst.width, known_width(inst.arg[0]));
    default:
      return inst.width;
  }
}

// Reads of one register are extensions of one value.
bool Emit::same(Value a, Value b) const {
  const Inst &x = unit_.code[a], &y = unit_.code[b];
  bool extended = x.op == Op::kZext && y.op == Op::kZext;
  return a == b || (extended && x.width == y.width && x.arg[0] == y.arg[0]);
}

// Of a value whose low bytes were replaced those bytes, when nothing but bits of `mask` is read.
Emit::Int Emit::low_part(Int a, u64 mask) const {
  auto keeps = [&](const Inst& inst) { return mask <= width_mask(inst.width); };
  const Inst* inst = &unit_.code[a.value];
  if (inst->op == Op::kZext && keeps(*inst)) inst = &unit_.code[inst->arg[0]];
  bool inserted = inst->op == Op::kInsert && inst->aux == 0 && keeps(*inst);
  return inserted ? Int{inst->arg[1]} : a;
}

// What an operation with a constant on its right is without it.
std::optional<Emit::Int> Emit::simplify(Op op, unsigned w, Int a, u64 b) {
  switch (op) {
    case Op::kAdd:
    case Op::kSub:
    case Op::kOr:
    case Op::kXor:
    case Op::kShl:
    case Op::kShr:
    case Op::kRol:
    case Op::kRor:
      if (b == 0 && fits(a.value, w)) return a;
      return std::nullopt;
    case Op::kAnd:
      if (b == 0) return imm(0);
      if (b == width_mask(w) && fits(a.value, w)) return a;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

Emit::Int Emit::binary(Op op, unsigned w, Int a, Int b) {
  bool has_constant = is_constant(a.value) || is_constant(b.value);
  bool may_be_of_one = op == Op::kSub || op == Op::kXor || op == Op::kAnd || op == Op::kOr;
  if (has_constant || may_be_of_one) return fold(op, w, a, b);
  return {append(op, w, 0, 0, a.value, b.value)};
}

Emit::Int Emit::fold(Op op, unsigned w, Int a, Int b) {
  auto x = constant(a.value), y = constant(b.value);
  if (same(a.value, b.value)) {
    if (op == Op::kXor || op == Op::kSub) return imm(0);
    if (op == Op::kAnd || op == Op::kOr) return zext(w, a);
  }
  if (x && y) return imm(evaluate_binary(op, w, *x, *y));
  if (x && is_commutative(op)) {
    std::swap(a, b);
    std::swap(x, y);
  }
  if (y) {
    if (auto simple = simplify(op, w, a, *y)) return *simple;
    if (op == Op::kAnd) a = low_part(a, *y);
  }
  return {append(op, w, 0, 0, a.value, b.value)};
}

Emit::Int Emit::unary(Op op, unsigned w, Int a) {
  if (op == Op::kZext && fits(a.value, w)) return a;
  if (auto x = constant(a.value)) return imm(evaluate_unary(op, w, *x));
  if (op == Op::kZext || op == Op::kSext) {
    Int part = low_part(a, width_mask(w));
    if (part.value != a.value) return unary(op, w, part);
  }
  // Of a sum that no register holds, only the half is computed.
  const Inst& inst = unit_.code[a.value];
  bool sum = op == Op::kZext && w == 4 && (inst.op == Op::kAdd || inst.op == Op::kSub);
  if (sum && std::find(known_.gpr, known_.gpr + 16, a.value) == known_.gpr + 16) {
    return binary(inst.op, w, {inst.arg[0]}, {inst.arg[1]});
  }
  if (op == Op::kSext && w == 8) return a;
  return {append(op, w, 0, 0, a.value)};
}

Emit::Bool Emit::compare(Op op, unsigned w, Int a, Int b) {
  return {append(op, w, 0, 0, a.value, b.value)};
}

// --- flags

Emit::Flags Emit::flags() {
  if (known_.flags == kNoValue) known_.flags = append(Op::kGetFlags);
  return {known_.flags};
}

void Emit::set_flags(Flags f) {
  // Nobody asks before they are set again.
  if (!sets_flags_) return;
  append(Op::kSetFlags, 0, 0, known_.flags, f.value);
  known_.flags = f.value;
}

void Emit::set_flags_if(Bool c, Flags f) {
  if (!sets_flags_) return set_flags({});
  Flags old = flags();
  set_flags({append(Op::kFlagsSelect, 0, 0, 0, c.value, f.value, old.value)});
}

void Emit::update_flags(u64 mask, Int bits) {
  if (!sets_flags_) return set_flags({});
  Flags old = flags();
  set_flags({append(Op::kFlagsUpdate, 0, 0, mask, old.value, bits.value)});
}

Emit::Flags Emit::flags_raw(Int bits) {
  if (!sets_flags_) return {};
  return {append(Op::kFlagsRaw, 8, 0, 0, bits.value)};
}

Emit::Flags Emit::flags_of(FlagKind k, unsigned w, Int lhs, Int rhs, Int result) {
  if (!sets_flags_) return {};
  return {append(Op::kFlagsOf, w, static_cast<unsigned>(k), 0, lhs.value, rhs.value, result.value)};
}

Emit::Flags Emit::flags_incdec(FlagKind k, unsigned w, Int lhs, Int result) {
  if (!sets_flags_) return {};
  Flags old = flags();
  return {
      append(Op::kFlagsIncDec, w, static_cast<unsigned>(k), 0, lhs.value, result.value, old.value)};
}

Emit::Flags Emit::flags_result(unsigned w, Int result, Int bits) {
  if (!sets_flags_) return {};
  return {append(Op::kFlagsResult, w, 0, 0, result.value, bits.value)};
}

Emit::Bool Emit::flag(u64 bit) {
  switch (bit) {
    case guest::kCF:
      return condition(Condition::kB);
    case guest::kZF:
      return condition(Condition::kE);
    case guest::kSF:
      return condition(Condition::kS);
    case guest::kPF:
      return condition(Condition::kP);
    case guest::kOF:
      return condition(Condition::kO);
    case guest::kAF:
      return {append(Op::kTestAf, 0, 0, 0, flags().value)};
    default:
      return not_zero(and_(8, load_cpu(8, offsetof(Cpu, system_flags)), imm(bit)));
  }
}

// --- control flow

void Emit::branch(Bool c, u64 taken, u64 not_taken) {
  Int there = imm(taken), here = imm(not_taken);
  append(Op::kBranch, 8, 0, 0, c.value, there.value, here.value);
}

// RIP stays at the instruction while the count is not used up.
void Emit::jump_after_repeat(const Insn& i) {
  branch(is_zero(zext(i.mem.address_width, gpr(guest::kRcx))), i.next_rip(), i.rip);
}

Emit::Known Emit::enter_if(Bool c) {
  note_barrier();
  append(Op::kIf, 0, 0, 0, c.value);
  return known_;
}

Emit::Known Emit::enter_else(const Known& before) {
  note_barrier();
  append(Op::kElse);
  Known after_then = known_;
  known_ = before;
  return after_then;
}

// Only what both ways agree on is known, and no value of one way is used after it.
void Emit::leave_if(const Known& other) {
  note_barrier();
  append(Op::kEndIf);
  known_.forget_differences(other);
}

}  // namespace gantry::ir

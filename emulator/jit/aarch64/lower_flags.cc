// Flags and conditions. NZCV, x26 and x27 hold the guest's flags (abi.h); what computes them is
// chosen by which of them are read before they are set again.
#include <algorithm>
#include <bit>

#include "emulator/base/bits.h"
#include "emulator/base/check.h"
#include "emulator/jit/aarch64/functions.h"
#include "emulator/jit/aarch64/lowering.h"
#include "emulator/x86/flag_effect.h"

namespace gantry::aarch64 {
namespace {

using guest::FlagKind;

// Where NZCV has each flag, and RFLAGS.
constexpr unsigned kHostN = 31, kHostZ = 30, kHostC = 29, kHostV = 28;
constexpr unsigned kGuestC = 0, kGuestP = 2, kGuestA = 4, kGuestZ = 6, kGuestS = 7, kGuestO = 11;

constexpr Condition kConditions[16] = {
    kVs, kVc,  // O
    kLo, kHs,  // B: C is set where there is no borrow
    kEq, kNe,  // E
    kLs, kHi,  // BE
    kMi, kPl,  // S
    kAl, kAl,  // P: not in NZCV
    kLt, kGe,  // L
    kLe, kGt,  // LE
};

bool is_parity(unsigned condition) { return condition >> 1 == 5; }

// Bit 0 of `to`: whether the low byte has an odd number of ones, which is PF clear.
void odd_parity(Assembler& a, X to) {
  a.eor(4, to, kParity, {kParity, kLsr, 4});
  a.eor(4, to, to, {to, kLsr, 2});
  a.eor(4, to, to, {to, kLsr, 1});
}

}  // namespace

u8 flags_of(u16 rflags) {
  auto pick = [&](u64 bit, u8 flag) { return rflags & bit ? flag : kNoFlags; };
  return pick(guest::kSF, kFlagN) | pick(guest::kZF, kFlagZ) | pick(guest::kCF, kFlagC) |
         pick(guest::kOF, kFlagV) | pick(guest::kPF, kFlagP) | pick(guest::kAF, kFlagA);
}

// NZCV.C := not NZCV.C
void Lowering::complement_carry(Assembler& a) {
  if (features().flagm) return a.cfinv();
  a.mrs(kScratch0, SystemRegister::kNzcv);
  a.eor(8, kScratch0, kScratch0, u64{1} << kHostC);
  a.msr(SystemRegister::kNzcv, kScratch0);
}

// NZCV.C := that of a saved NZCV
void Lowering::restore_carry(Assembler& a, X nzcv) {
  if (features().flagm) return a.rmif(nzcv, 28, 2);
  a.mrs(kScratch0, SystemRegister::kNzcv);
  a.lsr(8, nzcv, nzcv, kHostC);
  a.bfi(8, kScratch0, nzcv, kHostC, 1);
  a.msr(SystemRegister::kNzcv, kScratch0);
}

// --- reading

// A condition of flags that nothing else reads, as a test of the number that they are of.
std::optional<Lowering::Test> Lowering::test_number(const Inst& i) {
  if (i.arg[0] != held_.flags || (live_ & kFlagsNzcv)) return std::nullopt;
  const Inst& flags = inst(i.arg[0]);
  auto kind = static_cast<FlagKind>(flags.aux);
  bool of_logic = flags.op == Op::kFlagsOf && kind == FlagKind::kLogic;
  bool of_zero = flags.op == Op::kFlagsOf && kind == FlagKind::kSub && constant(flags.arg[1]) == 0;
  if (!of_logic && !of_zero) return std::nullopt;
  Value number = of_logic ? flags.arg[2] : flags.arg[0];
  const Inst& made = inst(number);
  unsigned w = flags.width;
  Test t;
  t.inverted = i.aux & 1;
  switch (i.aux >> 1) {
    case 2: {  // E
      auto mask = made.op == Op::kAnd ? constant(made.arg[1]) : std::nullopt;
      if (mask && std::has_single_bit(*mask) && is_free_standing(number)) {
        t.kind = Test::Kind::kBit;
        t.bit = static_cast<unsigned>(std::countr_zero(*mask));
        t.reg = use(made.arg[0], w);
        return t;
      }
      bool costs = is_free_standing(number) && made.op != Op::kLoad;
      if (constant(number) || (costs && (w < 4 || made.op == Op::kAnd))) return std::nullopt;
      t.kind = Test::Kind::kZero;
      t.width = w == 8 ? 8 : 4;
      t.reg = use(number, w < 4 ? 8 : w);
      return t;
    }
    case 4:  // S
    case 6:  // L: there is no overflow
      if (constant(number)) return std::nullopt;
      t.kind = Test::Kind::kBit;
      t.inverted = !t.inverted;
      t.bit = w * 8 - 1;
      t.reg = use(number, w);
      return t;
    default:
      return std::nullopt;
  }
}

// How a branch tests the condition.
Lowering::Test Lowering::branch_test(Value v) {
  if (inst(v).op == Op::kTestFlags && !is_wanted(v) && !branches_far_) {
    if (auto t = test_number(inst(v))) return *t;
  }
  return test(v);
}

Lowering::Test Lowering::test_flags(const Inst& i, Value v) {
  Test t;
  bool current = i.arg[0] == held_.flags;
  if (!current) {
    t.kind = Test::Kind::kZero;
    t.inverted = true;
    t.reg = X{use_register(v)};
    return t;
  }
  live_ |= flags_of(x86::flags_read_by(static_cast<x86::Condition>(i.aux)));
  if (!is_parity(i.aux)) {
    t.condition = kConditions[i.aux];
    return t;
  }
  t.kind = Test::Kind::kBit;
  t.reg = kScratch2;
  t.inverted = i.aux & 1;
  t.prepare([](Assembler& a) { odd_parity(a, kScratch2); });
  return t;
}

Lowering::Test Lowering::test_comparison(const Inst& i) {
  Test t;
  unsigned w = i.width, hw = w == 8 ? 8 : 4;
  auto c = constant(i.arg[1]);
  if (i.op == Op::kEq && c == 0) {
    t.kind = Test::Kind::kZero;
    t.width = hw;
    t.reg = use(i.arg[0], w >= 4 ? w : 8);
    return t;
  }
  X lhs = use(i.arg[0], w >= 4 ? w : 8);
  X rhs = c ? kScratch2 : use(i.arg[1], w >= 4 ? w : 8);
  switch (i.op) {
    case Op::kEq:
      t.condition = kEq;
      break;
    case Op::kUlt:
      t.condition = kLo;
      break;
    case Op::kUle:
      t.condition = kLs;
      break;
    case Op::kSlt:
      t.condition = kLt;
      break;
    default:
      t.condition = kLe;
      break;
  }
  bool keep = live_ & kFlagsNzcv;
  t.prepare([&](Assembler& a) {
    if (c) a.movz(8, kScratch2, 0);
    if (keep) a.mrs(kScratch1, SystemRegister::kNzcv);
    bool is_signed = i.op == Op::kSlt || i.op == Op::kSle;
    if (w < 4 && is_signed) {
      // At the top of a word.
      unsigned up = 32 - w * 8;
      if (c) a.mov(4, kScratch2, *c);
      a.lsl(4, kScratch0, lhs, up);
      a.cmp(4, kScratch0, {rhs, kLsl, up});
    } else if (c && encode_add_immediate(*c)) {
      a.cmp(hw, lhs, *c);
    } else {
      if (c) a.mov(hw, kScratch2, *c);
      a.cmp(hw, lhs, rhs);
    }
    if (!keep) return;
    a.cset(4, kScratch2, t.condition);
    a.msr(SystemRegister::kNzcv, kScratch1);
  });
  if (keep) {
    t.kind = Test::Kind::kZero;
    t.inverted = true;
    t.reg = kScratch2;
  }
  return t;
}

// How a condition is tested by the operation at hand.
Lowering::Test Lowering::test(Value v) {
  const Inst& i = inst(v);
  if (!is_wanted(v)) {
    switch (i.op) {
      case Op::kTestFlags:
        return test_flags(i, v);
      case Op::kBoolNot: {
        Test t = test(i.arg[0]);
        t.inverted = !t.inverted;
        return t;
      }
      case Op::kEq:
      case Op::kUlt:
      case Op::kUle:
      case Op::kSlt:
      case Op::kSle:
        return test_comparison(i);
      default:
        break;
    }
  }
  Test t;
  t.kind = Test::Kind::kZero;
  t.inverted = true;
  t.reg = X{use_register(v)};
  return t;
}

// A condition as a number, for users that are not next to it.
void Lowering::lower_bool() {
  const Inst& i = inst(at_);
  X to = result();
  switch (i.op) {
    case Op::kBoolAnd:
    case Op::kBoolOr:
    case Op::kBoolXor: {
      X lhs = X{use_register(i.arg[0])}, rhs = X{use_register(i.arg[1])};
      return sequence([&](Assembler& a) {
        if (i.op == Op::kBoolAnd) return a.and_(4, to, lhs, rhs);
        if (i.op == Op::kBoolOr) return a.orr(4, to, lhs, rhs);
        a.eor(4, to, lhs, rhs);
      });
    }
    case Op::kBoolNot: {
      X from = X{use_register(i.arg[0])};
      return sequence([&](Assembler& a) { a.eor(4, to, from, 1); });
    }
    case Op::kTestAf:
      live_ |= kFlagA;
      return sequence([&](Assembler& a) { a.ubfx(8, to, kAdjust, 4, 1); });
    default:
      break;
  }
  test_to_number(i.op == Op::kTestFlags ? test_flags(i, at_) : test_comparison(i), to);
}

void Lowering::test_to_number(const Test& t, X to) {
  sequence([&](Assembler& a) {
    switch (t.kind) {
      case Test::Kind::kCondition:
        return a.cset(4, to, t.inverted ? !t.condition : t.condition);
      case Test::Kind::kBit:
        a.ubfx(8, to, t.reg, t.bit, 1);
        break;
      case Test::Kind::kZero:
        if (t.inverted && t.reg == kScratch2) return a.mov(4, to, t.reg);  // a number already
        a.clz(t.width, to, t.reg);
        a.lsr(4, to, to, t.width == 8 ? 6 : 5);
        break;
    }
    bool holds_at_one = t.kind == Test::Kind::kZero;
    if (holds_at_one == t.inverted) a.eor(4, to, to, 1);
  });
  prepend_prelude(t);
}

void Lowering::lower_flag_bits() {
  X to = result();
  live_ = kAllFlags;
  sequence([&](Assembler& a) {
    a.mrs(kScratch1, SystemRegister::kNzcv);
    odd_parity(a, kScratch2);
    a.and_(4, kScratch2, kScratch2, 1);
    a.eor(4, kScratch2, kScratch2, 1);
    a.ubfx(8, kScratch0, kScratch1, kHostZ, 2);
    a.lsl(8, kScratch0, kScratch0, kGuestZ);
    a.bfi(8, kScratch0, kScratch2, kGuestP, 1);
    a.eor(8, kScratch2, kScratch1, u64{1} << kHostC);
    a.lsr(8, kScratch2, kScratch2, kHostC);
    a.bfi(8, kScratch0, kScratch2, kGuestC, 1);
    a.lsr(8, kScratch2, kScratch1, kHostV);
    a.bfi(8, kScratch0, kScratch2, kGuestO, 1);
    a.lsr(8, kScratch2, kAdjust, kGuestA);
    a.bfi(8, kScratch0, kScratch2, kGuestA, 1);
    a.mov(8, to, kScratch0);
  });
}

// --- setting

void Lowering::lower_set_flags() {
  u8 needed = live_;
  live_ = kNoFlags;
  held_.flags = previous();
  if (at_ == late_set_) {
    keep_late_result();
    needed &= static_cast<u8>(~kFlagP);
  }
  if (needed != kNoFlags) lower_flags_value(inst(at_).arg[0], needed);
}

void Lowering::lower_flags_value(Value v, u8 needed) {
  const Inst& i = inst(v);
  switch (i.op) {
    case Op::kGetFlags:
      live_ |= needed;
      return;
    case Op::kFlagsOf:
      return lower_flags_of(i, needed);
    case Op::kFlagsIncDec:
      return lower_flags_incdec(i, needed);
    case Op::kFlagsResult:
      return lower_flags_result(i, needed);
    case Op::kFlagsRaw:
      return lower_flags_raw(i, needed);
    case Op::kFlagsUpdate:
      return lower_flags_update(i, needed);
    case Op::kFlagsSelect:
      return lower_flags_select(i, needed);
    default:
      UNREACHABLE();
  }
}

// Whether the number, which flags are made of, is not used but for them, so that kParity can be
// where it is computed. Nothing in between leaves the block: the flags before it are of no use.
bool Lowering::is_made_for_parity(Value v) const {
  constexpr u8 kStops = ir::kMayFault | ir::kMark | ir::kCallPart;
  Op op = inst(v).op;
  bool computes =
      op == Op::kAdd || op == Op::kSub || op == Op::kAnd || op == Op::kOr || op == Op::kXor;
  if (edge_ || conditional_ != 0 || !computes || !is_free_standing(v)) return false;
  if (inst(at_).op != Op::kSetFlags) return false;
  return std::none_of(code_ + v, code_ + at_,
                      [](const Inst& i) { return ir::info(i.op).effects & kStops; });
}

// The low `width` bytes go to kParity.
void Lowering::set_parity(Value v, unsigned width) {
  auto c = constant(v);
  if (c && is_free_standing(v)) return sequence([&](Assembler& a) { a.mov(8, kParity, *c); });
  if (is_made_for_parity(v)) {
    states_[v].place.reg = kParity.code;
    return;
  }
  X from = use(v, width);
  sequence([&](Assembler& a) { a.mov(8, kParity, from); });
}

// Lets the operation that makes `v` set NZCV as well, when nothing between it and here cares.
bool Lowering::fuse_flags(Value v, u8 needed) {
  for (Value n = static_cast<Value>(v + 1); n < at_; n++) {
    switch (inst(n).op) {
      case Op::kNop:
      case Op::kConst:
      case Op::kGetGpr:
      case Op::kSetGpr:
      case Op::kGetFlags:
      case Op::kZext:
      case Op::kSext:
      case Op::kShl:
      case Op::kShr:
      case Op::kSar:
      case Op::kInsert:
      case Op::kFlagsOf:
      case Op::kFlagsIncDec:
        break;
      default:
        return false;
    }
  }
  states_[v].fused = needed & kFlagsNzcv;
  return true;
}

// AF of an addition or subtraction of a constant, from the result alone: from its low four bits and
// the constant's comes a carry.
void Lowering::set_adjust_of_constant(Value result, bool subtract, unsigned low) {
  if (low == 0) return sequence([](Assembler& a) { a.mov(8, kAdjust, kZr); });
  X from = use(result, 1);
  sequence([&](Assembler& a) {
    if (low == 8) {
      return subtract ? a.lsl(8, kAdjust, from, 1) : a.mvn(8, kAdjust, {from, kLsl, 1});
    }
    a.and_(4, kAdjust, from, 15);
    subtract ? a.add(4, kAdjust, kAdjust, low) : a.sub(4, kAdjust, kAdjust, low);
  });
}

// Of FlagsOf and FlagsIncDec: PF is that of the result, AF is set where a carry came into bit 4.
void Lowering::lower_parity_and_adjust(const Inst& i, u8 needed) {
  bool by_one = i.op == Op::kFlagsIncDec;
  Value made = by_one ? i.arg[1] : i.arg[2];
  if (needed & kFlagP) set_parity(made);
  if (!(needed & kFlagA)) return;
  if (static_cast<FlagKind>(i.aux) == FlagKind::kLogic) {
    return sequence([&](Assembler& a) { a.mov(8, kAdjust, kZr); });
  }
  auto c = by_one ? std::optional<u64>(1) : constant(i.arg[1]);
  auto kind = static_cast<FlagKind>(i.aux);
  bool adds = kind == FlagKind::kAdd || (by_one && kind == FlagKind::kInc);
  bool subtracts = kind == FlagKind::kSub || (by_one && kind == FlagKind::kDec);
  Value left = peel(i.arg[0], 1);
  unsigned low = c.value_or(0) & 15;
  bool overwritten = is_free_standing(left) && inst(left).op == Op::kGetGpr;
  if (c && (adds || subtracts) && (overwritten || low == 8 || low == 0)) {
    return set_adjust_of_constant(made, subtracts, low);
  }
  X lhs = use(left), result = use(made, 1);
  X rhs = c ? kScratch0 : use(i.arg[1], 1);
  sequence([&](Assembler& a) {
    a.eor(8, kAdjust, lhs, result);
    if (!c) a.eor(8, kAdjust, kAdjust, rhs);
    if (c && *c & 16) a.eor(8, kAdjust, kAdjust, 16);
  });
}

void Lowering::lower_flags_of(const Inst& i, u8 needed) {
  auto kind = static_cast<FlagKind>(i.aux);
  lower_parity_and_adjust(i, needed);
  if (!(needed & kFlagsNzcv)) return;
  switch (kind) {
    case FlagKind::kLogic:
      return lower_flags_logic(i, needed);
    case FlagKind::kAdd:
    case FlagKind::kSub:
      return lower_flags_compare(i, needed);
    default:
      return lower_flags_carry(i, needed);
  }
}

// As ADDS or SUBS leave them, but for the carry of an addition.
void Lowering::lower_flags_compare(const Inst& i, u8 needed) {
  bool subtract = static_cast<FlagKind>(i.aux) == FlagKind::kSub;
  unsigned w = i.width;
  const Inst& made = inst(i.arg[2]);
  bool same = made.op == (subtract ? Op::kSub : Op::kAdd) && made.width == w;
  if (w < 4) return lower_flags_compare_narrow(i, needed);
  // NEG: 0 - x, whose result is made by another operation.
  if (same && i.arg[2] < at_ && fuse_flags(i.arg[2], needed)) return;
  auto c = constant(i.arg[1]);
  X lhs = source(i.arg[0], kScratch0, w);
  u64 value = c ? *c & width_mask(w) : 0;
  bool fits = c && encode_add_immediate(value);
  bool moves = c && !fits && is_free_standing(i.arg[1]);
  X rhs = fits || moves ? kScratch1 : use(i.arg[1], w);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[0]);
    if (fits) {
      subtract ? a.cmp(w, lhs, value) : a.cmn(w, lhs, value);
    } else {
      subtract ? a.cmp(w, lhs, rhs) : a.cmn(w, lhs, rhs);
    }
    if (!subtract && (needed & kFlagC)) complement_carry(a);
  });
  if (moves) load_immediate(rhs, value);
}

// Of one and two bytes.
void Lowering::lower_flags_compare_narrow(const Inst& i, u8 needed) {
  bool subtract = static_cast<FlagKind>(i.aux) == FlagKind::kSub;
  bool is_signed = needed & (kFlagN | kFlagV);
  unsigned w = i.width, up = 32 - w * 8;
  auto c = constant(i.arg[1]);
  u64 value = c ? *c & width_mask(w) : 0;
  if (c && value == 0 && subtract && !(needed & kFlagC)) {
    return lower_flags_narrow_number(i.arg[0], w, is_signed);
  }
  if (subtract && !is_signed) return lower_flags_compare_unsigned(i, needed);
  X lhs = source(i.arg[0], kScratch0, w);
  X rhs = c ? kScratch1 : use(i.arg[1], w);
  sequence([&](Assembler& a) {
    // At the top of a word, where sign, carry and overflow are the host's.
    load_constant(a, 8, kScratch0, i.arg[0]);
    a.lsl(4, kScratch0, lhs, up);
    if (c) a.mov(4, rhs, value << up);
    fields::RmShifted right(rhs, kLsl, c ? 0 : up);
    subtract ? a.cmp(4, kScratch0, right) : a.cmn(4, kScratch0, right);
    if (!subtract && (needed & kFlagC)) complement_carry(a);
  });
}

// Zero-extended operands of one and two bytes compare as they do.
void Lowering::lower_flags_compare_unsigned(const Inst& i, u8 needed) {
  auto c = constant(i.arg[1]);
  Value left = i.arg[0], right = i.arg[1];
  bool swaps = !c && !constant(left) && !(needed & kFlagC) && peel(right, i.width) == right;
  if (swaps) std::swap(left, right);
  right = peel(right, i.width);
  bool extends = right != (swaps ? i.arg[0] : i.arg[1]);
  X lhs = source(left, kScratch0);
  X rhs = c ? kScratch1 : use(right);
  sequence([&](Assembler& a) {
    load_constant(a, 4, kScratch0, left);
    if (extends) return a.cmp(4, lhs, {rhs, i.width == 1 ? kUxtb : kUxth});
    if (c && encode_add_immediate(*c)) return a.cmp(4, lhs, *c);
    if (c) a.mov(4, rhs, *c);
    a.cmp(4, lhs, rhs);
  });
}

// ZF, and SF where it is asked for, of a number of one or two bytes; V is clear and C is anything.
void Lowering::lower_flags_narrow_number(Value v, unsigned width, bool with_sign) {
  X number = source(v, kScratch0, width);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, v);
    if (!with_sign) return a.tst(4, number, width_mask(width));
    a.cmn(4, kZr, {number, kLsl, 32 - width * 8});
  });
}

// Comparing the result with zero gives N, Z, no borrow and no overflow.
void Lowering::lower_flags_logic(const Inst& i, u8 needed) {
  unsigned w = i.width;
  const Inst& made = inst(i.arg[2]);
  bool ands = made.op == Op::kAnd && made.width == w && !(needed & kFlagC);
  bool positive = !(possible_bits(i.arg[2]) >> (w * 8 - 1) & 1);
  bool same_sign = w >= 4 || positive || !(needed & kFlagN);
  if (ands && same_sign && fuse_flags(i.arg[2], needed)) return;
  if (w < 4 && !(needed & kFlagC)) {
    return lower_flags_narrow_number(i.arg[2], w, needed & kFlagN);
  }
  if (constant(i.arg[2]) == 0) return sequence([](Assembler& a) { a.cmp(4, kZr, kZr); });
  X result = source(i.arg[2], kScratch0, w);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[2]);
    if (w >= 4 || positive) return a.cmp(w == 8 ? 8 : 4, result, 0);
    a.lsl(4, kScratch0, result, 32 - w * 8);
    a.cmp(4, kScratch0, 0);
  });
}

// ADC and SBB: carry and overflow from the operands and the result (flags.h).
void Lowering::lower_flags_carry(const Inst& i, u8 needed) {
  bool subtract = static_cast<FlagKind>(i.aux) == FlagKind::kSbb;
  unsigned w = i.width, top = w * 8 - 1;
  X lhs = use(i.arg[0]), rhs = use(i.arg[1]), result = use(i.arg[2]);
  sequence([&](Assembler& a) {
    // N and Z
    a.lsl(8, kScratch0, result, 63 - top);
    a.cmp(8, kScratch0, 0);
    if (!(needed & (kFlagC | kFlagV))) return;
    a.mrs(kScratch2, SystemRegister::kNzcv);
    if (subtract) {
      // Borrow: (~l & r) | ((~l | r) & d)
      a.bic(8, kScratch0, rhs, lhs);
      a.orn(8, kScratch1, rhs, lhs);
    } else {
      // Carry: (l & r) | ((l | r) & ~s)
      a.and_(8, kScratch0, lhs, rhs);
      a.orr(8, kScratch1, lhs, rhs);
    }
    subtract ? a.and_(8, kScratch1, kScratch1, result) : a.bic(8, kScratch1, kScratch1, result);
    a.orr(8, kScratch0, kScratch0, kScratch1);
    a.lsr(8, kScratch0, kScratch0, top);
    a.eor(4, kScratch0, kScratch0, 1);
    a.bfi(8, kScratch2, kScratch0, kHostC, 1);
    // Overflow: the operands' signs say that the result's is wrong.
    a.eor(8, kScratch0, lhs, result);
    a.eor(8, kScratch1, subtract ? lhs : rhs, subtract ? rhs : result);
    a.and_(8, kScratch0, kScratch0, kScratch1);
    a.lsr(8, kScratch0, kScratch0, top);
    a.bfi(8, kScratch2, kScratch0, kHostV, 1);
    a.msr(SystemRegister::kNzcv, kScratch2);
  });
}

void Lowering::lower_flags_incdec(const Inst& i, u8 needed) {
  bool subtract = static_cast<FlagKind>(i.aux) == FlagKind::kDec;
  unsigned w = i.width;
  lower_parity_and_adjust(i, needed);
  if (!(needed & kFlagsNzcv)) return;
  bool keep_carry = needed & kFlagC;
  const Inst& made = inst(i.arg[1]);
  bool same = made.op == (subtract ? Op::kSub : Op::kAdd) && made.width == w && w >= 4;
  if (keep_carry) live_ |= kFlagC;
  if (same && fuse_flags(i.arg[1], needed & ~kFlagC)) {
    if (keep_carry) states_[i.arg[1]].fused |= kKeepsCarry;
    return;
  }
  X lhs = source(i.arg[0], kScratch1, w);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch1, i.arg[0]);
    if (keep_carry) a.mrs(kScratch2, SystemRegister::kNzcv);
    if (w >= 4) {
      subtract ? a.cmp(w, lhs, 1) : a.cmn(w, lhs, 1);
    } else {
      unsigned up = 32 - w * 8;
      a.lsl(4, kScratch0, lhs, up);
      a.mov(4, kScratch1, u64{1} << up);
      subtract ? a.cmp(4, kScratch0, kScratch1) : a.cmn(4, kScratch0, kScratch1);
    }
    if (keep_carry) restore_carry(a, kScratch2);
  });
}

// Shifts and multiplications: N and Z of the result, C and V as bits of RFLAGS.
void Lowering::lower_flags_result(const Inst& i, u8 needed) {
  unsigned w = i.width;
  if (needed & kFlagP) set_parity(i.arg[0]);
  bool bits_needed = needed & (kFlagC | kFlagV | kFlagA);
  X bits = bits_needed ? source(i.arg[1], kScratch1) : kScratch1;
  if (needed & kFlagA) {
    sequence([&](Assembler& a) {
      if (auto c = constant(i.arg[1])) return a.mov(8, kAdjust, *c);
      a.mov(8, kAdjust, bits);
    });
  }
  if (!(needed & kFlagsNzcv)) return;
  u64 possible = possible_bits(i.arg[1]);
  X result = source(i.arg[0], kScratch0, w);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[0]);
    if (w >= 4) {
      a.cmp(w, result, 0);
    } else if (!(needed & kFlagC)) {
      a.cmn(4, kZr, {result, kLsl, 32 - w * 8});
    } else {
      a.lsl(4, kScratch0, result, 32 - w * 8);
      a.cmp(4, kScratch0, 0);
    }
    // The comparison has left C set and V clear.
    bool carry = (needed & kFlagC) && (possible & guest::kCF);
    bool overflow = (needed & kFlagV) && (possible & guest::kOF);
    if (!carry && !overflow) return;
    load_constant(a, 8, kScratch1, i.arg[1]);
    if (carry) a.eor(8, kScratch0, bits, 1);
    if (features().flagm) {
      if (carry) a.rmif(kScratch0, 63, 2);
      if (overflow) a.rmif(bits, kGuestO, 1);
      return;
    }
    a.mrs(kScratch2, SystemRegister::kNzcv);
    if (carry) a.bfi(8, kScratch2, kScratch0, kHostC, 1);
    if (overflow) {
      a.lsr(8, kScratch0, bits, kGuestO);
      a.bfi(8, kScratch2, kScratch0, kHostV, 1);
    }
    a.msr(SystemRegister::kNzcv, kScratch2);
  });
}

// Which bits of the value may be set, as far as that is easy to see.
u64 Lowering::possible_bits(Value v) const {
  const Inst& i = inst(v);
  switch (i.op) {
    case Op::kConst:
      return i.imm;
    case Op::kSelect:
      return possible_bits(i.arg[1]) | possible_bits(i.arg[2]);
    case Op::kAnd:
      return constant(i.arg[1]).value_or(~u64{0});
    case Op::kToInt:
      return 1;
    default:
      return ~u64{0};
  }
}

void Lowering::clear_parity_and_adjust(u8 needed) {
  sequence([&](Assembler& a) {
    if (needed & kFlagP) a.mov(8, kParity, u64{1});
    if (needed & kFlagA) a.mov(8, kAdjust, kZr);
  });
}

// PTEST: ZF and CF where one vector, and the other, is zero.
void Lowering::lower_flags_vectors(const Inst& test, u8 needed) {
  bool carry = needed & kFlagC;
  V zf = use_vector(test.arg[0]);
  V cf = carry ? use_vector(test.arg[1]) : zf;
  sequence([&](Assembler& a) {
    if (carry) {
      a.umaxv(k4S, kVectorScratch0, cf);
      a.fmov(4, kScratch0, kVectorScratch0);
      a.cmp(4, kScratch0, 0);
      a.cset(4, kScratch1, kNe);
    }
    a.umaxv(k4S, kVectorScratch0, zf);
    a.fmov(4, kScratch0, kVectorScratch0);
    a.cmp(8, kScratch0, 0);
    if (!carry) return;
    if (features().flagm) return a.rmif(kScratch1, 63, 2);
    a.mrs(kScratch0, SystemRegister::kNzcv);
    a.bfi(8, kScratch0, kScratch1, kHostC, 1);
    a.msr(SystemRegister::kNzcv, kScratch0);
  });
}

// Where no flag but ZF, or ZF and CF by PTEST, can be set. False elsewhere.
bool Lowering::lower_flags_zero(const Inst& i, u8 needed) {
  const Inst& made = inst(i.arg[0]);
  bool vectors = made.op == Op::kApplyInt && !is_wanted(i.arg[0]) && tests_vectors(unit_, made);
  if (!vectors && (possible_bits(i.arg[0]) & ~u64{guest::kZF})) return false;
  clear_parity_and_adjust(needed);
  if (!(needed & kFlagsNzcv)) return true;
  if (vectors) {
    lower_flags_vectors(made, needed);
    return true;
  }
  X bits = source(i.arg[0], kScratch1);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch1, i.arg[0]);
    a.mov(4, kScratch0, guest::kZF);
    a.cmp(4, kScratch0, bits);
  });
  return true;
}

void Lowering::lower_flags_raw(const Inst& i, u8 needed) {
  if (inst(i.arg[0]).op == Op::kApplyFloatInt) {
    states_[i.arg[0]].fused = needed;
    return;
  }
  if (lower_flags_zero(i, needed)) return;
  X bits = source(i.arg[0], kScratch1);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch1, i.arg[0]);
    if (needed & kFlagsNzcv) {
      a.ubfx(8, kScratch0, bits, kGuestZ, 2);
      a.lsl(8, kScratch0, kScratch0, kHostZ);
      a.eor(8, kScratch2, bits, 1);
      a.bfi(8, kScratch0, kScratch2, kHostC, 1);
      a.lsr(8, kScratch2, bits, kGuestO);
      a.bfi(8, kScratch0, kScratch2, kHostV, 1);
      a.msr(SystemRegister::kNzcv, kScratch0);
    }
    if (needed & kFlagP) {
      a.ubfx(8, kParity, bits, kGuestP, 1);
      a.eor(8, kParity, kParity, 1);
    }
    if (needed & kFlagA) a.mov(8, kAdjust, bits);
  });
}

// CF := a number that is 0 or 1. `alone`: N, Z and V may become anything.
void Lowering::set_carry(Value v, bool alone) {
  X bit = source(v, kScratch1);
  sequence([&](Assembler& a) {
    load_constant(a, 4, kScratch1, v);
    if (alone) return a.cmp(4, kZr, bit);
    a.eor(4, kScratch0, bit, 1);
    if (features().flagm) return a.rmif(kScratch0, 63, 2);
    a.mrs(kScratch2, SystemRegister::kNzcv);
    a.bfi(8, kScratch2, kScratch0, kHostC, 1);
    a.msr(SystemRegister::kNzcv, kScratch2);
  });
}

// The flags of the mask come from the bits, the others stay.
void Lowering::lower_flags_update(const Inst& i, u8 needed) {
  struct Place {
    u8 flag;
    u64 mask;
    unsigned from, to;
  };
  constexpr Place kPlaces[] = {{kFlagN, guest::kSF, kGuestS, kHostN},
                               {kFlagZ, guest::kZF, kGuestZ, kHostZ},
                               {kFlagC, guest::kCF, kGuestC, kHostC},
                               {kFlagV, guest::kOF, kGuestO, kHostV}};
  u8 changed = (i.imm & guest::kPF ? kFlagP : 0) | (i.imm & guest::kAF ? kFlagA : 0);
  for (const Place& p : kPlaces) changed |= i.imm & p.mask ? p.flag : 0;
  live_ |= needed & ~changed;
  if (!(needed & changed)) return;
  if ((needed & changed) == kFlagC && possible_bits(i.arg[1]) == 1) {
    return set_carry(i.arg[1], !(needed & kFlagsNzcv & ~kFlagC));
  }
  X bits = source(i.arg[1], kScratch1);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch1, i.arg[1]);
    if (needed & changed & kFlagsNzcv) {
      a.mrs(kScratch0, SystemRegister::kNzcv);
      for (const Place& p : kPlaces) {
        if (!(needed & changed & p.flag)) continue;
        a.lsr(8, kScratch2, bits, p.from);
        if (p.flag == kFlagC) a.eor(8, kScratch2, kScratch2, 1);
        a.bfi(8, kScratch0, kScratch2, p.to, 1);
      }
      a.msr(SystemRegister::kNzcv, kScratch0);
    }
    if (needed & changed & kFlagP) {
      a.ubfx(8, kParity, bits, kGuestP, 1);
      a.eor(8, kParity, kParity, 1);
    }
    if (needed & changed & kFlagA) a.mov(8, kAdjust, bits);
  });
}

// Where the condition does not hold, the flags stay: the code that sets them is skipped.
void Lowering::lower_flags_select(const Inst& i, u8 needed) {
  u32 after = out_.label();
  conditional_++;
  lower_flags_value(i.arg[1], needed);
  conditional_--;
  live_ |= needed;
  Test t = test(i.arg[0]);
  branch_within(t, false, after);
  prepend_prelude(t);
}

}  // namespace gantry::aarch64

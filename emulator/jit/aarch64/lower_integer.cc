#include <bit>

#include "emulator/base/bits.h"
#include "emulator/base/check.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {
namespace {

// The register width that an operation of `width` bytes is done in.
unsigned host_width(unsigned width) { return width == 8 ? 8 : 4; }

}  // namespace

// Clears what a narrow result has above its width.
void Lowering::mask_result(Assembler& a, X reg, unsigned width) {
  if (width == 1) a.uxtb(reg, reg);
  if (width == 2) a.uxth(reg, reg);
}

void Lowering::lower_add_sub() {
  const Inst& i = inst(at_);
  unsigned w = i.width, hw = host_width(w);
  bool fused = states_[at_].fused != 0;
  bool wanted = is_wanted(at_);
  X to = wanted ? result() : kZr;
  bool subtract = i.op == Op::kSub;
  Value left = i.arg[0], right = i.arg[1];
  if (constant(right)) return lower_add_constant(to);
  if (wanted && lower_multiply_add(to)) return;
  if (!fused && !subtract && w >= 4 && lower_add_scaled(to)) return;
  auto folded = w >= 4 ? fold_operand(right, w) : std::nullopt;
  if (w >= 4 && !folded && !subtract) {
    folded = fold_operand(left, w);
    if (folded) std::swap(left, right);
  }
  X lhs = source(left, kScratch0, w);
  Operand rhs = folded ? *folded : Operand(use(right, w));
  sequence([&](Assembler& a) {
    load_constant(a, hw, kScratch0, left);
    auto emit = [&](auto operand) {
      if (fused) {
        subtract ? a.subs(hw, to, lhs, operand) : a.adds(hw, to, lhs, operand);
      } else {
        subtract ? a.sub(hw, to, lhs, operand) : a.add(hw, to, lhs, operand);
      }
    };
    if (rhs.extends) {
      emit(fields::RmExtended(rhs.reg, rhs.extend, rhs.amount));
    } else {
      emit(fields::RmShifted(rhs.reg, rhs.shift, rhs.amount));
    }
    if ((states_[at_].fused & kFlagC) && !subtract) complement_carry(a);
    if (wanted && to != kParity) mask_result(a, to, w);
  });
}

// What the value is besides the constants that are added to it, of which `sum` becomes the sum.
ir::Value Lowering::strip_constants(Value v, unsigned width, u64& sum) const {
  while (is_free_standing(v)) {
    const Inst& i = inst(v);
    if ((i.op != Op::kAdd && i.op != Op::kSub) || i.width < width) break;
    auto c = constant(i.arg[1]);
    if (!c) break;
    sum += i.op == Op::kAdd ? *c : -*c;
    v = i.arg[0];
  }
  return v;
}

// to := a register + one that is shifted or extended + a constant, as LEA has it.
bool Lowering::lower_add_scaled(X to) {
  const Inst& i = inst(at_);
  unsigned w = i.width;
  u64 sum = 0;
  Value right = strip_constants(i.arg[1], w, sum);
  sum &= width_mask(w);
  u64 negated = -sum & width_mask(w);
  bool adds = encode_add_immediate(sum).has_value();
  if (sum == 0 || (!adds && !encode_add_immediate(negated))) return false;
  auto folded = constant(right) || constant(i.arg[0]) ? std::nullopt : fold_operand(right, w);
  if (!folded) return false;
  X base = use(i.arg[0], w);
  sequence([&](Assembler& a) {
    if (folded->extends) {
      a.add(w, to, base, {folded->reg, folded->extend, folded->amount});
    } else {
      a.add(w, to, base, {folded->reg, folded->shift, folded->amount});
    }
    adds ? a.add(w, to, to, sum) : a.sub(w, to, to, negated);
  });
  return true;
}

void Lowering::lower_add_constant(X to) {
  const Inst& i = inst(at_);
  unsigned w = i.width, hw = host_width(w);
  bool fused = states_[at_].fused != 0, keeps_carry = states_[at_].fused & kKeepsCarry;
  bool subtract = i.op == Op::kSub;
  u64 value = *constant(i.arg[1]);
  Value left = i.arg[0];
  if (!fused) {
    u64 sum = subtract ? -value : value;
    left = strip_constants(left, w, sum);
    value = subtract ? -sum : sum;
  }
  value &= width_mask(w);
  u64 negated = -value & width_mask(w);
  if (!fused && !encode_add_immediate(value) && encode_add_immediate(negated)) {
    subtract = !subtract;
    value = negated;
  }
  bool fits = encode_add_immediate(value).has_value();
  bool same = subtract == (i.op == Op::kSub) && left == i.arg[0];
  bool at_hand = !fits && same && !is_free_standing(i.arg[1]);
  X lhs = source(left, kScratch0, w);
  X rhs = at_hand ? use(i.arg[1]) : kScratch1;
  sequence([&](Assembler& a) {
    load_constant(a, hw, kScratch0, left);
    if (keeps_carry) a.mrs(kScratch2, SystemRegister::kNzcv);
    auto emit = [&](auto operand) {
      if (fused) {
        subtract ? a.subs(hw, to, lhs, operand) : a.adds(hw, to, lhs, operand);
      } else {
        subtract ? a.sub(hw, to, lhs, operand) : a.add(hw, to, lhs, operand);
      }
    };
    fits ? emit(value) : emit(rhs);
    if ((states_[at_].fused & kFlagC) && !subtract) complement_carry(a);
    if (keeps_carry) restore_carry(a, kScratch2);
    if (to != kZr && to != kParity) mask_result(a, to, w);
  });
  if (!fits && !at_hand) load_immediate(kScratch1, value);
}

void Lowering::lower_logic() {
  const Inst& i = inst(at_);
  unsigned w = i.width, hw = host_width(w);
  bool fused = states_[at_].fused != 0;
  X to = is_wanted(at_) ? result() : kZr;
  if (i.op == Op::kAnd && lower_masked_field(to)) return;
  Value left = i.arg[0], right = i.arg[1];
  auto c = constant(right);
  // Narrow operands are zero-extended, and so is what is made of them. Of an AND, one is enough.
  unsigned read = w >= 4 ? w : 8;
  bool narrows = i.op == Op::kAnd && (!c || *c <= width_mask(w));
  unsigned read_one = narrows ? w : read;
  bool fits = c && *c != 0 && encode_bitmask(hw, *c);
  auto folded = c || w < 4 ? std::nullopt : fold_shift(peel(right, w), w);
  if (!folded && !c && w >= 4) {
    folded = fold_shift(peel(left, w), w);
    if (folded) std::swap(left, right);
  }
  X lhs = source(left, kScratch0, c ? read_one : read);
  Operand rhs = folded ? *folded : Operand(c ? kScratch1 : use(right, read_one));
  sequence([&](Assembler& a) {
    load_constant(a, hw, kScratch0, left);
    auto emit = [&](auto operand) {
      if (fused) return a.ands(hw, to, lhs, operand);
      if (i.op == Op::kAnd) return a.and_(hw, to, lhs, operand);
      if (i.op == Op::kOr) return a.orr(hw, to, lhs, operand);
      a.eor(hw, to, lhs, operand);
    };
    fits ? emit(*c) : emit(fields::RmRotated(rhs.reg, rhs.shift, rhs.amount));
  });
  if (c && !fits) load_immediate(rhs.reg, *c & width_mask(hw));
}

namespace {

// Fills 32 bits with copies of the low `width` bytes.
void repeat_narrow(Assembler& a, X to, X from, unsigned width) {
  if (to != from) a.mov(4, to, from);
  if (width == 1) a.bfi(4, to, to, 8, 8);
  a.bfi(4, to, to, 16, 16);
}

}  // namespace

void Lowering::lower_shift() {
  X to = result();
  if (!lower_scaled_field(to)) lower_shift_to(to, inst(at_), inst(at_).width);
}

void Lowering::lower_rotate() {
  const Inst& i = inst(at_);
  unsigned w = i.width, hw = host_width(w), bits = hw * 8;
  X to = result();
  auto count = constant(i.arg[1]);
  X value = source(i.arg[0], kScratch0, w);
  X by = count ? kScratch1 : use_count(i.arg[1], hw);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[0]);
    if (w < 4) {
      repeat_narrow(a, kScratch0, value, w);
      value = kScratch0;
    }
    if (count) {
      auto n = static_cast<unsigned>(*count) % bits;
      a.ror(hw, to, value, i.op == Op::kRor ? n : (bits - n) % bits);
    } else if (i.op == Op::kRor) {
      a.rorv(hw, to, value, by);
    } else {
      a.neg(4, kScratch1, by);
      a.rorv(hw, to, value, kScratch1);
    }
    mask_result(a, to, w);
  });
}

void Lowering::lower_multiply() {
  const Inst& i = inst(at_);
  unsigned w = i.width, hw = host_width(w);
  X to = result();
  // Of narrow operands the upper half of the product needs all bits.
  unsigned read = w < 4 && i.op == Op::kUmulh ? 8 : w;
  X lhs = source(i.arg[0], kScratch0, read);
  X rhs = source(i.arg[1], kScratch1, read);
  sequence([&](Assembler& a) {
    load_constant(a, hw, kScratch0, i.arg[0]);
    load_constant(a, hw, kScratch1, i.arg[1]);
    if (i.op == Op::kMul) {
      a.mul(hw, to, lhs, rhs);
      return mask_result(a, to, w);
    }
    bool is_signed = i.op == Op::kSmulh;
    if (w < 4) {
      if (is_signed) {
        sign_extend(a, kScratch0, lhs, w);
        sign_extend(a, kScratch1, rhs, w);
      }
      a.mul(4, to, is_signed ? kScratch0 : lhs, is_signed ? kScratch1 : rhs);
      return a.ubfx(4, to, to, w * 8, w * 8);
    }
    if (w == 8) return is_signed ? a.smulh(to, lhs, rhs) : a.umulh(to, lhs, rhs);
    is_signed ? a.smull(to, lhs, rhs) : a.umull(to, lhs, rhs);
    a.lsr(8, to, to, 32);
  });
}

void Lowering::lower_zext() {
  const Inst& i = inst(at_);
  const Inst& inner = inst(i.arg[0]);
  bool alone = is_free_standing(i.arg[0]);
  bool extends = alone && i.width == 4 && inner.op == Op::kSext && inner.width < 4;
  if (extends && extend_load(i.arg[0], 4)) return;
  X to = result();
  if (lower_field(to, i.arg[0], i.width * 8)) return;
  bool shifts = inner.op == Op::kShl || inner.op == Op::kShr || inner.op == Op::kSar;
  if (alone && shifts) return lower_shift_to(to, inner, i.width);
  if (extends) {
    X narrow = use(inner.arg[0], inner.width);
    return sequence(
        [&](Assembler& a) { inner.width == 2 ? a.sxth(4, to, narrow) : a.sxtb(4, to, narrow); });
  }
  X from = use(i.arg[0], i.width);
  sequence([&](Assembler& a) {
    if (i.width == 8) return a.mov(8, to, from);
    if (i.width == 4) return a.mov(4, to, from);
    i.width == 2 ? a.uxth(to, from) : a.uxtb(to, from);
  });
}

void Lowering::lower_unary() {
  const Inst& i = inst(at_);
  unsigned w = i.width, hw = host_width(w);
  if (i.op == Op::kSext && extend_load(at_, 8)) return;
  X to = result();
  bool zero_extended = i.op == Op::kPopcnt || (w < 4 && i.op == Op::kClz);
  X from = use(i.arg[0], zero_extended ? 8 : w);
  sequence([&](Assembler& a) {
    switch (i.op) {
      case Op::kNot:
        a.mvn(hw, to, from);
        return mask_result(a, to, w);
      case Op::kNeg:
        a.neg(hw, to, from);
        return mask_result(a, to, w);
      case Op::kSext:
        if (w == 8) return a.mov(8, to, from);
        return sign_extend(a, to, from, w);
      case Op::kClz:
        a.clz(hw, to, from);
        if (w < 4) a.sub(4, to, to, 32 - w * 8);
        return;
      case Op::kCtz:
        // A narrow operand ends with a one above.
        if (w < 4) a.orr(4, to, from, u64{1} << (w * 8));
        a.rbit(hw, to, w < 4 ? to : from);
        return a.clz(hw, to, to);
      case Op::kBswap:
        a.rev(hw, to, from);
        if (w == 2) a.lsr(4, to, to, 16);
        return;
      default:  // kPopcnt, of what is zero-extended
        a.fmov(8, kVectorScratch0, from);
        a.cnt(k8B, kVectorScratch0, kVectorScratch0);
        a.addv(k8B, kVectorScratch0, kVectorScratch0);
        return a.fmov(4, to, kVectorScratch0);
    }
  });
}

void Lowering::lower_insert() {
  const Inst& i = inst(at_);
  X to = result();
  X base = source(i.arg[0], kScratch0);
  // BFXIL takes the part out of where a shift would take it from.
  const Inst& shift = inst(i.arg[1]);
  bool extracts = i.aux == 0 && shift.op == Op::kShr && is_free_standing(i.arg[1]);
  u64 from = extracts ? constant(shift.arg[1]).value_or(64) : 64;
  extracts = from + i.width * 8 <= 64;
  X part = extracts ? use(shift.arg[0]) : source(i.arg[1], kScratch1, i.width);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[0]);
    if (!extracts) load_constant(a, 8, kScratch1, i.arg[1]);
    if (to != base && to == part) {
      a.mov(8, kScratch1, part);
      part = kScratch1;
    }
    if (to != base) a.mov(8, to, base);
    if (extracts) return a.bfxil(8, to, part, static_cast<unsigned>(from), i.width * 8);
    a.bfi(8, to, part, i.aux, i.width * 8);
  });
}

// One bit where the condition holds, else zero.
void Lowering::lower_select_bit(unsigned bit) {
  X to = result();
  Test t = test(inst(at_).arg[0]);
  if (bit != 0) sequence([&](Assembler& a) { a.lsl(8, to, to, bit); });
  test_to_number(t, to);
}

void Lowering::lower_select() {
  const Inst& i = inst(at_);
  auto one = constant(i.arg[1]);
  if (one && std::has_single_bit(*one) && constant(i.arg[2]) == 0) {
    return lower_select_bit(static_cast<unsigned>(std::countr_zero(*one)));
  }
  X to = result();
  bool in_word = significant_bytes(i.arg[1]) <= 4 && significant_bytes(i.arg[2]) <= 4;
  unsigned hw = in_word ? 4 : 8;
  auto read = [&](Value v, X scratch) { return constant(v) == 0 ? kZr : source(v, scratch, hw); };
  X yes = read(i.arg[1], kScratch0), no = read(i.arg[2], kScratch1);
  Test t = test(i.arg[0]);
  if (t.kind != Test::Kind::kCondition) {
    // Moves and branches: they leave NZCV alone.
    sequence([&](Assembler& a) {
      Label is_no, done;
      if (yes == kScratch0) load_constant(a, 8, kScratch0, i.arg[1]);
      if (no == kScratch1) load_constant(a, 8, kScratch1, i.arg[2]);
      if (t.kind == Test::Kind::kZero) {
        t.inverted ? a.cbz(t.width, t.reg, is_no) : a.cbnz(t.width, t.reg, is_no);
      } else {
        t.inverted ? a.tbz(t.reg, t.bit, is_no) : a.tbnz(t.reg, t.bit, is_no);
      }
      bool moves_no = to != no || in_word;
      if (to != yes || in_word) a.mov(hw, to, yes);
      if (moves_no) a.b(done);
      a.bind(is_no);
      if (moves_no) a.mov(hw, to, no);
      if (moves_no) a.bind(done);
    });
  } else {
    sequence([&](Assembler& a) {
      if (yes == kScratch0) load_constant(a, 8, kScratch0, i.arg[1]);
      if (no == kScratch1) load_constant(a, 8, kScratch1, i.arg[2]);
      a.csel(hw, to, yes, no, t.inverted ? !t.condition : t.condition);
    });
  }
  prepend_prelude(t);
}

void Lowering::lower_integer() {
  switch (inst(at_).op) {
    case Op::kConst: {
      X to = result();
      return sequence([&](Assembler& a) { a.mov(8, to, inst(at_).imm); });
    }
    case Op::kAdd:
    case Op::kSub:
      return lower_add_sub();
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
      return lower_logic();
    case Op::kShl:
    case Op::kShr:
    case Op::kSar:
      return lower_shift();
    case Op::kRol:
    case Op::kRor:
      return lower_rotate();
    case Op::kMul:
    case Op::kUmulh:
    case Op::kSmulh:
      return lower_multiply();
    case Op::kZext:
      return lower_zext();
    case Op::kInsert:
      return lower_insert();
    case Op::kSelect:
      return lower_select();
    case Op::kToInt: {
      X to = result();
      return test_to_number(test(inst(at_).arg[0]), to);
    }
    case Op::kFlagBits:
      return lower_flag_bits();
    default:
      return lower_unary();
  }
}

}  // namespace gantry::aarch64

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
  bool fused = fused_[at_] != 0;
  bool wanted = is_wanted(at_);
  X to = wanted ? result() : kZr;
  bool subtract = i.op == Op::kSub;
  auto c = constant(i.arg[1]);
  X lhs = source(i.arg[0], kScratch0, w);
  X rhs = c ? kScratch1 : use(i.arg[1], w);
  sequence([&](Assembler& a) {
    load_constant(a, hw, kScratch0, i.arg[0]);
    u64 value = c ? *c & width_mask(w) : 0;
    u64 negated = -value & width_mask(hw);
    bool fits = c && encode_add_immediate(value);
    if (c && !fits && !fused && w >= 4 && encode_add_immediate(negated)) {
      subtract = !subtract;
      value = negated;
      fits = true;
    }
    if (c && !fits) a.mov(hw, rhs, value);
    auto emit = [&](auto&& right) {
      if (fused) {
        subtract ? a.subs(hw, to, lhs, right) : a.adds(hw, to, lhs, right);
      } else {
        subtract ? a.sub(hw, to, lhs, right) : a.add(hw, to, lhs, right);
      }
    };
    if (fits) {
      emit(value);
    } else {
      emit(rhs);
    }
    if ((fused_[at_] & kFlagC) && !subtract) complement_carry(a);
    if (wanted) mask_result(a, to, w);
  });
}

void Lowering::lower_logic() {
  const Inst& i = inst(at_);
  unsigned w = i.width, hw = host_width(w);
  bool fused = fused_[at_] != 0;
  X to = is_wanted(at_) ? result() : kZr;
  auto c = constant(i.arg[1]);
  // Narrow operands are zero-extended, and so is what is made of them.
  unsigned read = w >= 4 ? w : 8;
  X lhs = source(i.arg[0], kScratch0, read);
  bool fits = c && *c != 0 && encode_bitmask(hw, *c);
  X rhs = c ? kScratch1 : use(i.arg[1], read);
  sequence([&](Assembler& a) {
    load_constant(a, hw, kScratch0, i.arg[0]);
    if (c && !fits) a.mov(hw, rhs, *c);
    if (fits) {
      if (fused) return a.ands(hw, to, lhs, *c);
      if (i.op == Op::kAnd) return a.and_(hw, to, lhs, *c);
      if (i.op == Op::kOr) return a.orr(hw, to, lhs, *c);
      return a.eor(hw, to, lhs, *c);
    }
    if (fused) return a.ands(hw, to, lhs, rhs);
    if (i.op == Op::kAnd) return a.and_(hw, to, lhs, rhs);
    if (i.op == Op::kOr) return a.orr(hw, to, lhs, rhs);
    a.eor(hw, to, lhs, rhs);
  });
}

namespace {

// Fills 32 bits with copies of the low `width` bytes.
void repeat_narrow(Assembler& a, X to, X from, unsigned width) {
  if (to != from) a.mov(4, to, from);
  if (width == 1) a.bfi(4, to, to, 8, 8);
  a.bfi(4, to, to, 16, 16);
}

void sign_extend(Assembler& a, X to, X from, unsigned width) {
  if (width == 4) return a.sxtw(to, from);
  width == 2 ? a.sxth(8, to, from) : a.sxtb(8, to, from);
}

}  // namespace

void Lowering::lower_shift() {
  const Inst& i = inst(at_);
  unsigned w = i.width;
  X to = result();
  auto count = constant(i.arg[1]);
  X value = source(i.arg[0], kScratch0);
  X by = count ? kScratch1 : use(i.arg[1]);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[0]);
    X from = value;
    if (i.op == Op::kSar && w < 8) {
      sign_extend(a, kScratch0, value, w);
      from = kScratch0;
    }
    bool rotate = i.op == Op::kRol || i.op == Op::kRor;
    if (rotate && w < 4) {
      from = kScratch0;
      repeat_narrow(a, from, value, w);
    }
    unsigned hw = rotate ? host_width(w) : 8;
    unsigned bits = hw * 8;
    if (count) {
      auto n = static_cast<unsigned>(*count) % bits;
      if (i.op == Op::kShl) a.lsl(8, to, from, n);
      if (i.op == Op::kShr) a.lsr(8, to, from, n);
      if (i.op == Op::kSar) a.asr(8, to, from, n);
      if (i.op == Op::kRor) a.ror(hw, to, from, n);
      if (i.op == Op::kRol) a.ror(hw, to, from, (bits - n) % bits);
    } else {
      if (i.op == Op::kShl) a.lslv(8, to, from, by);
      if (i.op == Op::kShr) a.lsrv(8, to, from, by);
      if (i.op == Op::kSar) a.asrv(8, to, from, by);
      if (i.op == Op::kRor) a.rorv(hw, to, from, by);
      if (i.op == Op::kRol) {
        a.neg(4, kScratch1, by);
        a.rorv(hw, to, from, kScratch1);
      }
    }
    bool narrows = i.op == Op::kShl || i.op == Op::kSar || rotate;
    if (narrows && !rotate && w == 4) a.mov(4, to, to);
    if (narrows) mask_result(a, to, w);
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
  X to = result();
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
  X part = source(i.arg[1], kScratch1, i.width);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[0]);
    load_constant(a, 8, kScratch1, i.arg[1]);
    if (to != base && to == part) {
      a.mov(8, kScratch1, part);
      part = kScratch1;
    }
    if (to != base) a.mov(8, to, base);
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
  X yes = source(i.arg[1], kScratch0);
  X no = source(i.arg[2], kScratch1);
  Test t = test(i.arg[0]);
  if (t.kind != Test::Kind::kCondition) {
    // Moves and branches: they leave NZCV alone.
    sequence([&](Assembler& a) {
      Label is_no, done;
      load_constant(a, 8, kScratch0, i.arg[1]);
      load_constant(a, 8, kScratch1, i.arg[2]);
      if (t.kind == Test::Kind::kZero) {
        t.inverted ? a.cbz(t.width, t.reg, is_no) : a.cbnz(t.width, t.reg, is_no);
      } else {
        t.inverted ? a.tbz(t.reg, t.bit, is_no) : a.tbnz(t.reg, t.bit, is_no);
      }
      if (to != yes) a.mov(8, to, yes);
      if (to != no) a.b(done);
      a.bind(is_no);
      if (to != no) a.mov(8, to, no);
      if (to != no) a.bind(done);
    });
  } else {
    sequence([&](Assembler& a) {
      load_constant(a, 8, kScratch0, i.arg[1]);
      load_constant(a, 8, kScratch1, i.arg[2]);
      a.csel(8, to, yes, no, t.inverted ? !t.condition : t.condition);
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
    case Op::kRol:
    case Op::kRor:
      return lower_shift();
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

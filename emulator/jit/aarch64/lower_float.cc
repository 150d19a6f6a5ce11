// Floating point (float_functions.h): operands, results, and the ways out to the interpreter.
#include <algorithm>

#include "emulator/guest/xsave.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/float_functions.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {
namespace {

using Form = FloatFunction::Form;
using Limit = FloatFunction::Limit;

bool is_scalar(const FloatFunction& f) {
  return f.form == Form::kScalar || f.form == Form::kLow || f.form == Form::kInteger;
}
Arrangement all_lanes(const FloatFunction& f) { return f.lane == 8 ? k2D : k4S; }

// `test` is zero unless all bits of the lanes' mask are set. Changes the mask.
void reduce_mask(Assembler& a, const FloatFunction& f, X test, V mask) {
  if (is_scalar(f)) return a.fmov(f.lane, test, mask);
  a.uminv(k4S, mask, mask);
  a.fmov(4, test, mask);
}

// FCMP's answer as the flags of UCOMISS: unordered is equal and less.
void emit_guest_order(Assembler& a) {
  if (features().flagm2) return a.axflag();
  constexpr u64 kZ = 1 << 30, kC = 1 << 29, kV = 1 << 28;
  a.mrs(kScratch0, SystemRegister::kNzcv);
  a.and_(4, kScratch1, kScratch0, kV);
  a.bic(4, kScratch0, kScratch0, {kScratch1, kLsl, 1});
  a.orr(4, kScratch0, kScratch0, {kScratch1, kLsl, 2});
  a.and_(4, kScratch0, kScratch0, kZ | kC);
  a.msr(SystemRegister::kNzcv, kScratch0);
}

}  // namespace

// The registers of what the function is applied to.
FloatOperands Lowering::float_operands(const FloatFunction& f) {
  const Inst& i = inst(at_);
  FloatOperands o;
  o.high = i.aux;
  unsigned seen = 0, count = 0;
  for (Value v : i.arg) {
    if (v == kNoValue) break;
    if (!is_vector(v)) {
      o.constant = constant(v).value_or(0);
      if (f.bits != 0) o.integer = source(v, kScratch2, f.bits / 8u);
      continue;
    }
    unsigned half = seen++ & 1;
    bool wanted =
        i.width != 32 || f.form == Form::kNarrow || half == (f.form == Form::kWiden ? 0 : i.aux);
    if (wanted) o.vector[count++] = use_vector(v);
  }
  return o;
}

// Whether the instruction at hand may read this guest register, which it does again when it is left
// to the interpreter.
bool Lowering::may_read(const FloatFunction& f, V guest) const {
  // Legacy encodings and FMA read their destination.
  unsigned first = insn_->vex() && f.limit != Limit::kAddend ? 1 : 0;
  return std::any_of(insn_->op + first, std::end(insn_->op), [&](const x86::Operand& op) {
    bool vector = op.kind == x86::OperandKind::kXmm || op.kind == x86::OperandKind::kYmm;
    return vector && guest_xmm(op.reg) == guest;
  });
}

void Lowering::lower_float() {
  const void* target = unit_.helpers[inst(at_).imm].target;
  if (reads_mxcsr(target)) return lower_read_mxcsr();
  const FloatFunction& f = *find_float_function(target);
  switch (f.form) {
    case Form::kFlags:
      return lower_float_compare(f);
    case Form::kInteger:
      return lower_float_to_integer(f);
    default:
      return lower_float_vector(f);
  }
}

void Lowering::lower_float_vector(const FloatFunction& f) {
  bool is_half_of_nothing = f.form == Form::kNarrow && inst(at_).aux == 1;
  if (is_half_of_nothing && !is_wanted(at_)) return;
  V to = result_vector();
  if (is_half_of_nothing) return sequence([&](Assembler& a) { a.movi(to, 0); });
  FloatOperands o = float_operands(f);
  // Where there is a way out, what the instruction reads must be as it was.
  bool is_operand = std::find(o.vector, std::end(o.vector), to) != std::end(o.vector);
  bool is_free = f.limit == Limit::kNone || to.code < 16 || !may_read(f, to);
  bool direct = f.form != Form::kScalar && !is_operand && is_free;
  o.result = direct ? to : kVectorScratch0;
  sequence([&](Assembler& a) {
    if (direct) return;
    if (f.form != Form::kScalar) return a.mov(k16B, to, o.result);
    if (to != o.vector[0]) a.mov(k16B, to, o.vector[0]);
    a.ins(f.lane, to, 0, o.result, 0);
  });
  if (f.limit == Limit::kResult || f.limit == Limit::kAddend) guard_ordered(f, o.result, o.result);
  sequence([&](Assembler& a) { f.emit(a, o); });
  guard_operands(f, o);
  if (o.integer == kScratch2) {
    sequence([&](Assembler& a) { a.mov(8, kScratch2, o.constant); });
  }
}

void Lowering::lower_float_to_integer(const FloatFunction& f) {
  X to = result();
  FloatOperands o = float_operands(f);
  o.result_integer = to;
  sequence([&](Assembler& a) { f.emit(a, o); });
  guard_operands(f, o);
}

// The flags are those that lower_flags_raw() has found to be needed. Where there are none, the
// compare notes exceptions.
void Lowering::lower_float_compare(const FloatFunction& f) {
  u8 needed = states_[at_].fused;
  bool keep = live_ & kFlagsNzcv;
  FloatOperands o = float_operands(f);
  sequence([&](Assembler& a) {
    if (keep) a.mrs(kScratch0, SystemRegister::kNzcv);
    f.emit(a, o);
    if (keep) a.msr(SystemRegister::kNzcv, kScratch0);
    if (needed & kFlagP) a.cset(4, kParity, kVc);  // an odd number of ones: PF is clear
    if (needed & kFlagsNzcv) emit_guest_order(a);
    if (needed & kFlagA) a.mov(8, kAdjust, kZr);
  });
}

// --- ways out

void Lowering::guard_operands(const FloatFunction& f, const FloatOperands& o) {
  switch (f.limit) {
    case Limit::kAddend:
      return guard_ordered(f, o.vector[2], o.vector[2]);
    case Limit::kPredicate:
      if (!is_native_predicate(o.constant)) guard_ordered(f, o.vector[0], o.vector[1]);
      return;
    case Limit::kRange:
      if (features().frintts) return;
      if (f.form == Form::kNarrow) guard_magnitude(f, o.vector[1]);
      return guard_magnitude(f, o.vector[0]);
    default:
      return;
  }
}

// Neither has a NaN.
void Lowering::guard_ordered(const FloatFunction& f, V x, V y) {
  if (is_scalar(f) && !(live_ & kFlagsNzcv)) {
    step_if(kBranchIf | static_cast<u32>(kVs));
    return sequence([&](Assembler& a) { a.fcmp(f.lane, x, y); });
  }
  step_if((is_scalar(f) && f.lane == 8 ? kCbz64 : kCbz) | kScratch1.code);
  constexpr V mask = kVectorScratch1, other = kVectorScratch0;
  sequence([&](Assembler& a) {
    auto is_ordered = [&](V to, V v) {
      is_scalar(f) ? a.fcmeq(f.lane, to, v, v) : a.fcmeq(all_lanes(f), to, v, v);
    };
    is_ordered(mask, x);
    if (x != y) {
      is_ordered(other, y);
      a.and_(k16B, mask, mask, other);
    }
    reduce_mask(a, f, kScratch1, mask);
  });
}

// Every lane has an integer that it is converted to.
void Lowering::guard_magnitude(const FloatFunction& f, V x) {
  step_if((is_scalar(f) && f.lane == 8 ? kCbz64 : kCbz) | kScratch1.code);
  constexpr V mask = kVectorScratch1, magnitude = kVectorScratch0;
  sequence([&](Assembler& a) {
    a.mov(8, kScratch1, integer_limit(f.lane, f.bits));
    a.fabs(all_lanes(f), magnitude, x);
    a.dup(all_lanes(f), mask, kScratch1);
    is_scalar(f) ? a.fcmgt(f.lane, mask, mask, magnitude)
                 : a.fcmgt(all_lanes(f), mask, mask, magnitude);
    reduce_mask(a, f, kScratch1, mask);
  });
}

// --- MXCSR

void Lowering::lower_read_mxcsr() {
  X to = result();
  sequence([&](Assembler& a) {
    emit_mxcsr_flags(a, kScratch0, kScratch1);
    a.ldr(4, kScratch1, {kCpu, kMxcsrOffset});
    a.orr(4, to, kScratch0, kScratch1);
  });
}

// Other controls than the usual ones are the interpreter's, and make the engine translate
// otherwise.
void Lowering::lower_load_mxcsr(Value v) {
  X from = source(v, kScratch2, 4);
  sequence([&](Assembler& a) {
    a.str(4, from, {kCpu, kMxcsrOffset});
    a.msr(SystemRegister::kFpsr, kZr);
  });
  step_if(kCbnz | kScratch0.code);
  sequence([&](Assembler& a) {
    load_constant(a, 4, kScratch2, v);
    a.and_(4, kScratch0, from, 0xffffffc0);
    a.eor(4, kScratch0, kScratch0, guest::kInitialMxcsr);
  });
}

}  // namespace gantry::aarch64

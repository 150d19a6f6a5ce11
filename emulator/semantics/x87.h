// x87 instructions. Each is: raise what is pending, one function of x87_ops.h, note where it was.
#pragma once

#include "emulator/semantics/builder.h"
#include "emulator/semantics/x87_ops.h"

namespace gantry::sem {

// Runs a waiting instruction that is not a control instruction.
template <typename B, typename F>
void x87_execute(B& b, const Insn& i, F body) {
  b.call_cpu(x87::check_pending);
  body();
  bool memory = b.kind(i, 0) == OperandKind::kMemory || b.kind(i, 1) == OperandKind::kMemory;
  auto opcode = b.imm((i.opcode & 7u) << 8 | i.modrm);
  b.call_cpu(x87::note_instruction, b.imm(i.rip), opcode,
             memory ? b.effective_offset(i) : b.imm(0));
}

// An instruction whose only operands are ST(0) and ST(1).
template <auto kOp, typename B, typename... Values>
void x87_simple(B& b, const Insn& i, Values... values) {
  x87_execute(b, i, [&] { b.call_cpu(kOp, values...); });
}

// --- arithmetic: registers, or ST(0) and a memory operand
template <x87::Op kOp, unsigned kPops = 0, typename B>
void x87_arith(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    if (b.kind(i, 1) == OperandKind::kMemory) {
      b.call_cpu(x87::arith_real<kOp>, b.imm(b.operand_width(i, 1)), b.read(i, 1));
    } else {
      b.call_cpu(x87::arith<kOp>, b.imm(i.op[0].reg), b.imm(i.op[1].reg), b.imm(kPops));
    }
  });
}
template <x87::Op kOp, typename B>
void x87_arith_integer(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    b.call_cpu(x87::arith_integer<kOp>, b.imm(b.operand_width(i, 1)), b.read(i, 1));
  });
}

template <SemanticBuilder B>
void FADD(B& b, const Insn& i) {
  x87_arith<x87::Op::kAdd>(b, i);
}
template <SemanticBuilder B>
void FMUL(B& b, const Insn& i) {
  x87_arith<x87::Op::kMul>(b, i);
}
template <SemanticBuilder B>
void FSUB(B& b, const Insn& i) {
  x87_arith<x87::Op::kSub>(b, i);
}
template <SemanticBuilder B>
void FSUBR(B& b, const Insn& i) {
  x87_arith<x87::Op::kSubR>(b, i);
}
template <SemanticBuilder B>
void FDIV(B& b, const Insn& i) {
  x87_arith<x87::Op::kDiv>(b, i);
}
template <SemanticBuilder B>
void FDIVR(B& b, const Insn& i) {
  x87_arith<x87::Op::kDivR>(b, i);
}
template <SemanticBuilder B>
void FADDP(B& b, const Insn& i) {
  x87_arith<x87::Op::kAdd, 1>(b, i);
}
template <SemanticBuilder B>
void FMULP(B& b, const Insn& i) {
  x87_arith<x87::Op::kMul, 1>(b, i);
}
template <SemanticBuilder B>
void FSUBP(B& b, const Insn& i) {
  x87_arith<x87::Op::kSub, 1>(b, i);
}
template <SemanticBuilder B>
void FSUBRP(B& b, const Insn& i) {
  x87_arith<x87::Op::kSubR, 1>(b, i);
}
template <SemanticBuilder B>
void FDIVP(B& b, const Insn& i) {
  x87_arith<x87::Op::kDiv, 1>(b, i);
}
template <SemanticBuilder B>
void FDIVRP(B& b, const Insn& i) {
  x87_arith<x87::Op::kDivR, 1>(b, i);
}
template <SemanticBuilder B>
void FIADD(B& b, const Insn& i) {
  x87_arith_integer<x87::Op::kAdd>(b, i);
}
template <SemanticBuilder B>
void FIMUL(B& b, const Insn& i) {
  x87_arith_integer<x87::Op::kMul>(b, i);
}
template <SemanticBuilder B>
void FISUB(B& b, const Insn& i) {
  x87_arith_integer<x87::Op::kSub>(b, i);
}
template <SemanticBuilder B>
void FISUBR(B& b, const Insn& i) {
  x87_arith_integer<x87::Op::kSubR>(b, i);
}
template <SemanticBuilder B>
void FIDIV(B& b, const Insn& i) {
  x87_arith_integer<x87::Op::kDiv>(b, i);
}
template <SemanticBuilder B>
void FIDIVR(B& b, const Insn& i) {
  x87_arith_integer<x87::Op::kDivR>(b, i);
}

template <SemanticBuilder B>
void FSQRT(B& b, const Insn& i) {
  x87_simple<x87::square_root>(b, i);
}
template <SemanticBuilder B>
void FRNDINT(B& b, const Insn& i) {
  x87_simple<x87::round_to_integer>(b, i);
}
template <SemanticBuilder B>
void FSCALE(B& b, const Insn& i) {
  x87_simple<x87::scale>(b, i);
}
template <SemanticBuilder B>
void FXTRACT(B& b, const Insn& i) {
  x87_simple<x87::extract>(b, i);
}
template <SemanticBuilder B>
void FPREM(B& b, const Insn& i) {
  x87_simple<x87::remainder>(b, i, b.imm(0));
}
template <SemanticBuilder B>
void FPREM1(B& b, const Insn& i) {
  x87_simple<x87::remainder>(b, i, b.imm(1));
}
template <SemanticBuilder B>
void FCHS(B& b, const Insn& i) {
  x87_simple<x87::change_sign>(b, i);
}
template <SemanticBuilder B>
void FABS(B& b, const Insn& i) {
  x87_simple<x87::absolute>(b, i);
}

// --- transcendental
template <SemanticBuilder B>
void F2XM1(B& b, const Insn& i) {
  x87_simple<x87::exp2_minus_1>(b, i);
}
template <SemanticBuilder B>
void FYL2X(B& b, const Insn& i) {
  x87_simple<x87::y_log2>(b, i);
}
template <SemanticBuilder B>
void FYL2XP1(B& b, const Insn& i) {
  x87_simple<x87::y_log2_plus_1>(b, i);
}
template <SemanticBuilder B>
void FPTAN(B& b, const Insn& i) {
  x87_simple<x87::partial_tangent>(b, i);
}
template <SemanticBuilder B>
void FPATAN(B& b, const Insn& i) {
  x87_simple<x87::partial_arctangent>(b, i);
}
template <SemanticBuilder B>
void FSIN(B& b, const Insn& i) {
  x87_simple<x87::sine>(b, i);
}
template <SemanticBuilder B>
void FCOS(B& b, const Insn& i) {
  x87_simple<x87::cosine>(b, i);
}
template <SemanticBuilder B>
void FSINCOS(B& b, const Insn& i) {
  x87_simple<x87::sine_cosine>(b, i);
}

// --- compares: with a register or a memory operand
template <bool kSignalQuiet, unsigned kPops, typename B>
void x87_compare(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    if (b.kind(i, 1) == OperandKind::kMemory) {
      b.call_cpu(x87::compare_real, b.imm(b.operand_width(i, 1)), b.read(i, 1), b.imm(kPops));
    } else {
      unsigned with = b.kind(i, 1) == OperandKind::kSt ? i.op[1].reg : 1;
      b.call_cpu(x87::compare, b.imm(with), b.imm(kSignalQuiet), b.imm(kPops));
    }
  });
}
template <unsigned kPops, typename B>
void x87_compare_integer(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    b.call_cpu(x87::compare_integer, b.imm(b.operand_width(i, 1)), b.read(i, 1), b.imm(kPops));
  });
}
// FCOMI and FUCOMI clear OF, SF and AF.
template <bool kSignalQuiet, unsigned kPops, typename B>
void x87_compare_to_flags(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    auto bits =
        b.call_cpu(x87::compare_to_flags, b.imm(i.op[1].reg), b.imm(kSignalQuiet), b.imm(kPops));
    b.set_flags(b.flags_raw(bits));
  });
}
template <SemanticBuilder B>
void FCOM(B& b, const Insn& i) {
  x87_compare<true, 0>(b, i);
}
template <SemanticBuilder B>
void FCOMP(B& b, const Insn& i) {
  x87_compare<true, 1>(b, i);
}
template <SemanticBuilder B>
void FCOMPP(B& b, const Insn& i) {
  x87_compare<true, 2>(b, i);
}
template <SemanticBuilder B>
void FUCOM(B& b, const Insn& i) {
  x87_compare<false, 0>(b, i);
}
template <SemanticBuilder B>
void FUCOMP(B& b, const Insn& i) {
  x87_compare<false, 1>(b, i);
}
template <SemanticBuilder B>
void FUCOMPP(B& b, const Insn& i) {
  x87_compare<false, 2>(b, i);
}
template <SemanticBuilder B>
void FICOM(B& b, const Insn& i) {
  x87_compare_integer<0>(b, i);
}
template <SemanticBuilder B>
void FICOMP(B& b, const Insn& i) {
  x87_compare_integer<1>(b, i);
}
template <SemanticBuilder B>
void FCOMI(B& b, const Insn& i) {
  x87_compare_to_flags<true, 0>(b, i);
}
template <SemanticBuilder B>
void FCOMIP(B& b, const Insn& i) {
  x87_compare_to_flags<true, 1>(b, i);
}
template <SemanticBuilder B>
void FUCOMI(B& b, const Insn& i) {
  x87_compare_to_flags<false, 0>(b, i);
}
template <SemanticBuilder B>
void FUCOMIP(B& b, const Insn& i) {
  x87_compare_to_flags<false, 1>(b, i);
}
template <SemanticBuilder B>
void FTST(B& b, const Insn& i) {
  x87_simple<x87::test>(b, i);
}
template <SemanticBuilder B>
void FXAM(B& b, const Insn& i) {
  x87_simple<x87::examine>(b, i);
}

// --- loads
template <SemanticBuilder B>
void FLD(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    if (b.kind(i, 0) == OperandKind::kSt) {
      b.call_cpu(x87::load_register, b.imm(i.op[0].reg));
    } else if (b.operand_width(i, 0) == 10) {
      b.call_cpu(x87::load_extended, b.operand_address(i, 0));
    } else {
      b.call_cpu(x87::load_real, b.imm(b.operand_width(i, 0)), b.read(i, 0));
    }
  });
}
template <SemanticBuilder B>
void FILD(B& b, const Insn& i) {
  x87_execute(b, i,
              [&] { b.call_cpu(x87::load_integer, b.imm(b.operand_width(i, 0)), b.read(i, 0)); });
}
template <SemanticBuilder B>
void FBLD(B& b, const Insn& i) {
  x87_execute(b, i, [&] { b.call_cpu(x87::load_decimal, b.operand_address(i, 0)); });
}
template <SemanticBuilder B>
void FLD1(B& b, const Insn& i) {
  x87_simple<x87::load_constant<x87::Constant::kOne>>(b, i);
}
template <SemanticBuilder B>
void FLDL2T(B& b, const Insn& i) {
  x87_simple<x87::load_constant<x87::Constant::kLog2Ten>>(b, i);
}
template <SemanticBuilder B>
void FLDL2E(B& b, const Insn& i) {
  x87_simple<x87::load_constant<x87::Constant::kLog2E>>(b, i);
}
template <SemanticBuilder B>
void FLDPI(B& b, const Insn& i) {
  x87_simple<x87::load_constant<x87::Constant::kPi>>(b, i);
}
template <SemanticBuilder B>
void FLDLG2(B& b, const Insn& i) {
  x87_simple<x87::load_constant<x87::Constant::kLog10Two>>(b, i);
}
template <SemanticBuilder B>
void FLDLN2(B& b, const Insn& i) {
  x87_simple<x87::load_constant<x87::Constant::kLogTwo>>(b, i);
}
template <SemanticBuilder B>
void FLDZ(B& b, const Insn& i) {
  x87_simple<x87::load_constant<x87::Constant::kZero>>(b, i);
}

// --- stores
template <unsigned kPops, typename B>
void x87_store(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    if (b.kind(i, 0) == OperandKind::kSt && i.opcode == 0xd9) {
      b.call_cpu(x87::store_register_quiet, b.imm(i.op[0].reg));
    } else if (b.kind(i, 0) == OperandKind::kSt) {
      b.call_cpu(x87::store_register, b.imm(i.op[0].reg), b.imm(kPops));
    } else if (b.operand_width(i, 0) == 10) {
      b.call_cpu(x87::store_extended, b.operand_address(i));
    } else {
      b.call_cpu(x87::store_real, b.imm(b.operand_width(i, 0)), b.operand_address(i), b.imm(kPops));
    }
  });
}
template <unsigned kPops, bool kTruncate, typename B>
void x87_store_integer(B& b, const Insn& i) {
  x87_execute(b, i, [&] {
    b.call_cpu(x87::store_integer, b.imm(b.operand_width(i, 0)), b.operand_address(i), b.imm(kPops),
               b.imm(kTruncate));
  });
}
template <SemanticBuilder B>
void FST(B& b, const Insn& i) {
  x87_store<0>(b, i);
}
template <SemanticBuilder B>
void FSTP(B& b, const Insn& i) {
  x87_store<1>(b, i);
}
template <SemanticBuilder B>
void FIST(B& b, const Insn& i) {
  x87_store_integer<0, false>(b, i);
}
template <SemanticBuilder B>
void FISTP(B& b, const Insn& i) {
  x87_store_integer<1, false>(b, i);
}
template <SemanticBuilder B>
void FISTTP(B& b, const Insn& i) {
  x87_store_integer<1, true>(b, i);
}
template <SemanticBuilder B>
void FBSTP(B& b, const Insn& i) {
  x87_execute(b, i, [&] { b.call_cpu(x87::store_decimal, b.operand_address(i)); });
}

// --- the stack
template <SemanticBuilder B>
void FXCH(B& b, const Insn& i) {
  x87_simple<x87::exchange>(b, i, b.imm(i.op[1].reg));
}
template <SemanticBuilder B>
void FFREE(B& b, const Insn& i) {
  x87_simple<x87::free_register>(b, i, b.imm(i.op[0].reg), b.imm(0));
}
template <SemanticBuilder B>
void FFREEP(B& b, const Insn& i) {
  x87_simple<x87::free_register>(b, i, b.imm(i.op[0].reg), b.imm(1));
}
template <SemanticBuilder B>
void FINCSTP(B& b, const Insn& i) {
  x87_simple<x87::rotate>(b, i, b.imm(1));
}
template <SemanticBuilder B>
void FDECSTP(B& b, const Insn& i) {
  x87_simple<x87::rotate>(b, i, b.imm(7));
}
template <Condition kCondition, typename B>
void x87_move_if(B& b, const Insn& i) {
  auto holds = b.to_int(b.condition(kCondition));
  x87_simple<x87::move_if>(b, i, b.imm(i.op[1].reg), holds);
}
template <SemanticBuilder B>
void FCMOVB(B& b, const Insn& i) {
  x87_move_if<Condition::kB>(b, i);
}
template <SemanticBuilder B>
void FCMOVE(B& b, const Insn& i) {
  x87_move_if<Condition::kE>(b, i);
}
template <SemanticBuilder B>
void FCMOVBE(B& b, const Insn& i) {
  x87_move_if<Condition::kBE>(b, i);
}
template <SemanticBuilder B>
void FCMOVU(B& b, const Insn& i) {
  x87_move_if<Condition::kP>(b, i);
}
template <SemanticBuilder B>
void FCMOVNB(B& b, const Insn& i) {
  x87_move_if<Condition::kAE>(b, i);
}
template <SemanticBuilder B>
void FCMOVNE(B& b, const Insn& i) {
  x87_move_if<Condition::kNE>(b, i);
}
template <SemanticBuilder B>
void FCMOVNBE(B& b, const Insn& i) {
  x87_move_if<Condition::kA>(b, i);
}
template <SemanticBuilder B>
void FCMOVNU(B& b, const Insn& i) {
  x87_move_if<Condition::kNP>(b, i);
}

// --- control. The FN forms do not look at what is pending; FLDCW, FLDENV, FRSTOR and FNOP do.
template <SemanticBuilder B>
void FNOP(B& b, const Insn& i) {
  x87_execute(b, i, [] {});
}
template <SemanticBuilder B>
void FNENI(B&, const Insn&) {}
template <SemanticBuilder B>
void FNDISI(B&, const Insn&) {}
template <SemanticBuilder B>
void FNSETPM(B&, const Insn&) {}
template <SemanticBuilder B>
void FWAIT(B& b, const Insn&) {
  b.call_cpu(x87::check_pending);
}
template <SemanticBuilder B>
void FINIT(B& b, const Insn&) {
  b.call_cpu(x87::initialize);
}
template <SemanticBuilder B>
void FCLEX(B& b, const Insn&) {
  b.call_cpu(x87::clear_exceptions);
}
template <SemanticBuilder B>
void FSTCW(B& b, const Insn& i) {
  b.write(i, 0, b.call_cpu(x87::control));
}
template <SemanticBuilder B>
void FSTSW(B& b, const Insn& i) {
  b.write(i, 0, b.call_cpu(x87::status));
}
template <SemanticBuilder B>
void FLDCW(B& b, const Insn& i) {
  b.call_cpu(x87::check_pending);
  b.call_cpu(x87::load_control, b.read(i, 0));
}

template <auto kOp, u32 kAccess, typename B>
void x87_area(B& b, const Insn& i) {
  b.call_cpu(kOp, b.operand_address(i, kAccess), b.imm(b.operand_width(i, 0)));
}
template <SemanticBuilder B>
void FSTENV(B& b, const Insn& i) {
  x87_area<x87::store_environment, guest::kFaultWrite>(b, i);
}
template <SemanticBuilder B>
void FSAVE(B& b, const Insn& i) {
  x87_area<x87::save, guest::kFaultWrite>(b, i);
}
template <SemanticBuilder B>
void FLDENV(B& b, const Insn& i) {
  b.call_cpu(x87::check_pending);
  x87_area<x87::load_environment, 0>(b, i);
}
template <SemanticBuilder B>
void FRSTOR(B& b, const Insn& i) {
  b.call_cpu(x87::check_pending);
  x87_area<x87::restore, 0>(b, i);
}

}  // namespace gantry::sem

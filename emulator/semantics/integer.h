// Integer arithmetic and logic (SDM vol. 1, sections 7.3.2 and 7.3.3).
#pragma once

#include "emulator/semantics/common.h"
#include "emulator/semantics/integer_helpers.h"

namespace gantry::sem {

template <SemanticBuilder B>
void ADD(B& b, const Insn& i) {
  auto rhs = b.read(i, 1);
  auto [lhs, sum] = modify(b, i, Rmw::kAdd, rhs);
  b.set_flags(b.flags_of(FlagKind::kAdd, b.width(i), lhs, rhs, sum));
}

template <SemanticBuilder B>
void ADC(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto rhs = b.read(i, 1);
  auto [lhs, sum] = modify(b, i, Rmw::kAdd, b.add(w, rhs, b.to_int(b.flag(guest::kCF))));
  b.set_flags(b.flags_of(FlagKind::kAdc, w, lhs, rhs, sum));
}

template <SemanticBuilder B>
void SUB(B& b, const Insn& i) {
  auto rhs = b.read(i, 1);
  auto [lhs, difference] = modify(b, i, Rmw::kSub, rhs);
  b.set_flags(b.flags_of(FlagKind::kSub, b.width(i), lhs, rhs, difference));
}

template <SemanticBuilder B>
void SBB(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto rhs = b.read(i, 1);
  auto [lhs, difference] = modify(b, i, Rmw::kSub, b.add(w, rhs, b.to_int(b.flag(guest::kCF))));
  b.set_flags(b.flags_of(FlagKind::kSbb, w, lhs, rhs, difference));
}

template <SemanticBuilder B>
void CMP(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto lhs = b.read(i, 0), rhs = b.read(i, 1);
  b.set_flags(b.flags_of(FlagKind::kSub, w, lhs, rhs, b.sub(w, lhs, rhs)));
}

template <SemanticBuilder B>
void NEG(B& b, const Insn& i) {
  unsigned w = b.width(i);
  typename B::Int old;
  if (b.locked(i)) {
    old = b.call_cpu(atomic_negate, b.imm(w), b.operand_address(i));
  } else {
    old = b.read(i, 0);
    b.write(i, 0, b.neg(w, old));
  }
  b.set_flags(b.flags_of(FlagKind::kSub, w, b.imm(0), old, b.neg(w, old)));
}

template <SemanticBuilder B>
void INC(B& b, const Insn& i) {
  auto [old, result] = modify(b, i, Rmw::kAdd, b.imm(1));
  b.set_flags(b.flags_incdec(FlagKind::kInc, b.width(i), old, result));
}

template <SemanticBuilder B>
void DEC(B& b, const Insn& i) {
  auto [old, result] = modify(b, i, Rmw::kSub, b.imm(1));
  b.set_flags(b.flags_incdec(FlagKind::kDec, b.width(i), old, result));
}

template <SemanticBuilder B>
void set_logic_flags(B& b, unsigned w, typename B::Int result) {
  b.set_flags(b.flags_of(FlagKind::kLogic, w, result, result, result));
}

template <SemanticBuilder B>
void AND(B& b, const Insn& i) {
  auto [old, result] = modify(b, i, Rmw::kAnd, b.read(i, 1));
  set_logic_flags(b, b.width(i), result);
}

template <SemanticBuilder B>
void OR(B& b, const Insn& i) {
  auto [old, result] = modify(b, i, Rmw::kOr, b.read(i, 1));
  set_logic_flags(b, b.width(i), result);
}

template <SemanticBuilder B>
void XOR(B& b, const Insn& i) {
  auto [old, result] = modify(b, i, Rmw::kXor, b.read(i, 1));
  set_logic_flags(b, b.width(i), result);
}

template <SemanticBuilder B>
void TEST(B& b, const Insn& i) {
  unsigned w = b.width(i);
  set_logic_flags(b, w, b.and_(w, b.read(i, 0), b.read(i, 1)));
}

template <SemanticBuilder B>
void NOT(B& b, const Insn& i) {
  modify(b, i, Rmw::kXor, b.imm(width_mask(b.width(i))));
}

// The double-width accumulator: AX for bytes, else (r)DX:(r)AX.
template <SemanticBuilder B>
void set_product(B& b, unsigned w, typename B::Int low, typename B::Int high) {
  if (w == 1) return b.set_gpr(guest::kRax, 2, b.or_(2, low, b.shl(2, high, b.imm(8))));
  b.set_gpr(guest::kRax, w, low);
  b.set_gpr(guest::kRdx, w, high);
}

// CF and OF tell that the upper half is significant. SF, ZF, AF and PF are undefined; as Intel's
// cores do, SF and PF are those of the lower half and the others are clear.
template <SemanticBuilder B>
void set_product_flags(B& b, unsigned w, typename B::Int low, typename B::Bool significant) {
  auto overflow = b.select(significant, b.imm(guest::kCF | guest::kOF), b.imm(0));
  b.set_flags(b.flags_result(w, low, overflow));
}

template <SemanticBuilder B>
void MUL(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto lhs = b.zext(w, b.gpr(guest::kRax)), rhs = b.read(i, 0);
  auto low = b.mul(w, lhs, rhs), high = b.umulh(w, lhs, rhs);
  set_product(b, w, low, high);
  set_product_flags(b, w, low, b.not_zero(high));
}

template <SemanticBuilder B>
typename B::Bool exceeds_lower_half(B& b, unsigned w, typename B::Int low, typename B::Int high) {
  return b.ne(w, high, b.sar(w, low, b.imm(w * 8 - 1)));
}

template <SemanticBuilder B>
void IMUL1(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto lhs = b.zext(w, b.gpr(guest::kRax)), rhs = b.read(i, 0);
  auto low = b.mul(w, lhs, rhs), high = b.smulh(w, lhs, rhs);
  set_product(b, w, low, high);
  set_product_flags(b, w, low, exceeds_lower_half(b, w, low, high));
}

template <SemanticBuilder B>
void truncating_multiply(B& b, const Insn& i, typename B::Int lhs, typename B::Int rhs) {
  unsigned w = b.width(i);
  auto low = b.mul(w, lhs, rhs), high = b.smulh(w, lhs, rhs);
  b.write(i, 0, low);
  set_product_flags(b, w, low, exceeds_lower_half(b, w, low, high));
}

template <SemanticBuilder B>
void IMUL2(B& b, const Insn& i) {
  truncating_multiply(b, i, b.read(i, 0), b.read(i, 1));
}

template <SemanticBuilder B>
void IMUL3(B& b, const Insn& i) {
  truncating_multiply(b, i, b.read(i, 1), b.read(i, 2));
}

template <SemanticBuilder B>
void DIV(B& b, const Insn& i) {
  b.call_cpu(divide_unsigned, b.imm(b.width(i)), b.read(i, 0));
}

template <SemanticBuilder B>
void IDIV(B& b, const Insn& i) {
  b.call_cpu(divide_signed, b.imm(b.width(i)), b.read(i, 0));
}

// ADCX and ADOX: a carry chain in CF or OF alone.
template <SemanticBuilder B>
void add_with_carry_in(B& b, const Insn& i, u64 carry_flag, unsigned position) {
  unsigned w = b.width(i);
  auto lhs = b.read(i, 0), rhs = b.read(i, 1);
  auto sum = b.add(w, b.add(w, lhs, rhs), b.to_int(b.flag(carry_flag)));
  auto either = b.and_(w, b.or_(w, lhs, rhs), b.not_(w, sum));
  auto carry = b.shr(w, b.or_(w, b.and_(w, lhs, rhs), either), b.imm(w * 8 - 1));
  b.write(i, 0, sum);
  b.update_flags(carry_flag, b.shl(8, carry, b.imm(position)));
}

template <SemanticBuilder B>
void ADCX(B& b, const Insn& i) {
  add_with_carry_in(b, i, guest::kCF, 0);
}

template <SemanticBuilder B>
void ADOX(B& b, const Insn& i) {
  add_with_carry_in(b, i, guest::kOF, 11);
}

template <SemanticBuilder B>
void XADD(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto rhs = b.read(i, 1);
  // With one register as both operands it holds the sum: the source is written first.
  if (b.kind(i, 0) == OperandKind::kMemory) {
    auto [lhs, sum] = modify(b, i, Rmw::kAdd, rhs);
    b.write(i, 1, lhs);
    b.set_flags(b.flags_of(FlagKind::kAdd, w, lhs, rhs, sum));
    return;
  }
  auto lhs = b.read(i, 0);
  auto sum = b.add(w, lhs, rhs);
  b.write(i, 1, lhs);
  b.write(i, 0, sum);
  b.set_flags(b.flags_of(FlagKind::kAdd, w, lhs, rhs, sum));
}

template <SemanticBuilder B>
typename B::Int exchange_if_equal(B& b, const Insn& i, typename B::Int expected) {
  unsigned w = b.width(i);
  auto desired = b.read(i, 1);
  if (b.locked(i)) return b.compare_exchange(w, b.operand_address(i), expected, desired);
  auto old = b.read(i, 0);
  auto equal = b.eq(w, old, expected);
  if (b.kind(i, 0) == OperandKind::kMemory) {
    // Memory is written in both cases (SDM vol. 2, CMPXCHG).
    b.write(i, 0, b.select(equal, desired, old));
  } else {
    b.when(equal, [&] { b.write(i, 0, desired); });
  }
  return old;
}

template <SemanticBuilder B>
void CMPXCHG(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto rax = b.gpr(guest::kRax);
  auto expected = b.zext(w, rax);
  auto old = exchange_if_equal(b, i, expected);
  b.when(b.ne(w, old, expected), [&] { b.set_gpr(guest::kRax, w, old); });
  b.set_flags(b.flags_of(FlagKind::kSub, w, expected, old, b.sub(w, expected, old)));
}

template <SemanticBuilder B>
void CMPXCHG8B(B& b, const Insn& i) {
  b.call_cpu(compare_exchange_8, b.operand_address(i));
}

template <SemanticBuilder B>
void CMPXCHG16B(B& b, const Insn& i) {
  // Alignment comes before the stack segment.
  b.call_cpu(check_alignment, b.address(i), b.imm(16));
  b.call_cpu(compare_exchange_16, b.operand_address(i));
}

// CBW, CWDE, CDQE: the lower half of the accumulator sign-extended into the whole.
template <SemanticBuilder B>
void CBW(B& b, const Insn& i) {
  unsigned w = b.width(i);
  b.set_gpr(guest::kRax, w, b.zext(w, b.sext(w / 2, b.gpr(guest::kRax))));
}

// CWD, CDQ, CQO: the accumulator's sign in every bit of (r)DX.
template <SemanticBuilder B>
void CWD(B& b, const Insn& i) {
  unsigned w = b.width(i);
  b.set_gpr(guest::kRdx, w, b.sar(w, b.zext(w, b.gpr(guest::kRax)), b.imm(w * 8 - 1)));
}

}  // namespace gantry::sem

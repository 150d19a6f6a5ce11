// The shapes that most vector instructions have: which operands are read, how the pure function is
// applied, what is written. An instruction is then one line that names shape and function.
//
// One body serves the MMX, the legacy SSE and the VEX encoding of an instruction. A legacy encoding
// reads its destination as the first source; under VEX that is operand 1, and all that follows
// moves up by one. A function of 16 bytes is applied to both halves of a YMM register.
#pragma once

#include "emulator/semantics/builder.h"
#include "emulator/semantics/sse_ops.h"

namespace gantry::sem {

template <typename B>
bool is_mmx(B& b, const Insn& i, unsigned n) {
  return b.kind(i, n) == OperandKind::kMmx;
}

// The operand that is source `n` of an instruction with two sources or more.
template <typename B>
unsigned source(B& b, const Insn& i, unsigned n) {
  return n + b.vex(i);
}

// The control byte, always the last operand.
template <typename B>
typename B::Int control(B& b, const Insn& i) {
  return b.imm(i.imm);
}

// {f(low halves…), f(high halves…)}, the latter only where there are any.
template <typename B, typename F, typename... Operands>
typename B::Wide each_half(B& b, const Insn& i, F f, const Operands&... operands) {
  typename B::Wide result = {f(operands.low...), {}};
  if (b.wide(i)) result.high = f(operands.high...);
  return result;
}

// op0 = op1
template <typename B>
void vec_move(B& b, const Insn& i) {
  b.write_wide(i, 0, b.read_wide(i, 1));
}

// op0 = f(op1)
template <auto kOp, typename B>
void vec_unary(B& b, const Insn& i) {
  auto op = [&](const auto& a) { return b.call(kOp, a); };
  b.write_wide(i, 0, each_half(b, i, op, b.read_wide(i, 1)));
}

// op0 = f(op1, control). The upper half takes the control bits from kHighShift up.
template <auto kOp, unsigned kHighShift = 0, typename B>
void vec_unary_imm(B& b, const Insn& i) {
  auto value = b.read_wide(i, 1);
  typename B::Wide result = {b.call(kOp, value.low, control(b, i)), {}};
  if (b.wide(i)) result.high = b.call(kOp, value.high, b.imm(i.imm >> kHighShift));
  b.write_wide(i, 0, result);
}

// op0 = f(op1), where kPart consecutive bytes of the source make 16 of the destination.
template <auto kOp, unsigned kPart, typename B>
void vec_extend(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  typename B::Wide result = {b.call(kOp, value), {}};
  if (b.wide(i)) result.high = b.call(kOp, b.call(vec::shr_bytes, value, b.imm(kPart)));
  b.write_wide(i, 0, result);
}

// op0 = f(source 0, source 1)
template <auto kOp, typename B>
void vec_binary(B& b, const Insn& i) {
  auto rhs = b.read_wide(i, source(b, i, 1));
  auto lhs = b.read_wide(i, source(b, i, 0));
  auto op = [&](const auto& x, const auto& y) { return b.call(kOp, x, y); };
  b.write_wide(i, 0, each_half(b, i, op, lhs, rhs));
}

// The same where the function depends on the size of the register.
template <auto kMmxOp, auto kXmmOp, typename B>
void vec_binary_sized(B& b, const Insn& i) {
  if (is_mmx(b, i, 0)) {
    vec_binary<kMmxOp>(b, i);
  } else {
    vec_binary<kXmmOp>(b, i);
  }
}

// op0 = f(source 0, source 1, control). The upper half takes the control bits from kHighShift up.
template <auto kOp, unsigned kHighShift = 0, typename B>
void vec_binary_imm(B& b, const Insn& i) {
  auto rhs = b.read_wide(i, source(b, i, 1));
  auto lhs = b.read_wide(i, source(b, i, 0));
  typename B::Wide result = {b.call(kOp, lhs.low, rhs.low, control(b, i)), {}};
  if (b.wide(i)) result.high = b.call(kOp, lhs.high, rhs.high, b.imm(i.imm >> kHighShift));
  b.write_wide(i, 0, result);
}

// op0 = f(source 0, count), the count being an immediate, or the low quadword of a register or
// memory operand.
template <auto kOp, typename B>
void vec_shift(B& b, const Insn& i) {
  auto shift = [&](auto op) {
    b.write_wide(i, 0, each_half(b, i, op, b.read_wide(i, source(b, i, 0))));
  };
  unsigned n = source(b, i, 1);
  if (b.kind(i, n) == OperandKind::kImmediate) {
    return shift([&](const auto& a) { return b.call(kOp, a, b.read(i, n)); });
  }
  auto count = b.read_vec(i, n);
  shift([&](const auto& a) { return b.call(vec::by_low<kOp>, a, count); });
}

// op0 = f(source 0, source 1, mask), the mask being XMM0 or, under VEX, the last operand.
template <auto kOp, typename B>
void vec_binary_masked(B& b, const Insn& i) {
  auto rhs = b.read_wide(i, source(b, i, 1));
  auto lhs = b.read_wide(i, source(b, i, 0));
  auto mask = b.vex(i) ? b.read_wide(i, 3) : typename B::Wide{b.xmm(0), {}};
  auto op = [&](const auto& x, const auto& y, const auto& m) { return b.call(kOp, x, y, m); };
  b.write_wide(i, 0, each_half(b, i, op, lhs, rhs, mask));
}

// The general register op0 = f(op1), kBits bits a half.
template <auto kOp, unsigned kBits, typename B>
void vec_to_gpr(B& b, const Insn& i) {
  auto value = b.read_wide(i, 1);
  auto bits = b.call(kOp, value.low);
  if (b.wide(i)) bits = b.or_(4, bits, b.shl(4, b.call(kOp, value.high), b.imm(kBits)));
  b.write(i, 0, bits);
}

// ZF and CF from f(op0, op1), which gives them as bits of RFLAGS; both halves must agree to set
// one.
template <auto kOp, typename B>
void vec_test(B& b, const Insn& i) {
  auto rhs = b.read_wide(i, 1);
  auto lhs = b.read_wide(i, 0);
  auto bits = b.call(kOp, lhs.low, rhs.low);
  if (b.wide(i)) bits = b.and_(4, bits, b.call(kOp, lhs.high, rhs.high));
  b.set_flags(b.flags_raw(bits));
}

}  // namespace gantry::sem

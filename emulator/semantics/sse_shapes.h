// The shapes that most vector instructions have: which operands are read, how the pure function is
// applied, what is written. An instruction is then one line that names shape and function.
#pragma once

#include "emulator/semantics/builder.h"
#include "emulator/semantics/sse_lanes.h"

namespace gantry::sem {

template <typename B>
bool is_mmx(B& b, const Insn& i, unsigned n) {
  return b.kind(i, n) == OperandKind::kMmx;
}

// The last operand as a number: an immediate, or the low quadword of a register or memory operand.
template <typename B>
typename B::Int read_count(B& b, const Insn& i, unsigned n) {
  if (b.kind(i, n) == OperandKind::kImmediate) return b.read(i, n);
  return b.call(vec::low, b.read_vec(i, n));
}

// op0 = op1
template <typename B>
void vec_move(B& b, const Insn& i) {
  b.write_vec(i, 0, b.read_vec(i, 1));
}

// op0 = f(op1)
template <auto kOp, typename B>
void vec_unary(B& b, const Insn& i) {
  b.write_vec(i, 0, b.call(kOp, b.read_vec(i, 1)));
}

// op0 = f(op1, immediate)
template <auto kOp, typename B>
void vec_unary_imm(B& b, const Insn& i) {
  b.write_vec(i, 0, b.call(kOp, b.read_vec(i, 1), b.read(i, 2)));
}

// op0 = f(op0, op1)
template <auto kOp, typename B>
void vec_binary(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  b.write_vec(i, 0, b.call(kOp, b.read_vec(i, 0), rhs));
}

// op0 = f(op0, op1) where the function depends on the size of the register.
template <auto kMmxOp, auto kXmmOp, typename B>
void vec_binary_sized(B& b, const Insn& i) {
  if (is_mmx(b, i, 0)) {
    vec_binary<kMmxOp>(b, i);
  } else {
    vec_binary<kXmmOp>(b, i);
  }
}

// op0 = f(op0, op1, immediate)
template <auto kOp, typename B>
void vec_binary_imm(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  b.write_vec(i, 0, b.call(kOp, b.read_vec(i, 0), rhs, b.read(i, 2)));
}

// op0 = f(op0, count)
template <auto kOp, typename B>
void vec_shift(B& b, const Insn& i) {
  auto count = read_count(b, i, 1);
  b.write_vec(i, 0, b.call(kOp, b.read_vec(i, 0), count));
}

// op0 = f(op0, op1, XMM0)
template <auto kOp, typename B>
void vec_binary_xmm0(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  b.write_vec(i, 0, b.call(kOp, b.read_vec(i, 0), rhs, b.xmm(0)));
}

// The general register op0 = f(op1)
template <auto kOp, typename B>
void vec_to_gpr(B& b, const Insn& i) {
  b.write(i, 0, b.call(kOp, b.read_vec(i, 1)));
}

}  // namespace gantry::sem

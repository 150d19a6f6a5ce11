// SSE floating-point arithmetic and compares. All of them read and set MXCSR, so they are functions
// of the guest state; the upper lanes of a scalar's destination are kept.
#pragma once

#include "emulator/semantics/float_ops.h"
#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

// op0 = f(op0, op1). Inlined into the handlers, so that the builder lives in registers there.
template <auto kOp, typename B>
[[gnu::always_inline]] inline void float_binary(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  b.write_vec(i, 0, b.call_cpu(kOp, b.read_vec(i, 0), rhs));
}
template <auto kOp, typename T, typename B>
[[gnu::always_inline]] inline void float_scalar(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  b.write_low(i, 0, sizeof(T), b.call_cpu(kOp, b.read_vec(i, 0), rhs));
}
template <fp::Arith kOp, typename T, typename B>
[[gnu::always_inline]] inline void packed_arith(B& b, const Insn& i) {
  float_binary<fp::arith<kOp, T, vec::kLanes<T>>>(b, i);
}
template <fp::Arith kOp, typename T, typename B>
[[gnu::always_inline]] inline void scalar_arith(B& b, const Insn& i) {
  float_scalar<fp::arith<kOp, T, 1>, T>(b, i);
}

// --- arithmetic
template <SemanticBuilder B>
void ADDPS(B& b, const Insn& i) {
  packed_arith<fp::Arith::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void ADDPD(B& b, const Insn& i) {
  packed_arith<fp::Arith::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void ADDSS(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void ADDSD(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void SUBPS(B& b, const Insn& i) {
  packed_arith<fp::Arith::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void SUBPD(B& b, const Insn& i) {
  packed_arith<fp::Arith::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void SUBSS(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void SUBSD(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void MULPS(B& b, const Insn& i) {
  packed_arith<fp::Arith::kMul, u32>(b, i);
}
template <SemanticBuilder B>
void MULPD(B& b, const Insn& i) {
  packed_arith<fp::Arith::kMul, u64>(b, i);
}
template <SemanticBuilder B>
void MULSS(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kMul, u32>(b, i);
}
template <SemanticBuilder B>
void MULSD(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kMul, u64>(b, i);
}
template <SemanticBuilder B>
void DIVPS(B& b, const Insn& i) {
  packed_arith<fp::Arith::kDiv, u32>(b, i);
}
template <SemanticBuilder B>
void DIVPD(B& b, const Insn& i) {
  packed_arith<fp::Arith::kDiv, u64>(b, i);
}
template <SemanticBuilder B>
void DIVSS(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kDiv, u32>(b, i);
}
template <SemanticBuilder B>
void DIVSD(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kDiv, u64>(b, i);
}
template <SemanticBuilder B>
void MINPS(B& b, const Insn& i) {
  packed_arith<fp::Arith::kMin, u32>(b, i);
}
template <SemanticBuilder B>
void MINPD(B& b, const Insn& i) {
  packed_arith<fp::Arith::kMin, u64>(b, i);
}
template <SemanticBuilder B>
void MINSS(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kMin, u32>(b, i);
}
template <SemanticBuilder B>
void MINSD(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kMin, u64>(b, i);
}
template <SemanticBuilder B>
void MAXPS(B& b, const Insn& i) {
  packed_arith<fp::Arith::kMax, u32>(b, i);
}
template <SemanticBuilder B>
void MAXPD(B& b, const Insn& i) {
  packed_arith<fp::Arith::kMax, u64>(b, i);
}
template <SemanticBuilder B>
void MAXSS(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kMax, u32>(b, i);
}
template <SemanticBuilder B>
void MAXSD(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kMax, u64>(b, i);
}

// The square root is of the second operand.
template <SemanticBuilder B>
void SQRTPS(B& b, const Insn& i) {
  packed_arith<fp::Arith::kSqrt, u32>(b, i);
}
template <SemanticBuilder B>
void SQRTPD(B& b, const Insn& i) {
  packed_arith<fp::Arith::kSqrt, u64>(b, i);
}
template <SemanticBuilder B>
void SQRTSS(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kSqrt, u32>(b, i);
}
template <SemanticBuilder B>
void SQRTSD(B& b, const Insn& i) {
  scalar_arith<fp::Arith::kSqrt, u64>(b, i);
}

// --- sums across lanes
template <SemanticBuilder B>
void ADDSUBPS(B& b, const Insn& i) {
  float_binary<fp::add_sub<u32>>(b, i);
}
template <SemanticBuilder B>
void ADDSUBPD(B& b, const Insn& i) {
  float_binary<fp::add_sub<u64>>(b, i);
}
template <SemanticBuilder B>
void HADDPS(B& b, const Insn& i) {
  float_binary<fp::horizontal<fp::Arith::kAdd, u32>>(b, i);
}
template <SemanticBuilder B>
void HADDPD(B& b, const Insn& i) {
  float_binary<fp::horizontal<fp::Arith::kAdd, u64>>(b, i);
}
template <SemanticBuilder B>
void HSUBPS(B& b, const Insn& i) {
  float_binary<fp::horizontal<fp::Arith::kSub, u32>>(b, i);
}
template <SemanticBuilder B>
void HSUBPD(B& b, const Insn& i) {
  float_binary<fp::horizontal<fp::Arith::kSub, u64>>(b, i);
}

// op0 = f(op0, op1, immediate)
template <auto kOp, typename B>
void float_binary_imm(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  b.write_vec(i, 0, b.call_cpu(kOp, b.read_vec(i, 0), rhs, b.read(i, 2)));
}
template <SemanticBuilder B>
void DPPS(B& b, const Insn& i) {
  float_binary_imm<fp::dot_product<u32>>(b, i);
}
template <SemanticBuilder B>
void DPPD(B& b, const Insn& i) {
  float_binary_imm<fp::dot_product<u64>>(b, i);
}

// --- compares. Legacy encodings have the first eight predicates; the upper bits are ignored.
template <typename T, unsigned kCount, typename B>
void compare_with_predicate(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  auto predicate = b.imm(i.imm & 7);
  auto result = b.call_cpu(fp::compare_lanes<T, kCount>, b.read_vec(i, 0), rhs, predicate);
  b.write_low(i, 0, kCount * sizeof(T), result);
}
template <SemanticBuilder B>
void CMPPS(B& b, const Insn& i) {
  compare_with_predicate<u32, 4>(b, i);
}
template <SemanticBuilder B>
void CMPPD(B& b, const Insn& i) {
  compare_with_predicate<u64, 2>(b, i);
}
template <SemanticBuilder B>
void CMPSS(B& b, const Insn& i) {
  compare_with_predicate<u32, 1>(b, i);
}
template <SemanticBuilder B>
void CMPSD(B& b, const Insn& i) {
  compare_with_predicate<u64, 1>(b, i);
}

// OF, AF and SF are cleared.
template <typename T, bool kSignalQuiet, typename B>
void compare_to_flags(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  auto bits = b.call_cpu(fp::compare_flags<T, kSignalQuiet>, b.read_vec(i, 0), rhs);
  b.set_flags(b.flags_raw(bits));
}
template <SemanticBuilder B>
void COMISS(B& b, const Insn& i) {
  compare_to_flags<u32, true>(b, i);
}
template <SemanticBuilder B>
void COMISD(B& b, const Insn& i) {
  compare_to_flags<u64, true>(b, i);
}
template <SemanticBuilder B>
void UCOMISS(B& b, const Insn& i) {
  compare_to_flags<u32, false>(b, i);
}
template <SemanticBuilder B>
void UCOMISD(B& b, const Insn& i) {
  compare_to_flags<u64, false>(b, i);
}

// --- rounding to integral values
template <typename T, unsigned kCount, typename B>
void round_to_control(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  auto result = b.call_cpu(fp::round_lanes<T, kCount>, value, b.read(i, 2));
  b.write_low(i, 0, kCount * sizeof(T), result);
}
template <SemanticBuilder B>
void ROUNDPS(B& b, const Insn& i) {
  round_to_control<u32, 4>(b, i);
}
template <SemanticBuilder B>
void ROUNDPD(B& b, const Insn& i) {
  round_to_control<u64, 2>(b, i);
}
template <SemanticBuilder B>
void ROUNDSS(B& b, const Insn& i) {
  round_to_control<u32, 1>(b, i);
}
template <SemanticBuilder B>
void ROUNDSD(B& b, const Insn& i) {
  round_to_control<u64, 1>(b, i);
}

// --- approximations
template <auto kOp, typename B>
void approximate_scalar(B& b, const Insn& i) {
  b.write_low(i, 0, 4, b.call(kOp, b.read_vec(i, 1)));
}
template <SemanticBuilder B>
void RCPPS(B& b, const Insn& i) {
  vec_unary<fp::reciprocal<4>>(b, i);
}
template <SemanticBuilder B>
void RSQRTPS(B& b, const Insn& i) {
  vec_unary<fp::reciprocal_root<4>>(b, i);
}
template <SemanticBuilder B>
void RCPSS(B& b, const Insn& i) {
  approximate_scalar<fp::reciprocal<1>>(b, i);
}
template <SemanticBuilder B>
void RSQRTSS(B& b, const Insn& i) {
  approximate_scalar<fp::reciprocal_root<1>>(b, i);
}

}  // namespace gantry::sem

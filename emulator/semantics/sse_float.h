// SSE and AVX floating-point arithmetic and compares.
#pragma once

#include "emulator/semantics/float_shapes.h"

namespace gantry::sem {

template <fp::Arith kOp, typename T, typename B>
[[gnu::always_inline]] inline void packed_arith(B& b, const Insn& i) {
  float_binary<fp::arith<kOp, T, V128>, fp::arith<kOp, T, V256>>(b, i);
}
template <fp::Arith kOp, typename T, typename B>
[[gnu::always_inline]] inline void scalar_arith(B& b, const Insn& i) {
  float_scalar<fp::arith<kOp, T, V128, 1>>(b, i);
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

// A scalar square root is of the second source.
template <SemanticBuilder B>
void SQRTPS(B& b, const Insn& i) {
  float_unary<fp::square_root<u32, V128>, fp::square_root<u32, V256>>(b, i);
}
template <SemanticBuilder B>
void SQRTPD(B& b, const Insn& i) {
  float_unary<fp::square_root<u64, V128>, fp::square_root<u64, V256>>(b, i);
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
template <typename T, typename B>
void add_sub(B& b, const Insn& i) {
  float_binary<fp::add_sub<T, V128>, fp::add_sub<T, V256>>(b, i);
}
template <fp::Arith kOp, typename T, typename B>
void horizontal(B& b, const Insn& i) {
  float_binary<fp::horizontal<kOp, T, V128>, fp::horizontal<kOp, T, V256>>(b, i);
}
template <SemanticBuilder B>
void ADDSUBPS(B& b, const Insn& i) {
  add_sub<u32>(b, i);
}
template <SemanticBuilder B>
void ADDSUBPD(B& b, const Insn& i) {
  add_sub<u64>(b, i);
}
template <SemanticBuilder B>
void HADDPS(B& b, const Insn& i) {
  horizontal<fp::Arith::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void HADDPD(B& b, const Insn& i) {
  horizontal<fp::Arith::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void HSUBPS(B& b, const Insn& i) {
  horizontal<fp::Arith::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void HSUBPD(B& b, const Insn& i) {
  horizontal<fp::Arith::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void DPPS(B& b, const Insn& i) {
  float_binary<fp::dot_product<u32, V128>, fp::dot_product<u32, V256>>(b, i, control(b, i));
}
template <SemanticBuilder B>
void DPPD(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, source(b, i, 1));
  auto lhs = b.read_vec(i, source(b, i, 0));
  b.write_vec(i, 0, b.call_float(fp::dot_product<u64, V128>, lhs, rhs, control(b, i)));
}

// --- compares. Legacy encodings have the first eight predicates, VEX has 32; further bits are
// ignored.
template <typename B>
typename B::Int compare_predicate(B& b, const Insn& i) {
  return b.imm(i.imm & (b.vex(i) ? 31 : 7));
}
template <typename T, typename B>
void compare_packed(B& b, const Insn& i) {
  auto predicate = compare_predicate(b, i);
  float_binary<fp::compare_lanes<T, V128>, fp::compare_lanes<T, V256>>(b, i, predicate);
}
template <typename T, typename B>
void compare_scalar(B& b, const Insn& i) {
  float_scalar<fp::compare_lanes<T, V128, 1>>(b, i, compare_predicate(b, i));
}
template <SemanticBuilder B>
void CMPPS(B& b, const Insn& i) {
  compare_packed<u32>(b, i);
}
template <SemanticBuilder B>
void CMPPD(B& b, const Insn& i) {
  compare_packed<u64>(b, i);
}
template <SemanticBuilder B>
void CMPSS(B& b, const Insn& i) {
  compare_scalar<u32>(b, i);
}
template <SemanticBuilder B>
void CMPSD(B& b, const Insn& i) {
  compare_scalar<u64>(b, i);
}

// OF, AF and SF are cleared.
template <typename T, bool kSignalQuiet, typename B>
void compare_to_flags(B& b, const Insn& i) {
  auto rhs = b.read_vec(i, 1);
  auto bits = b.call_float(fp::compare_flags<T, kSignalQuiet>, b.read_vec(i, 0), rhs);
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
template <typename T, typename B>
void round_packed(B& b, const Insn& i) {
  float_unary<fp::round_lanes<T, V128>, fp::round_lanes<T, V256>>(b, i, control(b, i));
}
template <typename T, typename B>
void round_scalar(B& b, const Insn& i) {
  float_low<fp::round_lanes<T, V128, 1>, sizeof(T)>(b, i, control(b, i));
}
template <SemanticBuilder B>
void ROUNDPS(B& b, const Insn& i) {
  round_packed<u32>(b, i);
}
template <SemanticBuilder B>
void ROUNDPD(B& b, const Insn& i) {
  round_packed<u64>(b, i);
}
template <SemanticBuilder B>
void ROUNDSS(B& b, const Insn& i) {
  round_scalar<u32>(b, i);
}
template <SemanticBuilder B>
void ROUNDSD(B& b, const Insn& i) {
  round_scalar<u64>(b, i);
}

// --- approximations
template <auto kOp, typename B>
void approximate_scalar(B& b, const Insn& i) {
  b.write_low(i, 0, 4, b.call(kOp, b.read_vec(i, source(b, i, 1))));
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

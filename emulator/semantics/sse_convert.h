// Conversions between integers and floats, and between the float formats.
#pragma once

#include "emulator/semantics/float_ops.h"
#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

// op0 = f(op1); a result narrower than the register is zero above.
template <auto kOp, typename B>
void convert_lanes(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  if (is_mmx(b, i, 0)) b.enter_mmx();
  b.write_vec(i, 0, b.call_cpu(kOp, value));
}

// The low kBytes of op0 = f(op1); the rest is kept.
template <auto kOp, unsigned kBytes, typename B>
void convert_low(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  b.write_low(i, 0, kBytes, b.call_cpu(kOp, value));
}

// --- between formats
template <SemanticBuilder B>
void CVTSS2SD(B& b, const Insn& i) {
  convert_low<fp::resize<u64, u32, 1>, 8>(b, i);
}
template <SemanticBuilder B>
void CVTSD2SS(B& b, const Insn& i) {
  convert_low<fp::resize<u32, u64, 1>, 4>(b, i);
}
template <SemanticBuilder B>
void CVTPS2PD(B& b, const Insn& i) {
  convert_lanes<fp::resize<u64, u32, 2>>(b, i);
}
template <SemanticBuilder B>
void CVTPD2PS(B& b, const Insn& i) {
  convert_lanes<fp::resize<u32, u64, 2>>(b, i);
}

// --- from integers
template <typename T, typename B>
void convert_from_gpr(B& b, const Insn& i) {
  auto value = b.read(i, 1);
  if (b.operand_width(i, 1) == 8) {
    b.write_low(i, 0, sizeof(T), b.call_cpu(fp::scalar_from_integer<T, 8>, value));
  } else {
    b.write_low(i, 0, sizeof(T), b.call_cpu(fp::scalar_from_integer<T, 4>, value));
  }
}
template <SemanticBuilder B>
void CVTSI2SS(B& b, const Insn& i) {
  convert_from_gpr<u32>(b, i);
}
template <SemanticBuilder B>
void CVTSI2SD(B& b, const Insn& i) {
  convert_from_gpr<u64>(b, i);
}
template <SemanticBuilder B>
void CVTDQ2PS(B& b, const Insn& i) {
  convert_lanes<fp::lanes_from_integer<u32, 4>>(b, i);
}
template <SemanticBuilder B>
void CVTDQ2PD(B& b, const Insn& i) {
  convert_lanes<fp::lanes_from_integer<u64, 2>>(b, i);
}
template <SemanticBuilder B>
void CVTPI2PS(B& b, const Insn& i) {
  convert_low<fp::lanes_from_integer<u32, 2>, 8>(b, i);
}
template <SemanticBuilder B>
void CVTPI2PD(B& b, const Insn& i) {
  convert_lanes<fp::lanes_from_integer<u64, 2>>(b, i);
}

// --- to integers
template <typename T, bool kTruncate, typename B>
void convert_to_gpr(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  if (b.operand_width(i, 0) == 8) {
    b.write(i, 0, b.call_cpu(fp::scalar_to_integer<T, 8, kTruncate>, value));
  } else {
    b.write(i, 0, b.call_cpu(fp::scalar_to_integer<T, 4, kTruncate>, value));
  }
}
template <SemanticBuilder B>
void CVTSS2SI(B& b, const Insn& i) {
  convert_to_gpr<u32, false>(b, i);
}
template <SemanticBuilder B>
void CVTTSS2SI(B& b, const Insn& i) {
  convert_to_gpr<u32, true>(b, i);
}
template <SemanticBuilder B>
void CVTSD2SI(B& b, const Insn& i) {
  convert_to_gpr<u64, false>(b, i);
}
template <SemanticBuilder B>
void CVTTSD2SI(B& b, const Insn& i) {
  convert_to_gpr<u64, true>(b, i);
}

template <typename T, unsigned kCount, bool kTruncate, typename B>
void convert_to_lanes(B& b, const Insn& i) {
  convert_lanes<fp::lanes_to_integer<T, kCount, kTruncate>>(b, i);
}
template <SemanticBuilder B>
void CVTPS2DQ(B& b, const Insn& i) {
  convert_to_lanes<u32, 4, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPS2DQ(B& b, const Insn& i) {
  convert_to_lanes<u32, 4, true>(b, i);
}
template <SemanticBuilder B>
void CVTPD2DQ(B& b, const Insn& i) {
  convert_to_lanes<u64, 2, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPD2DQ(B& b, const Insn& i) {
  convert_to_lanes<u64, 2, true>(b, i);
}
template <SemanticBuilder B>
void CVTPS2PI(B& b, const Insn& i) {
  convert_to_lanes<u32, 2, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPS2PI(B& b, const Insn& i) {
  convert_to_lanes<u32, 2, true>(b, i);
}
template <SemanticBuilder B>
void CVTPD2PI(B& b, const Insn& i) {
  convert_to_lanes<u64, 2, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPD2PI(B& b, const Insn& i) {
  convert_to_lanes<u64, 2, true>(b, i);
}

}  // namespace gantry::sem

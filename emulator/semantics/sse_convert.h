// Conversions between integers and floats, and between the float formats, F16C's half among them.
#pragma once

#include "emulator/semantics/float_shapes.h"

namespace gantry::sem {

// --- between formats
template <typename To, typename From, typename B>
void resize_packed(B& b, const Insn& i) {
  float_unary<fp::resize<To, From, V128>, fp::resize<To, From, V256>>(b, i);
}
template <typename To, typename From, typename B>
void resize_scalar(B& b, const Insn& i) {
  float_low<fp::resize<To, From, V128, 1>, sizeof(To)>(b, i);
}
template <SemanticBuilder B>
void CVTSS2SD(B& b, const Insn& i) {
  resize_scalar<u64, u32>(b, i);
}
template <SemanticBuilder B>
void CVTSD2SS(B& b, const Insn& i) {
  resize_scalar<u32, u64>(b, i);
}
template <SemanticBuilder B>
void CVTPS2PD(B& b, const Insn& i) {
  resize_packed<u64, u32>(b, i);
}
template <SemanticBuilder B>
void CVTPD2PS(B& b, const Insn& i) {
  resize_packed<u32, u64>(b, i);
}
template <SemanticBuilder B>
void VCVTPH2PS(B& b, const Insn& i) {
  float_unary<fp::from_half<V128>, fp::from_half<V256>>(b, i);
}
template <SemanticBuilder B>
void VCVTPS2PH(B& b, const Insn& i) {
  float_unary<fp::to_half<V128>, fp::to_half<V256>>(b, i, control(b, i));
}

// --- from integers
template <typename T, typename B>
void convert_from_gpr(B& b, const Insn& i) {
  unsigned n = source(b, i, 1);
  auto value = b.read(i, n);
  if (b.operand_width(i, n) == 8) {
    b.write_low(i, 0, sizeof(T), b.call_float(fp::scalar_from_integer<T, 8>, value));
  } else {
    b.write_low(i, 0, sizeof(T), b.call_float(fp::scalar_from_integer<T, 4>, value));
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
  float_unary<fp::lanes_from_integer<u32, V128>, fp::lanes_from_integer<u32, V256>>(b, i);
}
template <SemanticBuilder B>
void CVTDQ2PD(B& b, const Insn& i) {
  float_unary<fp::lanes_from_integer<u64, V128>, fp::lanes_from_integer<u64, V256>>(b, i);
}
template <SemanticBuilder B>
void CVTPI2PS(B& b, const Insn& i) {
  float_low<fp::lanes_from_integer<u32, V128, 2>, 8>(b, i);
}
template <SemanticBuilder B>
void CVTPI2PD(B& b, const Insn& i) {
  float_unary<fp::lanes_from_integer<u64, V128>, fp::lanes_from_integer<u64, V256>>(b, i);
}

// --- to integers
template <typename T, bool kTruncate, typename B>
void convert_to_gpr(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  if (b.operand_width(i, 0) == 8) {
    b.write(i, 0, b.call_float(fp::scalar_to_integer<T, 8, kTruncate>, value));
  } else {
    b.write(i, 0, b.call_float(fp::scalar_to_integer<T, 4, kTruncate>, value));
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

template <typename T, bool kTruncate, typename B>
void convert_to_lanes(B& b, const Insn& i) {
  float_unary<fp::lanes_to_integer<T, kTruncate, V128>, fp::lanes_to_integer<T, kTruncate, V256>>(
      b, i);
}
template <SemanticBuilder B>
void CVTPS2DQ(B& b, const Insn& i) {
  convert_to_lanes<u32, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPS2DQ(B& b, const Insn& i) {
  convert_to_lanes<u32, true>(b, i);
}
template <SemanticBuilder B>
void CVTPD2DQ(B& b, const Insn& i) {
  convert_to_lanes<u64, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPD2DQ(B& b, const Insn& i) {
  convert_to_lanes<u64, true>(b, i);
}

template <typename T, bool kTruncate, typename B>
void convert_to_mmx(B& b, const Insn& i) {
  auto value = b.read_vec(i, 1);
  b.enter_mmx();
  b.write_vec(i, 0, b.call_float(fp::lanes_to_integer<T, kTruncate, V128, 2>, value));
}
template <SemanticBuilder B>
void CVTPS2PI(B& b, const Insn& i) {
  convert_to_mmx<u32, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPS2PI(B& b, const Insn& i) {
  convert_to_mmx<u32, true>(b, i);
}
template <SemanticBuilder B>
void CVTPD2PI(B& b, const Insn& i) {
  convert_to_mmx<u64, false>(b, i);
}
template <SemanticBuilder B>
void CVTTPD2PI(B& b, const Insn& i) {
  convert_to_mmx<u64, true>(b, i);
}

}  // namespace gantry::sem

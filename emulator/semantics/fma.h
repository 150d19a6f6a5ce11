// FMA: ±(x × y) ± z with one rounding. The digits name the operands x, y and z, counted from 1: 213
// multiplies the second and the first and adds the third. Where several are NaNs, x's goes before
// y's and y's before z's.
#pragma once

#include "emulator/semantics/float_shapes.h"

namespace gantry::sem {

// kDigits as 0x213.
template <unsigned kDigits, fp::Fma kOp, typename T, typename B>
void fma_packed(B& b, const Insn& i) {
  constexpr unsigned kX = (kDigits >> 8) - 1, kY = (kDigits >> 4 & 15) - 1, kZ = (kDigits & 15) - 1;
  if (b.wide(i)) {
    auto x = b.read_wide(i, kX), y = b.read_wide(i, kY), z = b.read_wide(i, kZ);
    b.write_wide(i, 0, b.call_float(fp::fma<kOp, T, V256>, x, y, z));
  } else {
    auto x = b.read_vec(i, kX), y = b.read_vec(i, kY), z = b.read_vec(i, kZ);
    b.write_vec(i, 0, b.call_float(fp::fma<kOp, T, V128>, x, y, z));
  }
}
// A scalar: the rest of op0 is kept.
template <unsigned kDigits, fp::Fma kOp, typename T, typename B>
void fma_scalar(B& b, const Insn& i) {
  constexpr unsigned kX = (kDigits >> 8) - 1, kY = (kDigits >> 4 & 15) - 1, kZ = (kDigits & 15) - 1;
  auto x = b.read_vec(i, kX), y = b.read_vec(i, kY), z = b.read_vec(i, kZ);
  auto result = b.call_float(fp::fma<kOp, T, V128, 1>, x, y, z);
  b.write_vec(i, 0, b.call(vec::with_low<T>, b.read_vec(i, 0), result));
}

// --- x × y + z
template <SemanticBuilder B>
void VFMADD132PS(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADD132PD(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFMADD132SS(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADD132SD(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFMADD213PS(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADD213PD(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFMADD213SS(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADD213SD(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFMADD231PS(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADD231PD(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFMADD231SS(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADD231SD(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kAdd, u64>(b, i);
}

// --- x × y - z
template <SemanticBuilder B>
void VFMSUB132PS(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUB132PD(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFMSUB132SS(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUB132SD(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFMSUB213PS(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUB213PD(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFMSUB213SS(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUB213SD(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFMSUB231PS(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUB231PD(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFMSUB231SS(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUB231SD(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kSub, u64>(b, i);
}

// --- -(x × y) + z
template <SemanticBuilder B>
void VFNMADD132PS(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kNegAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMADD132PD(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kNegAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMADD132SS(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kNegAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMADD132SD(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kNegAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMADD213PS(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kNegAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMADD213PD(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kNegAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMADD213SS(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kNegAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMADD213SD(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kNegAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMADD231PS(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kNegAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMADD231PD(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kNegAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMADD231SS(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kNegAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMADD231SD(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kNegAdd, u64>(b, i);
}

// --- -(x × y) - z
template <SemanticBuilder B>
void VFNMSUB132PS(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kNegSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB132PD(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kNegSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB132SS(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kNegSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB132SD(B& b, const Insn& i) {
  fma_scalar<0x132, fp::Fma::kNegSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB213PS(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kNegSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB213PD(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kNegSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB213SS(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kNegSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB213SD(B& b, const Insn& i) {
  fma_scalar<0x213, fp::Fma::kNegSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB231PS(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kNegSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB231PD(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kNegSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB231SS(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kNegSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFNMSUB231SD(B& b, const Insn& i) {
  fma_scalar<0x231, fp::Fma::kNegSub, u64>(b, i);
}

// --- x × y - z in even lanes, x × y + z in odd ones
template <SemanticBuilder B>
void VFMADDSUB132PS(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kAddSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADDSUB132PD(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kAddSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFMADDSUB213PS(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kAddSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADDSUB213PD(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kAddSub, u64>(b, i);
}
template <SemanticBuilder B>
void VFMADDSUB231PS(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kAddSub, u32>(b, i);
}
template <SemanticBuilder B>
void VFMADDSUB231PD(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kAddSub, u64>(b, i);
}

// --- x × y + z in even lanes, x × y - z in odd ones
template <SemanticBuilder B>
void VFMSUBADD132PS(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kSubAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUBADD132PD(B& b, const Insn& i) {
  fma_packed<0x132, fp::Fma::kSubAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFMSUBADD213PS(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kSubAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUBADD213PD(B& b, const Insn& i) {
  fma_packed<0x213, fp::Fma::kSubAdd, u64>(b, i);
}
template <SemanticBuilder B>
void VFMSUBADD231PS(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kSubAdd, u32>(b, i);
}
template <SemanticBuilder B>
void VFMSUBADD231PD(B& b, const Insn& i) {
  fma_packed<0x231, fp::Fma::kSubAdd, u64>(b, i);
}

}  // namespace gantry::sem

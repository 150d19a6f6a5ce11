// MXCSR, the FXSAVE area, EMMS and the byte-masked stores.
#pragma once

#include "emulator/semantics/builder.h"
#include "emulator/semantics/sse_ops.h"
#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

// The instructions. `wide` is REX.W: instruction pointers of 64 bits; else of 32.
void fxsave(guest::Cpu& cpu, u64 address, u64 wide);
void fxrstor(guest::Cpu& cpu, u64 address, u64 wide);
void load_mxcsr(guest::Cpu& cpu, u64 value);
inline u64 mxcsr(guest::Cpu& cpu) { return cpu.mxcsr; }
void empty_mmx(guest::Cpu& cpu);
template <unsigned kBytes>
void store_masked_bytes(guest::Cpu& cpu, u64 address, V128 data, u64 selected);

template <SemanticBuilder B>
void LDMXCSR(B& b, const Insn& i) {
  b.call_cpu(load_mxcsr, b.read(i, 0));
}
template <SemanticBuilder B>
void STMXCSR(B& b, const Insn& i) {
  b.write(i, 0, b.call_float(mxcsr));
}
template <SemanticBuilder B>
void FXSAVE(B& b, const Insn& i) {
  b.call_cpu(fxsave, b.canonical_address(i), b.imm(i.prefixes & x86::kPrefixRexW));
}
template <SemanticBuilder B>
void FXRSTOR(B& b, const Insn& i) {
  b.call_cpu(fxrstor, b.canonical_address(i), b.imm(i.prefixes & x86::kPrefixRexW));
}
template <SemanticBuilder B>
void EMMS(B& b, const Insn&) {
  b.call_cpu(empty_mmx);
}

// To DS:RDI, the bytes of op0 whose mask byte in op1 has its sign bit set.
template <unsigned kBytes, typename B>
void masked_store(B& b, const Insn& i) {
  auto selected = b.call(vec::sign_mask<s8, kBytes>, b.read_vec(i, 1));
  auto offset = b.zext(i.mem.address_width, b.gpr(guest::kRdi));
  b.call_cpu(store_masked_bytes<kBytes>, b.add(8, offset, b.segment_base(i)), b.read_vec(i, 0),
             selected);
}
template <SemanticBuilder B>
void MASKMOVQ(B& b, const Insn& i) {
  masked_store<8>(b, i);
}
template <SemanticBuilder B>
void MASKMOVDQU(B& b, const Insn& i) {
  masked_store<16>(b, i);
}

}  // namespace gantry::sem

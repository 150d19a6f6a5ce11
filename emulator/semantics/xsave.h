// XSAVE and its kin.
#pragma once

#include "emulator/semantics/builder.h"

namespace gantry::sem {

// The instructions, for the components in XCR0 & EDX:EAX. `wide` is REX.W: instruction pointers of
// 64 bits; else of 32. All raise #UD where XSAVE is not enabled.
void xsave(guest::Cpu& cpu, u64 address, u64 wide);
void xsaveopt(guest::Cpu& cpu, u64 address, u64 wide);
void xsavec(guest::Cpu& cpu, u64 address, u64 wide);
void xrstor(guest::Cpu& cpu, u64 address, u64 wide);
void xgetbv(guest::Cpu& cpu);
void xsave_privileged(guest::Cpu& cpu);

template <SemanticBuilder B>
void XSAVE(B& b, const Insn& i) {
  b.call_cpu(xsave, b.canonical_address(i), b.imm(i.prefixes & x86::kPrefixRexW));
}
template <SemanticBuilder B>
void XSAVEOPT(B& b, const Insn& i) {
  b.call_cpu(xsaveopt, b.canonical_address(i), b.imm(i.prefixes & x86::kPrefixRexW));
}
template <SemanticBuilder B>
void XSAVEC(B& b, const Insn& i) {
  b.call_cpu(xsavec, b.canonical_address(i), b.imm(i.prefixes & x86::kPrefixRexW));
}
template <SemanticBuilder B>
void XRSTOR(B& b, const Insn& i) {
  b.call_cpu(xrstor, b.canonical_address(i), b.imm(i.prefixes & x86::kPrefixRexW));
}

// EDX:EAX := XCR0, or with ECX = 1 those of its components that are in use.
template <SemanticBuilder B>
void XGETBV(B& b, const Insn&) {
  b.call_cpu(xgetbv);
}

// XSETBV, XSAVES and XRSTORS: #GP(0).
template <SemanticBuilder B>
void XSAVE_PRIVILEGED(B& b, const Insn&) {
  b.call_cpu(xsave_privileged);
}

}  // namespace gantry::sem

// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM vol. 2, section 4.1).
#pragma once

#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

namespace vec {

// What a string compare yields: IntRes2, one bit an element, and the status flags of RFLAGS above
// it.
constexpr unsigned kStringFlagsShift = 32;
u64 compare_strings(V128 a, V128 b, u64 length_a, u64 length_b, u64 control);
u64 implicit_length(V128 string, u64 control);
// The magnitude of a signed length, at most the number of elements.
u64 explicit_length(u64 length, u64 control);
u64 string_index(u64 result, u64 control);
V128 string_mask(u64 result, u64 control);

}  // namespace vec

template <typename B>
typename B::Int compare_explicit(B& b, const Insn& i) {
  unsigned w = i.prefixes & x86::kPrefixRexW ? 8 : 4;
  auto control = b.read(i, 2);
  auto rhs = b.read_vec(i, 1);
  auto length_a = b.call(vec::explicit_length, b.sext(w, b.gpr(guest::kRax)), control);
  auto length_b = b.call(vec::explicit_length, b.sext(w, b.gpr(guest::kRdx)), control);
  return b.call(vec::compare_strings, b.read_vec(i, 0), rhs, length_a, length_b, control);
}

template <typename B>
typename B::Int compare_implicit(B& b, const Insn& i) {
  auto control = b.read(i, 2);
  auto rhs = b.read_vec(i, 1);
  auto lhs = b.read_vec(i, 0);
  auto length_a = b.call(vec::implicit_length, lhs, control);
  auto length_b = b.call(vec::implicit_length, rhs, control);
  return b.call(vec::compare_strings, lhs, rhs, length_a, length_b, control);
}

template <typename B>
void write_string_index(B& b, const Insn& i, typename B::Int result) {
  b.set_gpr(guest::kRcx, 4, b.call(vec::string_index, result, b.read(i, 2)));
  b.set_flags(b.flags_raw(b.shr(8, result, b.imm(vec::kStringFlagsShift))));
}
template <typename B>
void write_string_mask(B& b, const Insn& i, typename B::Int result) {
  b.set_xmm(i, 0, b.call(vec::string_mask, result, b.read(i, 2)));
  b.set_flags(b.flags_raw(b.shr(8, result, b.imm(vec::kStringFlagsShift))));
}

template <SemanticBuilder B>
void PCMPESTRI(B& b, const Insn& i) {
  write_string_index(b, i, compare_explicit(b, i));
}
template <SemanticBuilder B>
void PCMPESTRM(B& b, const Insn& i) {
  write_string_mask(b, i, compare_explicit(b, i));
}
template <SemanticBuilder B>
void PCMPISTRI(B& b, const Insn& i) {
  write_string_index(b, i, compare_implicit(b, i));
}
template <SemanticBuilder B>
void PCMPISTRM(B& b, const Insn& i) {
  write_string_mask(b, i, compare_implicit(b, i));
}

}  // namespace gantry::sem

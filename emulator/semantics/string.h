// String instructions (SDM vol. 1, section 7.3.9). The source is DS:[rSI] with an override, the
// destination always ES:[rDI]; 67 makes the index registers and the counter 32 bits wide.
//
// Each iteration is committed before the next: a fault or an interrupt in the middle finds RSI, RDI
// and RCX telling how far the instruction came, and RIP still at it.
#pragma once

#include "emulator/semantics/common.h"
#include "emulator/semantics/repeat.h"

namespace gantry::sem {

template <SemanticBuilder B>
typename B::Int source_address(B& b, const Insn& i) {
  return b.add(8, b.zext(address_width(i), b.gpr(guest::kRsi)), b.segment_base(i));
}

template <SemanticBuilder B>
typename B::Int destination_address(B& b, const Insn& i) {
  return b.zext(address_width(i), b.gpr(guest::kRdi));
}

// Moves an index register one element on, or back when DF is set.
template <SemanticBuilder B>
void advance(B& b, const Insn& i, guest::Gpr reg) {
  unsigned w = b.width(i), aw = address_width(i);
  auto step = b.select(b.flag(guest::kDF), b.imm(-u64{w}), b.imm(w));
  b.set_gpr(reg, aw, b.add(aw, b.gpr(reg), step));
}

// Once, or under REP as often as rCX says.
template <SemanticBuilder B, typename F>
void repeat_or_once(B& b, const Insn& i, F body) {
  if (!i.repeated()) return body();
  b.repeat(i, body);
}

// As repeat_or_once for an instruction that sets ZF: REPE ends when it is clear, REPNE when set.
template <SemanticBuilder B, typename F>
void repeat_compare(B& b, const Insn& i, F body) {
  if (!i.repeated()) return b.set_flags(body());
  b.repeat_compare(i, i.prefixes & x86::kPrefixRepne ? Condition::kE : Condition::kNE, body);
}

// REP MOVS and REP STOS go through helpers that do a page at a time.
template <SemanticBuilder B>
void MOVS(B& b, const Insn& i) {
  unsigned w = b.width(i);
  if (i.repeated()) {
    b.call_cpu(repeat_move, b.imm(w), b.imm(address_width(i)), b.segment_base(i));
    return b.jump_after_repeat(i);
  }
  b.store(w, destination_address(b, i), b.load(w, source_address(b, i)));
  advance(b, i, guest::kRsi);
  advance(b, i, guest::kRdi);
}

template <SemanticBuilder B>
void STOS(B& b, const Insn& i) {
  unsigned w = b.width(i);
  if (i.repeated()) {
    b.call_cpu(repeat_store, b.imm(w), b.imm(address_width(i)));
    return b.jump_after_repeat(i);
  }
  b.store(w, destination_address(b, i), b.gpr(guest::kRax));
  advance(b, i, guest::kRdi);
}

template <SemanticBuilder B>
void LODS(B& b, const Insn& i) {
  unsigned w = b.width(i);
  repeat_or_once(b, i, [&] {
    b.set_gpr(guest::kRax, w, b.load(w, source_address(b, i)));
    advance(b, i, guest::kRsi);
  });
}

template <SemanticBuilder B>
void CMPS(B& b, const Insn& i) {
  unsigned w = b.width(i);
  repeat_compare(b, i, [&] {
    // In the order of Intel's cores, which a fault shows.
    auto rhs = b.load(w, destination_address(b, i));
    auto lhs = b.load(w, source_address(b, i));
    advance(b, i, guest::kRsi);
    advance(b, i, guest::kRdi);
    return b.flags_of(FlagKind::kSub, w, lhs, rhs, b.sub(w, lhs, rhs));
  });
}

template <SemanticBuilder B>
void SCAS(B& b, const Insn& i) {
  unsigned w = b.width(i);
  repeat_compare(b, i, [&] {
    auto lhs = b.zext(w, b.gpr(guest::kRax));
    auto rhs = b.load(w, destination_address(b, i));
    advance(b, i, guest::kRdi);
    return b.flags_of(FlagKind::kSub, w, lhs, rhs, b.sub(w, lhs, rhs));
  });
}

}  // namespace gantry::sem

// Data transfer: moves, exchanges, the stack and flag transfers (SDM vol. 1,
// sections 7.3.1, 7.3.14).
#pragma once

#include "emulator/semantics/common.h"
#include "emulator/semantics/segments.h"

namespace gantry::sem {

template <SemanticBuilder B>
void MOV(B& b, const Insn& i) {
  b.write(i, 0, b.read(i, 1));
}

// MOV to or from a segment register. A selector is zero-extended into a wider register.
template <SemanticBuilder B>
void MOV_SEG(B& b, const Insn& i) {
  if (b.kind(i, 0) != OperandKind::kSegment) return b.write(i, 0, b.read(i, 1));
  b.call_cpu(load_segment, b.imm(i.op[0].reg), b.zext(2, b.read(i, 1)));
}

// MOVZX: reads are zero-extended as they are.
template <SemanticBuilder B>
void MOVZX(B& b, const Insn& i) {
  b.write(i, 0, b.read(i, 1));
}

template <SemanticBuilder B>
void MOVSX(B& b, const Insn& i) {
  b.write(i, 0, b.zext(b.width(i), b.sext(b.operand_width(i, 1), b.read(i, 1))));
}

template <SemanticBuilder B>
void MOVSXD(B& b, const Insn& i) {
  MOVSX(b, i);
}

template <SemanticBuilder B>
void MOVBE(B& b, const Insn& i) {
  b.write(i, 0, b.bswap(b.width(i), b.read(i, 1)));
}

template <SemanticBuilder B>
void LEA(B& b, const Insn& i) {
  b.write(i, 0, b.zext(b.width(i), b.effective_offset(i)));
}

// Locked with memory, prefix or not (SDM vol. 2, XCHG).
template <SemanticBuilder B>
void XCHG(B& b, const Insn& i) {
  if (b.kind(i, 0) == OperandKind::kMemory) {
    auto old = b.atomic_rmw(Rmw::kExchange, b.width(i), b.operand_address(i), b.read(i, 1));
    return b.write(i, 1, old);
  }
  auto first = b.read(i, 0), second = b.read(i, 1);
  b.write(i, 0, second);
  b.write(i, 1, first);
}

// A 16-bit BSWAP is undefined in the manual and gives zero on every core.
template <SemanticBuilder B>
void BSWAP(B& b, const Insn& i) {
  unsigned w = b.width(i);
  b.write(i, 0, w == 2 ? b.imm(0) : b.bswap(w, b.read(i, 0)));
}

// PUSH of a register, memory, immediate or segment register. PUSH RSP stores the old value: the
// operand is read first.
template <SemanticBuilder B>
void PUSH(B& b, const Insn& i) {
  push(b, b.width(i), b.read(i, 0));
}

// POP to memory addresses it with the incremented RSP (SDM vol. 2, POP).
template <SemanticBuilder B>
void POP(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto value = peek(b, w);
  if (b.kind(i, 0) == OperandKind::kMemory) {
    u64 adjustment = i.mem.base == guest::kRsp ? w : 0;
    b.store(w, b.operand_address(i, b.imm(adjustment), guest::kFaultWrite), value);
    return drop(b, w);
  }
  drop(b, w);
  b.write(i, 0, value);
}

// LSS, LFS, LGS: the register is loaded with the offset, the segment register of the mnemonic with
// the selector after it.
template <SemanticBuilder B>
void LOAD_FAR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto offset = b.load(w, b.operand_address(i, 0));
  auto selector = b.load(2, b.operand_address(i, b.imm(w), 0));
  b.call_cpu(load_segment, b.imm(i.opcode & 7), selector);
  b.write(i, 0, offset);
}

template <SemanticBuilder B>
void POP_SEG(B& b, const Insn& i) {
  unsigned w = b.width(i);
  // The rest of the slot is not read.
  b.call_cpu(load_segment, b.imm(i.op[0].reg), peek(b, 2));
  drop(b, w);
}

// RF and VM are pushed as zero (SDM vol. 2, PUSHF).
template <SemanticBuilder B>
void PUSHF(B& b, const Insn& i) {
  unsigned w = b.width(i);
  push(b, w, b.zext(w, b.call_cpu(pushed_flags)));
}

template <SemanticBuilder B>
void POPF(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto value = peek(b, w);
  drop(b, w);
  b.call_cpu(pop_flags, b.imm(w), value);
  b.jump(b.imm(i.next_rip()));
}

// (SDM vol. 2, ENTER.) Frame pointers of the enclosing levels are copied from the old frame. What
// is written before a fault lies below RSP, and the CPU writes it too.
template <SemanticBuilder B>
void ENTER(B& b, const Insn& i) {
  unsigned w = b.width(i);
  unsigned level = i.imm2 & 31;
  auto frame = b.sub(8, b.gpr(guest::kRsp), b.imm(w));
  auto top = b.sub(8, frame, b.imm(level * w));
  auto new_rsp = b.sub(8, top, b.imm(static_cast<u16>(i.imm)));
  b.store_stack(w, frame, b.zext(w, b.gpr(guest::kRbp)));
  for (unsigned n = 1; n < level; n++) {
    auto link = b.load_stack(w, b.sub(8, b.gpr(guest::kRbp), b.imm(n * w)));
    b.store_stack(w, b.sub(8, frame, b.imm(n * w)), link);
  }
  if (level > 0) b.store_stack(w, top, b.zext(w, frame));
  b.probe_write(w, new_rsp);
  b.set_gpr(guest::kRbp, w, frame);
  b.set_gpr(guest::kRsp, 8, new_rsp);
}

template <SemanticBuilder B>
void LEAVE(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto frame = b.gpr(guest::kRbp);
  auto saved = b.load_stack(w, frame);
  b.set_gpr(guest::kRsp, 8, b.add(8, frame, b.imm(w)));
  b.set_gpr(guest::kRbp, w, saved);
}

// AH receives SF:ZF:0:AF:0:PF:1:CF.
template <SemanticBuilder B>
void LAHF(B& b, const Insn&) {
  auto flags = b.or_(8, b.and_(8, b.flag_bits(), b.imm(0xd5)), b.imm(2));
  auto rest = b.and_(8, b.gpr(guest::kRax), b.imm(~u64{0xff00}));
  b.set_gpr(guest::kRax, 8, b.or_(8, rest, b.shl(8, flags, b.imm(8))));
}

template <SemanticBuilder B>
void SAHF(B& b, const Insn&) {
  b.update_flags(guest::kStatusFlags & ~guest::kOF, b.shr(8, b.gpr(guest::kRax), b.imm(8)));
}

template <SemanticBuilder B>
void CLC(B& b, const Insn&) {
  b.update_flags(guest::kCF, b.imm(0));
}

template <SemanticBuilder B>
void STC(B& b, const Insn&) {
  b.update_flags(guest::kCF, b.imm(guest::kCF));
}

template <SemanticBuilder B>
void CMC(B& b, const Insn&) {
  b.update_flags(guest::kCF, b.not_(8, b.flag_bits()));
}

template <SemanticBuilder B>
void CLD(B& b, const Insn&) {
  b.call_cpu(set_direction, b.imm(0));
}

template <SemanticBuilder B>
void STD(B& b, const Insn&) {
  b.call_cpu(set_direction, b.imm(guest::kDF));
}

// AL = [(r)BX + AL]; the row has no operand, only its segment override is in Insn::mem.
template <SemanticBuilder B>
void XLAT(B& b, const Insn& i) {
  unsigned aw = address_width(i);
  auto offset = b.add(aw, b.gpr(guest::kRbx), b.zext(1, b.gpr(guest::kRax)));
  b.set_gpr(guest::kRax, 1, b.load(1, b.add(8, offset, b.segment_base(i))));
}

template <SemanticBuilder B>
void SETCC(B& b, const Insn& i) {
  b.write(i, 0, b.to_int(b.condition(i)));
}

// The source is read and a 32-bit destination zero-extended whatever the condition is.
template <SemanticBuilder B>
void CMOVCC(B& b, const Insn& i) {
  auto source = b.read(i, 1);
  b.write(i, 0, b.select(b.condition(i), source, b.read(i, 0)));
}

}  // namespace gantry::sem

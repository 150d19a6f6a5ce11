// Control transfer (SDM vol. 1, section 7.3.8). Near branches are 64 bits wide whatever the
// prefixes.
#pragma once

#include "emulator/semantics/common.h"
#include "emulator/semantics/segments.h"

namespace gantry::sem {

template <SemanticBuilder B>
void JMP_NEAR(B& b, const Insn& i) {
  auto target = b.read(i, 0);
  if (b.kind(i, 0) != OperandKind::kRelative) b.check_canonical(target);
  b.jump(target);
}

template <SemanticBuilder B>
void CALL_NEAR(B& b, const Insn& i) {
  auto target = b.read(i, 0);
  auto top = b.sub(8, b.gpr(guest::kRsp), b.imm(8));
  b.store_stack(8, top, b.imm(i.next_rip()));
  // Intel's cores find out after the write to the stack.
  if (b.kind(i, 0) != OperandKind::kRelative) b.check_canonical(target);
  b.set_gpr(guest::kRsp, 8, top);
  b.jump(target);
}

template <SemanticBuilder B>
void RET(B& b, const Insn& i) {
  auto target = peek(b, 8);
  b.check_canonical(target);
  drop(b, b.kind(i, 0) == OperandKind::kImmediate ? 8 + i.imm : 8);
  b.jump(target);
}

template <SemanticBuilder B>
void JCC(B& b, const Insn& i) {
  b.branch(b.condition(i), i.imm, i.next_rip());
}

template <SemanticBuilder B>
typename B::Int counter(B& b, const Insn& i) {
  return b.zext(address_width(i), b.gpr(guest::kRcx));
}

template <SemanticBuilder B>
void JRCXZ(B& b, const Insn& i) {
  b.branch(b.is_zero(counter(b, i)), i.imm, i.next_rip());
}

template <SemanticBuilder B>
typename B::Bool count_down(B& b, const Insn& i) {
  unsigned aw = address_width(i);
  auto count = b.sub(aw, b.gpr(guest::kRcx), b.imm(1));
  b.set_gpr(guest::kRcx, aw, count);
  return b.not_zero(count);
}

template <SemanticBuilder B>
void LOOP(B& b, const Insn& i) {
  b.branch(count_down(b, i), i.imm, i.next_rip());
}

template <SemanticBuilder B>
void LOOPE(B& b, const Insn& i) {
  auto more = count_down(b, i);
  b.branch(b.bool_and(more, b.flag(guest::kZF)), i.imm, i.next_rip());
}

template <SemanticBuilder B>
void LOOPNE(B& b, const Insn& i) {
  auto more = count_down(b, i);
  b.branch(b.bool_and(more, b.bool_not(b.flag(guest::kZF))), i.imm, i.next_rip());
}

// Far transfers: the offset of operand size, the selector after it.
template <SemanticBuilder B>
void JMP_FAR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto offset = b.load(w, b.operand_address(i, 0));
  b.call_cpu(far_jump, b.load(2, b.operand_address(i, b.imm(w), 0)), offset);
}

template <SemanticBuilder B>
void CALL_FAR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto offset = b.load(w, b.operand_address(i, 0));
  b.call_cpu(far_call, b.imm(w), b.load(2, b.operand_address(i, b.imm(w), 0)), offset,
             b.imm(i.next_rip()));
}

template <SemanticBuilder B>
void RET_FAR(B& b, const Insn& i) {
  b.call_cpu(far_return, b.imm(b.width(i)), b.imm(i.imm));
}

template <SemanticBuilder B>
void IRET(B& b, const Insn& i) {
  b.call_cpu(interrupt_return, b.imm(b.width(i)));
}

// Traps: RIP is past the instruction.
template <SemanticBuilder B>
void INT3(B& b, const Insn& i) {
  b.jump(b.imm(i.next_rip()));
  b.raise(Vector::kBreakpoint);
}

template <SemanticBuilder B>
void INT1(B& b, const Insn& i) {
  b.jump(b.imm(i.next_rip()));
  b.raise(Vector::kDebug);
}

// Linux lets a program use INT 3, INT 4 and, for the 32-bit system calls, INT 80h. All other gates
// are the kernel's: #GP with the gate's number (SDM vol. 3, section 6.13).
template <SemanticBuilder B>
void INT(B& b, const Insn& i) {
  auto vector = static_cast<u32>(i.imm);
  if (vector != 3 && vector != 4 && vector != 0x80) {
    return b.raise(Vector::kGeneralProtection, vector << 3 | 2);
  }
  b.jump(b.imm(i.next_rip()));
  if (vector == 0x80) return b.exit(Exit::kInterrupt, vector);
  b.raise(vector == 3 ? Vector::kBreakpoint : Vector::kOverflow);
}

template <SemanticBuilder B>
void UD(B& b, const Insn&) {
  b.raise(Vector::kInvalidOpcode);
}

template <SemanticBuilder B>
void PRIVILEGED(B& b, const Insn&) {
  b.raise(Vector::kGeneralProtection);
}

// (SDM vol. 2, SYSCALL.)
template <SemanticBuilder B>
void SYSCALL(B& b, const Insn& i) {
  auto next = b.imm(i.next_rip());
  b.set_gpr(guest::kR11, 8, b.call_cpu(pushed_flags));
  b.set_gpr(guest::kRcx, 8, next);
  b.jump(next);
  b.exit(Exit::kSyscall);
}

}  // namespace gantry::sem

// CPUID, time, randomness, fences, segment bases and what user-mode instruction prevention leaves
// of the descriptor-table instructions.
#pragma once

#include "emulator/semantics/common.h"
#include "emulator/semantics/cpuid.h"
#include "emulator/semantics/host.h"
#include "emulator/semantics/segments.h"

namespace gantry::sem {

template <SemanticBuilder B>
void NOP(B&, const Insn&) {}

template <SemanticBuilder B>
void PAUSE(B&, const Insn&) {}

// Without CET, as on a CPU that lacks it, these are hint NOPs (SDM vol. 1, chapter 17).
template <SemanticBuilder B>
void ENDBR64(B&, const Insn&) {}

template <SemanticBuilder B>
void ENDBR32(B&, const Insn&) {}

template <SemanticBuilder B>
void RDSSP(B&, const Insn&) {}

// A prefetch never faults.
template <SemanticBuilder B>
void PREFETCH(B&, const Insn&) {}

// Cache lines are flushed nowhere, but the address is checked as by a load of one byte.
template <SemanticBuilder B>
void CLFLUSH(B& b, const Insn& i) {
  b.load(1, b.operand_address(i, 0));
}

template <SemanticBuilder B>
void CLFLUSHOPT(B& b, const Insn& i) {
  CLFLUSH(b, i);
}

template <SemanticBuilder B>
void CLWB(B& b, const Insn& i) {
  CLFLUSH(b, i);
}

template <SemanticBuilder B>
void MFENCE(B& b, const Insn&) {
  b.fence();
}

template <SemanticBuilder B>
void LFENCE(B& b, const Insn&) {
  b.fence();
}

template <SemanticBuilder B>
void SFENCE(B& b, const Insn&) {
  b.fence();
}

template <SemanticBuilder B>
void CPUID(B& b, const Insn&) {
  b.call_cpu(execute_cpuid);
}

// EDX:EAX := the time-stamp counter.
template <SemanticBuilder B>
void RDTSC(B& b, const Insn&) {
  auto time = b.call(host_timestamp);
  b.set_gpr(guest::kRax, 4, time);
  b.set_gpr(guest::kRdx, 4, b.shr(8, time, b.imm(32)));
}

template <SemanticBuilder B>
void RDTSCP(B& b, const Insn& i) {
  RDTSC(b, i);
  b.set_gpr(guest::kRcx, 4, b.call(host_cpu_number));
}

template <SemanticBuilder B>
void RDPID(B& b, const Insn& i) {
  b.write(i, 0, b.call(host_cpu_number));
}

// CF tells that the number is good, which it always is; the other status flags are cleared.
template <SemanticBuilder B>
void RDRAND(B& b, const Insn& i) {
  b.write(i, 0, b.zext(b.width(i), b.call(host_random)));
  b.set_flags(b.flags_raw(b.imm(guest::kCF)));
}

template <SemanticBuilder B>
void RDSEED(B& b, const Insn& i) {
  RDRAND(b, i);
}

template <SemanticBuilder B>
void RDFSBASE(B& b, const Insn& i) {
  b.write(i, 0, b.zext(b.width(i), b.call_cpu(fs_base)));
}

template <SemanticBuilder B>
void RDGSBASE(B& b, const Insn& i) {
  b.write(i, 0, b.zext(b.width(i), b.call_cpu(gs_base)));
}

template <SemanticBuilder B>
void WRFSBASE(B& b, const Insn& i) {
  b.call_cpu(set_fs_base, b.read(i, 0));
}

template <SemanticBuilder B>
void WRGSBASE(B& b, const Insn& i) {
  b.call_cpu(set_gs_base, b.read(i, 0));
}

// ZF tells whether the selector's descriptor may be looked at; else the destination is kept.
template <SemanticBuilder B>
void write_if_accessible(B& b, const Insn& i, typename B::Int value) {
  auto accessible = b.ne(8, value, b.imm(kNotAccessible));
  auto kept = b.zext(b.width(i), b.read(i, 0));
  b.when(accessible, [&] { b.write(i, 0, b.select(accessible, value, kept)); });
  b.update_flags(guest::kZF, b.select(accessible, b.imm(guest::kZF), b.imm(0)));
}

template <SemanticBuilder B>
void LAR(B& b, const Insn& i) {
  write_if_accessible(b, i, b.call_cpu(segment_access_rights, b.zext(2, b.read(i, 1))));
}

template <SemanticBuilder B>
void LSL(B& b, const Insn& i) {
  write_if_accessible(b, i, b.call_cpu(segment_limit, b.zext(2, b.read(i, 1))));
}

template <SemanticBuilder B>
void VERR(B& b, const Insn& i) {
  auto readable = b.call_cpu(segment_readable, b.read(i, 0));
  b.update_flags(guest::kZF, b.shl(8, readable, b.imm(6)));
}

template <SemanticBuilder B>
void VERW(B& b, const Insn& i) {
  auto writable = b.call_cpu(segment_writable, b.read(i, 0));
  b.update_flags(guest::kZF, b.shl(8, writable, b.imm(6)));
}

// Where the CPU prevents these, Linux answers in its place (arch/x86/kernel/umip.c): with constants
// for the tables' addresses, CR0 as it is set up, no LDT and the task register of every CPU.
template <SemanticBuilder B>
void SGDT(B& b, const Insn& i) {
  b.call_cpu(store_table_register, b.operand_address(i), b.imm(0xfffffffffffe0000));
}

template <SemanticBuilder B>
void SIDT(B& b, const Insn& i) {
  b.call_cpu(store_table_register, b.operand_address(i), b.imm(0xffffffffffff0000));
}

// Linux replaces the low bytes of a register, also of a 32-bit one.
template <SemanticBuilder B>
void write_low_bytes(B& b, const Insn& i, u64 value) {
  unsigned w = b.operand_width(i, 0);
  u64 mask = width_mask(w);
  if (b.kind(i, 0) == OperandKind::kMemory) return b.write(i, 0, b.imm(value & mask));
  auto kept = b.and_(8, b.gpr(i.op[0].reg), b.imm(~mask));
  b.set_gpr(i.op[0].reg, 8, b.or_(8, kept, b.imm(value & mask)));
}

template <SemanticBuilder B>
void SMSW(B& b, const Insn& i) {
  write_low_bytes(b, i, 0x80050033);
}

template <SemanticBuilder B>
void SLDT(B& b, const Insn& i) {
  write_low_bytes(b, i, 0);
}

template <SemanticBuilder B>
void STR(B& b, const Insn& i) {
  write_low_bytes(b, i, 0x40);
}

}  // namespace gantry::sem

#include "emulator/jit/aarch64/trampolines.h"

#include "emulator/jit/aarch64/float_functions.h"
#include "emulator/jit/code_table.h"
#include "emulator/jit/jump_table.h"

namespace gantry::aarch64 {
namespace {

constexpr s64 kLinkSlot = kFrameBytes;

void save_host(Assembler& a) {
  a.stp(8, X{29}, kLr, Mem::pre(kSp, -kSavedBytes));
  for (u8 n = 0; n < 5; n++)
    a.stp(8, X{static_cast<u8>(19 + 2 * n)}, X{static_cast<u8>(20 + 2 * n)}, {kSp, 16 + 16 * n});
  for (u8 n = 0; n < 4; n++)
    a.stp(8, V{static_cast<u8>(8 + 2 * n)}, V{static_cast<u8>(9 + 2 * n)}, {kSp, 96 + 16 * n});
  a.sub(8, kSp, kSp, kFrameSize);
}

void restore_host(Assembler& a) {
  a.add(8, kSp, kSp, kFrameSize);
  for (u8 n = 0; n < 5; n++)
    a.ldp(8, X{static_cast<u8>(19 + 2 * n)}, X{static_cast<u8>(20 + 2 * n)}, {kSp, 16 + 16 * n});
  for (u8 n = 0; n < 4; n++)
    a.ldp(8, V{static_cast<u8>(8 + 2 * n)}, V{static_cast<u8>(9 + 2 * n)}, {kSp, 96 + 16 * n});
  a.ldp(8, X{29}, kLr, Mem::post(kSp, kSavedBytes));
}

constexpr s64 kFlagsResult = kFlagsOffset + offsetof(guest::LazyFlags, result);
constexpr s64 kFlagsRhs = kFlagsOffset + offsetof(guest::LazyFlags, rhs);
constexpr s64 kFlagsKind = kFlagsOffset + offsetof(guest::LazyFlags, kind);
static_assert(offsetof(guest::LazyFlags, lhs) == offsetof(guest::LazyFlags, result) + 8);

void save_gprs(Assembler& a) {
  for (unsigned n = 0; n < 16; n += 2) {
    a.stp(8, guest_gpr(n), guest_gpr(n + 1), {kCpu, kGprOffset + 8 * n});
  }
}
void restore_gprs(Assembler& a) {
  for (unsigned n = 0; n < 16; n += 2) {
    a.ldp(8, guest_gpr(n), guest_gpr(n + 1), {kCpu, kGprOffset + 8 * n});
  }
}
void save_vectors(Assembler& a) {
  for (unsigned n = 0; n < 16; n += 2) {
    a.stp(16, guest_xmm(n), guest_xmm(n + 1), {kCpu, kXmmOffset + 16 * n});
  }
}
void restore_vectors(Assembler& a, Label& byte_bits) {
  for (unsigned n = 0; n < 16; n += 2) {
    a.ldp(16, guest_xmm(n), guest_xmm(n + 1), {kCpu, kXmmOffset + 16 * n});
  }
  a.movi(kVectorZero, 0);
  a.ldr_literal(16, kByteBits, byte_bits);
}

// All of the guest's registers into guest::Cpu. Uses x17 and those that held them.
void save_guest(Assembler& a) {
  save_gprs(a);
  a.mrs(kScratch1, SystemRegister::kNzcv);
  a.stp(8, kParity, kScratch1, {kCpu, kFlagsResult});
  a.str(8, kAdjust, {kCpu, kFlagsRhs});
  a.str(8, kReturns, {kCpu, kReturnsOffset});
  a.mov(4, kScratch1, static_cast<u64>(guest::FlagKind::kHost) | 8 << 8);
  a.str(4, kScratch1, {kCpu, kFlagsKind});
  save_vectors(a);
  emit_mxcsr_flags(a, X{0}, kScratch1);
  a.ldr(4, kScratch1, {kCpu, kMxcsrOffset});
  a.orr(4, X{0}, X{0}, kScratch1);
  a.str(4, X{0}, {kCpu, kMxcsrOffset});
}

void convert_flags(guest::Cpu& cpu) { cpu.flags = cpu.flags.for_host(); }

// All of the guest's registers out of guest::Cpu, and the constants.
void restore_guest(Assembler& a, Label& byte_bits) {
  Label ready;
  a.ldr(1, kScratch1, {kCpu, kFlagsKind});
  a.sub(4, kScratch1, kScratch1, static_cast<u64>(guest::FlagKind::kHost));
  a.cbz(4, kScratch1, ready);
  a.mov(8, X{0}, kCpu);
  a.mov(8, kScratch1, reinterpret_cast<u64>(&convert_flags));
  a.blr(kScratch1);
  a.bind(ready);
  restore_gprs(a);
  a.ldp(8, kParity, kScratch1, {kCpu, kFlagsResult});
  a.msr(SystemRegister::kNzcv, kScratch1);
  a.ldr(8, kAdjust, {kCpu, kFlagsRhs});
  a.msr(SystemRegister::kFpsr, kZr);
  restore_vectors(a, byte_bits);
}

// x0 is what enter() returns.
void leave(Assembler& a) {
  restore_host(a);
  a.ret();
}

void emit_enter(Assembler& a, Label& byte_bits) {
  save_host(a);
  a.mov(8, kCpu, X{0});
  a.str(8, X{1}, {kSp, kLinkSlot});
  restore_guest(a, byte_bits);
  a.ldr(8, kReturns, {kCpu, kReturnsOffset});
  a.ldr(8, kScratch0, {kSp, kLinkSlot});
  a.br(kScratch0);
}

// x30 is at ExitOperands.
void emit_leave(Assembler& a, u64 bit) {
  save_guest(a);
  a.ldr(4, kScratch0, {kLr, offsetof(ExitOperands, rip_low)});
  a.ldr(4, kScratch1, {kLr, offsetof(ExitOperands, rip_high)});
  a.bfi(8, kScratch0, kScratch1, 32, 32);
  a.str(8, kScratch0, {kCpu, kRipOffset});
  a.add(8, X{0}, kLr, bit);
  leave(a);
}

// Notes in the thread's table, which is not the empty one, that kScratch1, an entry's `code` of the
// process's table, is that of kScratch0. Leaves its address there.
void note_jump(Assembler& a, X table, X reads_flags) {
  static_assert(jit::CodeTable::kReadsFlags << 63 == jit::JumpTable::kReadsFlags);
  a.bfi(8, table, kScratch0, 4, jit::JumpTable::kBits);
  a.and_(8, reads_flags, kScratch1, jit::CodeTable::kReadsFlags);
  a.eor(8, kScratch1, kScratch1, reads_flags);
  a.eor(8, kScratch0, kScratch0, {reads_flags, kLsl, 63});
  a.stp(8, kScratch0, kScratch1, {table});
}

// x16 is the guest address, which was not found in the thread's table, x30 is at TransferOperands;
// there are no values now.
void emit_indirect(Assembler& a) {
  constexpr X kTable{19}, kSlot{20}, kIndex{21}, kJumps{22};
  Label found, other, miss, bad;
  // kScratch1 is the code when kSlot is zero.
  auto look_up = [&] {
    a.ldr(4, kSlot, {kTable, kIndex, kUxtx, 2});
    a.add(8, kSlot, kTable, kSlot);
    a.ldp(8, kSlot, kScratch1, {kSlot, -static_cast<s64>(jit::CodeTable::kBias)});
    a.sub(8, kSlot, kSlot, kScratch0);
  };
  a.ldr(8, kJumps, {kCpu, kJumpTableOffset});
  a.mov(8, kSlot, reinterpret_cast<u64>(guest::empty_jump_table));
  a.sub(8, kSlot, kSlot, kJumps);
  a.cbz(8, kSlot, miss);
  a.ldr(8, kTable, {kCpu, offsetof(guest::Cpu, code_table)});
  a.eor(8, kIndex, kScratch0, {kScratch0, kLsr, jit::CodeTable::kBits});
  a.ubfx(8, kIndex, kIndex, 0, jit::CodeTable::kBits);
  look_up();
  a.cbnz(8, kSlot, other);
  a.bind(found);
  note_jump(a, kJumps, kSlot);
  a.br(kScratch1);
  a.bind(other);
  a.eor(8, kIndex, kIndex, 1);
  look_up();
  a.cbz(8, kSlot, found);
  a.bind(miss);
  // Canonical: bits 47 to 63 are equal.
  a.asr(8, kScratch1, kScratch0, 47);
  a.eor(8, kScratch1, kScratch1, {kScratch1, kAsr, 63});
  a.cbnz(8, kScratch1, bad);
  a.str(8, kScratch0, {kCpu, kRipOffset});
  save_guest(a);
  a.mov(8, X{0}, u64{0});
  leave(a);
  a.bind(bad);
  a.ldrs(8, 4, kScratch1, {kLr, offsetof(TransferOperands, popped)});
  a.sub(8, guest_gpr(guest::kRsp), guest_gpr(guest::kRsp), kScratch1);
  emit_leave(a, kStepBit);
}

// x30 is at the addresses of instruction and handler.
void emit_call_interpreter(Assembler& a) {
  save_guest(a);
  a.ldp(8, X{1}, kScratch1, {kLr});
  a.add(8, kLr, kLr, 16);
  a.str(8, kLr, {kSp, kLinkSlot});
  a.ldr(8, kScratch0, {X{1}, offsetof(x86::Insn, rip)});
  a.str(8, kScratch0, {kCpu, kRipOffset});
  a.mov(8, X{0}, kCpu);
  a.blr(kScratch1);
}

void emit_interpret(Assembler& a, Label& byte_bits) {
  emit_call_interpreter(a);
  restore_guest(a, byte_bits);
  a.ldr(8, kLr, {kSp, kLinkSlot});
  a.ret();
}

// What has not come to its end is entered again after the interruption.
void emit_interpret_repeated(Assembler& a, Label& byte_bits) {
  Label interrupted;
  emit_call_interpreter(a);
  a.ldr(4, kScratch0, {kCpu, kInterruptOffset});
  a.cbnz(4, kScratch0, interrupted);
  restore_guest(a, byte_bits);
  a.ldr(8, kLr, {kSp, kLinkSlot});
  a.ret();
  a.bind(interrupted);
  a.mov(8, X{0}, u64{0});
  leave(a);
}

void emit_interpret_and_leave(Assembler& a) {
  emit_call_interpreter(a);
  a.mov(8, X{0}, u64{0});
  leave(a);
}

// x30 is at the function's `invoke` and `target` (ir::Helper). Values in general registers, the
// flags and FPSR survive.
void emit_call(Assembler& a, Label& byte_bits) {
  save_gprs(a);
  save_vectors(a);
  a.ldp(8, kScratch0, X{0}, {kLr});
  a.mrs(kScratch1, SystemRegister::kNzcv);
  a.mrs(X{1}, SystemRegister::kFpsr);
  a.bfi(8, kScratch1, X{1}, 0, 8);  // below NZCV: the exceptions
  a.add(8, kLr, kLr, 16);
  a.str(8, kLr, {kSp, kLinkSlot});
  a.str(8, kScratch1, {kSp, kLinkSlot + 8});
  a.mov(8, X{1}, kCpu);
  a.add(8, X{2}, kSp, kCallSlots);
  a.blr(kScratch0);
  a.ldr(8, kLr, {kSp, kLinkSlot});
  a.ldr(8, kScratch1, {kSp, kLinkSlot + 8});
  a.msr(SystemRegister::kNzcv, kScratch1);
  a.and_(8, kScratch1, kScratch1, 0xff);
  a.msr(SystemRegister::kFpsr, kScratch1);
  restore_gprs(a);
  restore_vectors(a, byte_bits);
  a.ret();
}

}  // namespace

Stubs emit_stubs(Assembler& a, u64 base) {
  auto here = [&] { return base + 4 * static_cast<u64>(a.position()); };
  Label byte_bits;
  a.bind(byte_bits);
  a.emit64(kByteBitsHalf);
  a.emit64(kByteBitsHalf);
  Stubs stubs;
  auto begin = [&](Stub stub) { stubs[static_cast<std::size_t>(stub)] = here(); };
  begin(Stub::kEnter);
  emit_enter(a, byte_bits);
  begin(Stub::kLeave);
  emit_leave(a, 0);
  begin(Stub::kLeaveStep);
  emit_leave(a, kStepBit);
  begin(Stub::kIndirect);
  emit_indirect(a);
  begin(Stub::kInterpret);
  emit_interpret(a, byte_bits);
  begin(Stub::kInterpretRepeated);
  emit_interpret_repeated(a, byte_bits);
  begin(Stub::kInterpretAndLeave);
  emit_interpret_and_leave(a);
  begin(Stub::kCall);
  emit_call(a, byte_bits);
  return stubs;
}

}  // namespace gantry::aarch64

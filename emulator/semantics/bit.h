// Bit tests, scans and counts, BMI1 and BMI2, CRC32 (SDM vol. 1, sections 7.3.7 and 7.3.18).
#pragma once

#include "emulator/semantics/common.h"
#include "emulator/semantics/integer_helpers.h"
#include "emulator/semantics/shift.h"

namespace gantry::sem {

// Where a bit test looks: `index` within the operand, which for a memory operand with a register
// index is `delta` bytes from the address (SDM vol. 2, section 3.1.1.9).
template <typename B>
struct BitPlace {
  typename B::Int index;
  typename B::Int delta;
};

template <SemanticBuilder B>
BitPlace<B> bit_place(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto selector = b.read(i, 1);
  auto index = b.and_(8, selector, b.imm(w * 8 - 1));
  if (b.kind(i, 0) != OperandKind::kMemory || b.kind(i, 1) == OperandKind::kImmediate) {
    return {index, b.imm(0)};
  }
  auto bits = b.sub(8, b.sext(w, selector), index);
  return {index, b.sar(8, bits, b.imm(3))};
}

// Replaces the operand by (operand <operation> mask(index)); returns the old operand.
template <SemanticBuilder B, typename F>
typename B::Int modify_bit(B& b, const Insn& i, const BitPlace<B>& place, Rmw operation, F mask) {
  unsigned w = b.width(i);
  auto rhs = mask(b.shl(w, b.imm(1), place.index));
  if (b.kind(i, 0) != OperandKind::kMemory) return modify(b, i, operation, rhs).old;
  auto address = b.operand_address(i, place.delta, guest::kFaultWrite);
  if (b.locked(i)) return b.atomic_rmw(operation, w, address, rhs);
  auto old = b.load(w, address);
  b.store(w, address, apply(b, operation, w, old, rhs));
  return old;
}

// The other flags are undefined and unchanged on every core, ZF is defined to be unchanged.
template <SemanticBuilder B>
void set_bit_flag(B& b, typename B::Int value, const BitPlace<B>& place) {
  b.update_flags(guest::kCF, bit_of(b, value, place.index));
}

template <SemanticBuilder B>
void BT(B& b, const Insn& i) {
  auto place = bit_place(b, i);
  auto value = b.kind(i, 0) == OperandKind::kMemory
                   ? b.load(b.width(i), b.operand_address(i, place.delta, 0))
                   : b.read(i, 0);
  set_bit_flag(b, value, place);
}

template <SemanticBuilder B>
void BTS(B& b, const Insn& i) {
  auto place = bit_place(b, i);
  set_bit_flag(b, modify_bit(b, i, place, Rmw::kOr, [](auto bit) { return bit; }), place);
}

template <SemanticBuilder B>
void BTR(B& b, const Insn& i) {
  auto place = bit_place(b, i);
  auto invert = [&](auto bit) { return b.not_(b.width(i), bit); };
  set_bit_flag(b, modify_bit(b, i, place, Rmw::kAnd, invert), place);
}

template <SemanticBuilder B>
void BTC(B& b, const Insn& i) {
  auto place = bit_place(b, i);
  set_bit_flag(b, modify_bit(b, i, place, Rmw::kXor, [](auto bit) { return bit; }), place);
}

// A zero source leaves the destination alone, also its upper half, and sets ZF. The other flags are
// undefined; as on Intel's cores they are those of comparing the source with zero.
template <SemanticBuilder B>
void scan(B& b, const Insn& i, typename B::Int source, typename B::Int position) {
  unsigned w = b.width(i);
  b.when(b.not_zero(source), [&] { b.write(i, 0, position); });
  b.set_flags(b.flags_of(FlagKind::kLogic, w, source, source, source));
}

template <SemanticBuilder B>
void BSF(B& b, const Insn& i) {
  auto source = b.read(i, 1);
  scan(b, i, source, b.ctz(b.width(i), source));
}

template <SemanticBuilder B>
void BSR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto source = b.read(i, 1);
  scan(b, i, source, b.sub(w, b.imm(w * 8 - 1), b.clz(w, source)));
}

// CF when the source is zero, ZF when the count is. SF, PF, AF and OF are undefined.
template <SemanticBuilder B>
void set_count(B& b, const Insn& i, typename B::Int source, typename B::Int count) {
  b.write(i, 0, count);
  auto carry = b.select(b.is_zero(source), b.imm(guest::kCF), b.imm(0));
  b.set_flags(b.flags_result(b.width(i), count, carry));
}

template <SemanticBuilder B>
void TZCNT(B& b, const Insn& i) {
  auto source = b.read(i, 1);
  set_count(b, i, source, b.ctz(b.width(i), source));
}

template <SemanticBuilder B>
void LZCNT(B& b, const Insn& i) {
  auto source = b.read(i, 1);
  set_count(b, i, source, b.clz(b.width(i), source));
}

// ZF when the source is zero, all others cleared.
template <SemanticBuilder B>
void POPCNT(B& b, const Insn& i) {
  auto source = b.read(i, 1);
  b.write(i, 0, b.popcnt(b.width(i), source));
  b.set_flags(b.flags_raw(b.select(b.is_zero(source), b.imm(guest::kZF), b.imm(0))));
}

template <SemanticBuilder B>
void ANDN(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto result = b.and_(w, b.not_(w, b.read(i, 1)), b.read(i, 2));
  b.write(i, 0, result);
  b.set_flags(b.flags_of(FlagKind::kLogic, w, result, result, result));
}

// Bits start … start + length - 1 of operand 1; start and length are bytes of operand 2.
template <SemanticBuilder B>
void BEXTR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto source = b.read(i, 1), control = b.read(i, 2);
  auto start = b.zext(1, control), length = b.zext(1, b.shr(8, control, b.imm(8)));
  auto rest = b.shr(8, source, b.and_(8, start, b.imm(63)));
  rest = b.select(b.ult(1, b.imm(63), start), b.imm(0), rest);
  auto bit = b.shl(8, b.imm(1), b.and_(8, length, b.imm(63)));
  auto kept = b.and_(8, rest, b.sub(8, bit, b.imm(1)));
  auto result = b.select(b.ult(1, b.imm(63), length), rest, kept);
  b.write(i, 0, result);
  b.set_flags(b.flags_of(FlagKind::kLogic, w, result, result, result));
}

// BLSI, BLSMSK and BLSR: ZF and SF of the result; CF as given.
template <SemanticBuilder B>
void set_lowest_bit_result(B& b, const Insn& i, typename B::Int result, typename B::Bool carry) {
  b.write(i, 0, result);
  auto bits = b.select(carry, b.imm(guest::kCF), b.imm(0));
  b.set_flags(b.flags_result(b.width(i), result, bits));
}

template <SemanticBuilder B>
void BLSI(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto source = b.read(i, 1);
  set_lowest_bit_result(b, i, b.and_(w, b.neg(w, source), source), b.not_zero(source));
}

template <SemanticBuilder B>
void BLSMSK(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto source = b.read(i, 1);
  auto below = b.sub(w, source, b.imm(1));
  set_lowest_bit_result(b, i, b.xor_(w, below, source), b.is_zero(source));
}

template <SemanticBuilder B>
void BLSR(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto source = b.read(i, 1);
  auto below = b.sub(w, source, b.imm(1));
  set_lowest_bit_result(b, i, b.and_(w, below, source), b.is_zero(source));
}

// CF tells that the index in the low byte of operand 2 is beyond the operand.
template <SemanticBuilder B>
void BZHI(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto source = b.read(i, 1), index = b.zext(1, b.read(i, 2));
  auto beyond = b.ult(1, b.imm(w * 8 - 1), index);
  auto bit = b.shl(8, b.imm(1), b.and_(8, index, b.imm(63)));
  auto kept = b.and_(w, source, b.sub(8, bit, b.imm(1)));
  auto result = b.select(beyond, source, kept);
  set_lowest_bit_result(b, i, result, beyond);
}

// With one register as both destinations it holds the upper half (SDM vol. 2, MULX).
template <SemanticBuilder B>
void MULX(B& b, const Insn& i) {
  unsigned w = b.width(i);
  auto lhs = b.zext(w, b.gpr(guest::kRdx)), rhs = b.read(i, 2);
  auto low = b.mul(w, lhs, rhs), high = b.umulh(w, lhs, rhs);
  b.write(i, 1, low);
  b.write(i, 0, high);
}

template <SemanticBuilder B>
void PDEP(B& b, const Insn& i) {
  b.write(i, 0, b.call(parallel_deposit, b.read(i, 1), b.read(i, 2)));
}

template <SemanticBuilder B>
void PEXT(B& b, const Insn& i) {
  b.write(i, 0, b.call(parallel_extract, b.read(i, 1), b.read(i, 2)));
}

// The destination is a 32-bit sum, zero-extended into 64 bits.
template <SemanticBuilder B>
void CRC32(B& b, const Insn& i) {
  auto sum = b.call(crc32c, b.imm(b.operand_width(i, 1)), b.zext(4, b.read(i, 0)), b.read(i, 1));
  b.write(i, 0, sum);
}

}  // namespace gantry::sem

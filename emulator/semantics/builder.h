// The builder: the vocabulary in which every instruction is written, once.
//
// An instruction is a function template over a builder B and reads as: reads, computation, writes,
// flags. That order is the precise-fault rule: when an access faults, nothing that the guest can
// see has been written yet. Eval (interp/eval.h) executes at once; the JIT's builder appends IR, so
// a body must not look at values: no `if` on an Int or Bool, but select() and when().
//
//   template <SemanticBuilder B>
//   void ADD(B& b, const Insn& i) {
//     auto [lhs, rhs, sum] = …;
//
// What a body may branch on is what the decoder knows: operand kinds, widths, immediates, prefixes.
//
// Types
//   B::Int    up to 64 bits, always zero-extended from its width
//   B::Bool   a condition
//   B::Vec    16 bytes
//   B::Wide   a Vec `low` and a Vec `high`: the operands of AVX, in halves
//   B::Flags  the six status flags as a value
//
// Widths are in bytes (1, 2, 4, 8) and come first: add(w, a, b). Results are zero-extended from w.
//
// Operands
//   width(i)              operand size of the instruction
//   read(i, n)            operand n at its own width: GPR, high byte, immediate, segment, memory
//   write(i, n, v)        a 32-bit GPR write clears the upper half, narrower ones merge
//   read_vec(i, n)        XMM or MMX register, low half of YMM, or memory; what is narrower than 16
//                         bytes is zero-extended; obeys the row's kAligned attribute
//   write_vec(i, n, v)    16 bytes of an XMM register (the upper YMM half is kept by legacy
//                         encodings and cleared by VEX), or as many bytes of memory or MMX as the
//                         operand is wide
//   write_low(i, n, w, v) the low w bytes; the rest of an XMM destination is kept, under VEX it
//                         comes from operand 1 and the upper YMM half is cleared
//   read_wide, write_wide the same for both halves of a YMM register or 32 bytes of memory; `high`
//                         is zero or ignored where there is none
//   vex(i), wide(i)       the encoding has a VEX prefix; its vectors are 32 bytes
//   enter_mmx()           what reading or writing an MMX register does first, for an instruction
//                         that may raise before it writes one
//   address(i)            effective address of the memory operand, segment base added
//   operand_address(i, access)
//                         the same for a read (access 0) or a write (kFaultWrite, the default): an
//                         address that the guest cannot have has raised #SS, #GP or #PF
//   operand_address(i, delta, access)
//                         `delta` bytes further, wrapped at the address width
//   effective_offset(i)   address(i) without the segment base (LEA)
//   canonical_address(i)  address(i) for functions that look for the page fault themselves
//   segment_base(i)       of the memory operand or, for string instructions, of the override
//   width(i), kind(i, n), operand_width(i, n), locked(i)   what the decoder says
//   gpr(n), set_gpr(n, w, v), xmm(n), set_xmm(i, n, v) (as write_vec), clear_high(n) of YMM
//
// Memory: load(w, address), store(w, address, v), load_vec(w, address), store_vec(w, address, v);
//   atomic_rmw(Rmw, w, address, v) and compare_exchange(w, address, expected, desired) return the
//   old value; probe_write(w, address) faults as a store would; load_stack, store_stack: as load
//   and store, #SS in place of #GP; fence(): MFENCE.
//
// Integer: imm(value) add sub and_ or_ xor_ not_ neg shl shr sar rol ror (counts already masked and
//   below the width) mul umulh smulh sext(from, v) zext(from, v) clz ctz popcnt bswap
//   eq ne ult slt ule sle (width first) is_zero not_zero bool_and bool_or bool_not
//   select(c, a, b)  to_int(c)
//
// Flags: flags_of(FlagKind, w, lhs, rhs, result)  flags_incdec(FlagKind, w, lhs, result): CF kept
//   flags_result(w, result, bits): ZF SF PF of result and CF AF OF from an Int of RFLAGS bits
//   flags_raw(bits)   set_flags(f)   set_flags_if(c, f)   flag(bit) as a Bool
//   condition(Condition)   condition(i): that of a cc instruction   flag_bits()
//   update_flags(mask, bits): replaces the flags in the constant mask
//
// Control flow: jump(target Int), branch(c, taken address, not-taken address) end the block;
//   when(c, body), if_else(c, then, otherwise) for what select cannot express;
//   check_canonical(v): #GP(0) unless v is canonical;
//   repeat(i, body): the iterations of a REP string instruction, each committed on its own;
//   repeat_compare(i, stop, body): the same until Condition `stop` is true of the Flags that body
//   returns. Those are set at the end only, so that a fault in the middle leaves the old ones;
//   jump_after_repeat(i): past the instruction when rCX is zero, else it is executed again;
//   raise(Vector, error), exit(Exit, detail): leaves the engine after this instruction.
//
// Everything else: call(f, values…) applies a pure C++ function f; call_cpu(f, values…) a function
// of
//   (guest::Cpu&, values…) that may read and write all guest state, access memory and raise;
//   call_float(f, values…) one that only reads and sets MXCSR, raises for that, and gives a result.
//   The JIT lowers them to calls, so an instruction written with them works in every engine.
#pragma once

#include <concepts>

#include "emulator/guest/cpu.h"
#include "emulator/guest/memory.h"
#include "emulator/x86/insn.h"

namespace gantry::sem {

using guest::Exit;
using guest::FlagKind;
using guest::Rmw;
using guest::V128;
using guest::V256;
using guest::Vector;
using x86::Condition;
using x86::Insn;
using x86::OperandKind;

template <typename B>
concept SemanticBuilder = requires(B b, const Insn& i, typename B::Int v, typename B::Bool c,
                                   typename B::Vec x, typename B::Wide y, typename B::Flags f) {
  { b.read(i, 0) } -> std::same_as<typename B::Int>;
  b.write(i, 0, v);
  { b.read_vec(i, 0) } -> std::same_as<typename B::Vec>;
  b.write_vec(i, 0, x);
  b.write_low(i, 0, 4u, x);
  { b.read_wide(i, 0) } -> std::same_as<typename B::Wide>;
  b.write_wide(i, 0, y);
  { b.address(i) } -> std::same_as<typename B::Int>;
  { b.load(8u, v) } -> std::same_as<typename B::Int>;
  b.store(8u, v, v);
  { b.add(8u, v, v) } -> std::same_as<typename B::Int>;
  { b.select(c, v, v) } -> std::same_as<typename B::Int>;
  { b.flags_of(FlagKind::kAdd, 8u, v, v, v) } -> std::same_as<typename B::Flags>;
  b.set_flags(f);
  { b.condition(Condition::kE) } -> std::same_as<typename B::Bool>;
  b.jump(v);
  b.branch(c, u64{}, u64{});
};

}  // namespace gantry::sem

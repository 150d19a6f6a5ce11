// The x87 instructions as functions of the guest state. Memory is accessed before anything changes.
// Register numbers are relative to TOP.
#pragma once

#include "emulator/semantics/x87_stack.h"

namespace gantry::sem::x87 {

// --- arithmetic. kSubR and kDivR exchange the operands.
enum class Op : u8 { kAdd, kMul, kSub, kSubR, kDiv, kDivR };

// ST(to) = ST(to) op ST(from), then `pops` pops.
template <Op kOp>
void arith(Cpu& cpu, u64 to, u64 from, u64 pops);
// ST(0) = ST(0) op a memory operand: a real or integer of `width` bytes.
template <Op kOp>
void arith_real(Cpu& cpu, u64 width, u64 bits);
template <Op kOp>
void arith_integer(Cpu& cpu, u64 width, u64 bits);

void square_root(Cpu& cpu);
void round_to_integer(Cpu& cpu);
void scale(Cpu& cpu);
void extract(Cpu& cpu);
// FPREM and FPREM1, which rounds the quotient to nearest.
void remainder(Cpu& cpu, u64 nearest);
void change_sign(Cpu& cpu);
void absolute(Cpu& cpu);

// --- compares. kind: FCOM signals quiet NaNs, FUCOM does not.
void compare(Cpu& cpu, u64 with, u64 signal_quiet, u64 pops);
void compare_real(Cpu& cpu, u64 width, u64 bits, u64 pops);
void compare_integer(Cpu& cpu, u64 width, u64 bits, u64 pops);
// FCOMI and FUCOMI: the new status flags of RFLAGS.
u64 compare_to_flags(Cpu& cpu, u64 with, u64 signal_quiet, u64 pops);
void test(Cpu& cpu);
void examine(Cpu& cpu);

// --- loads
void load_real(Cpu& cpu, u64 width, u64 bits);
void load_extended(Cpu& cpu, u64 address);
void load_integer(Cpu& cpu, u64 width, u64 bits);
void load_decimal(Cpu& cpu, u64 address);
void load_register(Cpu& cpu, u64 from);
enum class Constant : u8 { kOne, kLog2Ten, kLog2E, kPi, kLog10Two, kLogTwo, kZero };
template <Constant kWhich>
void load_constant(Cpu& cpu);

// --- stores
void store_real(Cpu& cpu, u64 width, u64 address, u64 pops);
void store_extended(Cpu& cpu, u64 address);  // FSTP: pops
void store_integer(Cpu& cpu, u64 width, u64 address, u64 pops, u64 truncate);
void store_decimal(Cpu& cpu, u64 address);  // FBSTP: pops
void store_register(Cpu& cpu, u64 to, u64 pops);
// D9 D8+i, an alias of FSTP that knows no stack underflow.
void store_register_quiet(Cpu& cpu, u64 to);

// --- the stack
void exchange(Cpu& cpu, u64 with);
void move_if(Cpu& cpu, u64 from, u64 condition);
void free_register(Cpu& cpu, u64 which, u64 pops);
void rotate(Cpu& cpu, u64 by);

// --- transcendental (x87_transcendental.cc)
void exp2_minus_1(Cpu& cpu);
void y_log2(Cpu& cpu);
void y_log2_plus_1(Cpu& cpu);
void partial_tangent(Cpu& cpu);
void partial_arctangent(Cpu& cpu);
void sine(Cpu& cpu);
void cosine(Cpu& cpu);
void sine_cosine(Cpu& cpu);

// --- control (x87_control.cc). An environment has 14 or 28 bytes, a state 80 more.
void initialize(Cpu& cpu);
void clear_exceptions(Cpu& cpu);
inline u64 control(Cpu& cpu) { return cpu.x87.control; }
inline u64 status(Cpu& cpu) { return status_word(cpu.x87); }
void load_control(Cpu& cpu, u64 value);
void store_environment(Cpu& cpu, u64 address, u64 size);
void load_environment(Cpu& cpu, u64 address, u64 size);
void save(Cpu& cpu, u64 address, u64 size);
void restore(Cpu& cpu, u64 address, u64 size);
// After an instruction that is not a control instruction: where it was, and, if it left an unmasked
// exception, its opcode and operand (SDM vol. 1, section 8.1.8, FDP_EXCPTN_ONLY and fopcode modes).
void note_instruction(Cpu& cpu, u64 rip, u64 opcode, u64 operand);

}  // namespace gantry::sem::x87

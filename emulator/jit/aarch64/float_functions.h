// C++ functions of SSE floating point that have an equivalent in A64, as long as MXCSR has its
// usual controls: round to nearest, all exceptions masked, denormals are numbers. FPCR is 0 then,
// and FPSR's cumulative bits are exceptions that MXCSR does not show yet.
//
// The results of A64 are x86's but for NaNs that it makes itself or chooses between: x86's have the
// sign bit set, and the first operand's goes before the second's (SDM vol. 1, table 4-7). Those are
// left to the interpreter.
#pragma once

#include "emulator/ir/ir.h"
#include "emulator/jit/aarch64/assembler.h"

namespace gantry::aarch64 {

constexpr V kNoVector{0xff};

// What a function is applied to. `result` is none of the other registers.
struct FloatOperands {
  V result;
  X result_integer;
  V vector[3] = {kNoVector, kNoVector, kNoVector};
  X integer;
  u64 constant = 0;   // of an integer argument that is a constant
  bool high = false;  // the upper half of 32 bytes is wanted
};

struct FloatFunction {
  enum class Form : u8 {
    kScalar,   // the lowest lane; the rest is the first operand's
    kLow,      // the lowest lane and zeros
    kPacked,   // all 16 bytes, each half of 32 by itself
    kWiden,    // the lower half of the operand makes both of the result
    kNarrow,   // both halves of the operand make the lower one of the result
    kInteger,  // the lowest lane to a general register
    kFlags,    // a compare: NZCV as FCMP leaves it
  };
  // Where the code does not do what x86 does; such instructions are left to the interpreter.
  enum class Limit : u8 {
    kNone,
    kResult,     // a result is a NaN
    kAddend,     // the third operand is one, too: with it, infinity times zero is invalid on ARM
    kPredicate,  // operands are NaNs and ARM's compare signals them otherwise than the predicate
    kRange,      // no integer is near the operand, on hosts without FEAT_FRINTTS
  };

  const void* target;
  Form form;
  u8 lane;  // bytes of a lane of the operands
  u8 bits;  // of the integers that they are converted to, or from
  Limit limit;
  // Besides the result, changes vector scratch registers only.
  void (*emit)(Assembler& a, const FloatOperands& o);
};

// nullptr when there is none.
const FloatFunction* find_float_function(const void* target);

bool can_apply_float(const ir::Unit& unit, const ir::Inst& inst);

// Whether the function is MXCSR's value, for STMXCSR; or gives MXCSR a new one.
bool reads_mxcsr(const void* target);
bool loads_mxcsr(const void* target);  // LDMXCSR
bool sets_mxcsr(const void* target);   // that, and all others

// Whether ARM's compares signal NaNs as those with this predicate do (SDM vol. 2, CMPPD,
// table 3-1).
constexpr bool is_native_predicate(u64 predicate) {
  constexpr u32 kNative = 0b0110'0110'1111'1111;
  return kNative >> (predicate & 31) & 1;
}

// All numbers below this magnitude, which is that of a float of `lane` bytes, have a conversion to
// an integer of `bits`, whatever the rounding.
constexpr u64 integer_limit(unsigned lane, unsigned bits) {
  if (lane == 4) return bits == 64 ? 0x5f000000 : 0x4f000000;   // 2^63, 2^31
  return bits == 64 ? 0x43e0000000000000 : 0x41dfffffffc00000;  // 2^63, 2^31 - 1
}

// FPSR's cumulative exceptions as MXCSR's flags.
constexpr u32 mxcsr_flags(u32 fpsr) { return (fpsr & 1) | (fpsr & 0x1e) << 1; }
void emit_mxcsr_flags(Assembler& a, X to, X scratch);

}  // namespace gantry::aarch64

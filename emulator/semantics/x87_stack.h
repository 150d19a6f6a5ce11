// One x87 instruction at work: operands from the register stack, results to it, exceptions noted.
#pragma once

#include "emulator/semantics/x87_state.h"

namespace gantry::sem::x87 {

using fp::Number;

inline fp::Env env_of(const X87& x) {
  return {.rounding = static_cast<fp::Rounding>(x.control >> 10 & 3),
          .wraps = true,
          .masked = x.control & fp::kAllExceptions};
}

// PC: 24, 53 or 64 bits; the range is that of the 80-bit format in any case. 01 is reserved and
// behaves as 11.
inline fp::Format format_of(const X87& x) {
  fp::Format format = fp::kExtended;
  unsigned pc = x.control >> 8 & 3;
  if (pc == 0) format.precision = 24;
  if (pc == 2) format.precision = 53;
  return format;
}

// Writes and pops do nothing once an unmasked invalid, denormal or zero-divide exception is found:
// the instruction then leaves the operands as they were (SDM vol. 1, section 8.7). The condition
// codes are set in any case.
class Fpu {
 public:
  explicit Fpu(Cpu& cpu) : x(cpu.x87), env(env_of(x)) {}

  F80& st(unsigned i) { return x.st[(x.top + i) & 7]; }
  bool empty(unsigned i) const { return !(x.valid >> ((x.top + i) & 7) & 1); }

  // ST(i); an empty register is a stack underflow, whose masked response is the default NaN as the
  // result of the whole instruction.
  Number read(unsigned i) {
    require(i);
    return empty(i) ? fp::default_nan() : fp::unpack(st(i));
  }
  void require(unsigned i) {
    if (empty(i)) stack_fault(false);
  }
  // A stack fault was met.
  bool faulted() const { return faulted_; }

  void write(unsigned i, const F80& value) {
    if (env.stopped()) return;
    st(i) = value;
    x.valid |= static_cast<u8>(1 << ((x.top + i) & 7));
  }
  void write(unsigned i, const Number& value) { write(i, fp::pack(value)); }

  // Pushing onto a register in use is a stack overflow: the default NaN goes there instead.
  void push(const F80& value) {
    require_room();
    if (env.stopped()) return;
    x.top = (x.top - 1) & 7;
    write(0, faulted_ ? fp::pack(fp::default_nan()) : value);
  }
  void push(const Number& value) { push(fp::pack(value)); }

  void pop() {
    if (env.stopped()) return;
    x.valid &= static_cast<u8>(~(1 << x.top));
    x.top = (x.top + 1) & 7;
  }
  void pop(unsigned count) {
    for (; count != 0; --count) pop();
  }

  void set_condition(u16 mask, u16 bits) { x.status = static_cast<u16>((x.status & ~mask) | bits); }

  // Pushing will not overflow.
  void require_room() {
    if (!empty(7)) stack_fault(true);
  }

  // Notes the exceptions in the status word. C1 says which way a stack fault went, else whether the
  // result was rounded up; what only moves data or compares into RFLAGS keeps it.
  enum class C1Rule : u8 { kRounding, kKept };
  void finish(C1Rule rule = C1Rule::kRounding) {
    if (env.stopped()) {
      env.flags &= fp::kPreComputation;
      env.rounded_up = false;
    }
    bool kept = rule == C1Rule::kKept && (x.status & kC1);
    bool c1 = faulted_ ? overflowed_ : env.rounded_up || kept;
    x.status = static_cast<u16>((x.status & ~kC1) | (c1 ? kC1 : 0) | (faulted_ ? kStackFault : 0) |
                                env.flags);
    update_summary(x);
  }

  X87& x;
  fp::Env env;

 private:
  void stack_fault(bool overflow) {
    if (faulted_) return;
    faulted_ = true;
    overflowed_ = overflow;
    env.flags |= fp::kInvalid;
  }

  bool faulted_ = false;
  bool overflowed_ = false;
};

}  // namespace gantry::sem::x87

// Which NaN an x87 instruction gives.
#pragma once

#include "emulator/semantics/x87_stack.h"

namespace gantry::sem::x87 {

// The NaN with the larger significand, a quiet one before a signaling one, the positive one of
// equal ones (SDM vol. 1, table 4-7).
inline Number choose_nan(fp::Env& env, const Number& a, const Number& b) {
  bool a_signals = a.kind == fp::Kind::kSignalingNan;
  bool b_signals = b.kind == fp::Kind::kSignalingNan;
  if (a_signals || b_signals) env.flags |= fp::kInvalid;
  if (!b.is_nan()) return a.quieted();
  if (!a.is_nan()) return b.quieted();
  if (a_signals != b_signals) return (a_signals ? b : a).quieted();
  if (a.significand != b.significand) return (a.significand > b.significand ? a : b).quieted();
  return (a.sign ? b : a).quieted();
}

inline bool unsupported(const Number& a) { return a.kind == fp::Kind::kUnsupported; }

// What every operation does first: true if `result` is decided by a stack fault, an unsupported
// encoding or a NaN.
inline bool decided(Fpu& fpu, const Number& a, const Number& b, Number& result) {
  if (fpu.faulted()) {
    result = fp::default_nan();
  } else if (unsupported(a) || unsupported(b)) {
    result = fp::invalid(fpu.env);
  } else if (a.is_nan() || b.is_nan()) {
    result = choose_nan(fpu.env, a, b);
  } else {
    return false;
  }
  return true;
}

}  // namespace gantry::sem::x87

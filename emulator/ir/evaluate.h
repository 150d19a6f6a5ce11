// What the integer operations and conditions compute: for constant folding and for the evaluator.
#pragma once

#include <bit>

#include "emulator/base/bits.h"
#include "emulator/base/check.h"
#include "emulator/ir/ir.h"

namespace gantry::ir {

constexpr u64 rotate_left(unsigned w, u64 a, u64 n) {
  return n == 0 ? a : (a << n | a >> (w * 8 - n)) & width_mask(w);
}

constexpr u64 high_product(unsigned w, u64 a, u64 b, bool is_signed) {
  auto product = is_signed ? static_cast<s128>(static_cast<s64>(sign_extend(a, w))) *
                                 static_cast<s64>(sign_extend(b, w))
                           : static_cast<s128>(static_cast<u128>(a) * b);
  return static_cast<u64>(product >> (w * 8)) & width_mask(w);
}

// Operations of two integers. Operands are zero-extended from w bytes, and so is the result.
constexpr u64 evaluate_binary(Op op, unsigned w, u64 a, u64 b) {
  u64 mask = width_mask(w);
  switch (op) {
    case Op::kAdd:
      return (a + b) & mask;
    case Op::kSub:
      return (a - b) & mask;
    case Op::kAnd:
      return a & b & mask;
    case Op::kOr:
      return (a | b) & mask;
    case Op::kXor:
      return (a ^ b) & mask;
    case Op::kShl:
      return a << b & mask;
    case Op::kShr:
      return (a & mask) >> b;
    case Op::kSar:
      return static_cast<u64>(static_cast<s64>(sign_extend(a, w)) >> b) & mask;
    case Op::kRol:
      return rotate_left(w, a & mask, b);
    case Op::kRor:
      return rotate_left(w, a & mask, (w * 8 - b) % (w * 8));
    case Op::kMul:
      return a * b & mask;
    case Op::kUmulh:
      return high_product(w, a & mask, b & mask, false);
    case Op::kSmulh:
      return high_product(w, a, b, true);
    default:
      UNREACHABLE();
  }
}

constexpr u64 evaluate_unary(Op op, unsigned w, u64 a) {
  u64 mask = width_mask(w);
  switch (op) {
    case Op::kNot:
      return ~a & mask;
    case Op::kNeg:
      return -a & mask;
    case Op::kZext:
      return a & mask;
    case Op::kSext:
      return sign_extend(a, w);
    case Op::kClz:
      return static_cast<u64>(std::countl_zero(a & mask)) - (64 - w * 8);
    case Op::kCtz:
      return (a & mask) == 0 ? w * 8 : static_cast<u64>(std::countr_zero(a));
    case Op::kPopcnt:
      return static_cast<u64>(std::popcount(a & mask));
    case Op::kBswap:
      return __builtin_bswap64(a) >> (64 - w * 8);
    default:
      UNREACHABLE();
  }
}

constexpr bool evaluate_condition(Op op, unsigned w, u64 a, u64 b) {
  auto as_signed = [w](u64 v) { return static_cast<s64>(sign_extend(v, w)); };
  u64 mask = width_mask(w);
  switch (op) {
    case Op::kEq:
      return ((a ^ b) & mask) == 0;
    case Op::kUlt:
      return (a & mask) < (b & mask);
    case Op::kUle:
      return (a & mask) <= (b & mask);
    case Op::kSlt:
      return as_signed(a) < as_signed(b);
    case Op::kSle:
      return as_signed(a) <= as_signed(b);
    default:
      UNREACHABLE();
  }
}

}  // namespace gantry::ir

// What several instruction families share: read-modify-write, the stack, address sizes.
#pragma once

#include "emulator/semantics/builder.h"

namespace gantry::sem {

// The size of implicit addresses and of RCX as a counter, in bytes (SDM vol. 1, section 3.6.1).
inline unsigned address_width(const Insn& i) {
  return i.prefixes & x86::kPrefixAddressSize ? 4 : 8;
}

// Operand 0 before and after an operation.
template <typename B>
struct Change {
  typename B::Int old;
  typename B::Int result;
};

template <SemanticBuilder B>
[[gnu::always_inline]] inline typename B::Int apply(B& b, Rmw operation, unsigned w,
                                                    typename B::Int lhs, typename B::Int rhs) {
  switch (operation) {
    case Rmw::kAdd:
      return b.add(w, lhs, rhs);
    case Rmw::kSub:
      return b.sub(w, lhs, rhs);
    case Rmw::kAnd:
      return b.and_(w, lhs, rhs);
    case Rmw::kOr:
      return b.or_(w, lhs, rhs);
    case Rmw::kXor:
      return b.xor_(w, lhs, rhs);
    case Rmw::kExchange:
      break;
  }
  return rhs;
}

// Replaces operand 0 by (operand 0 <operation> rhs), atomically under LOCK.
template <SemanticBuilder B>
[[gnu::always_inline]] inline Change<B> modify(B& b, const Insn& i, Rmw operation,
                                               typename B::Int rhs) {
  unsigned w = b.width(i);
  if (b.locked(i)) {
    auto old = b.atomic_rmw(operation, w, b.operand_address(i), rhs);
    return {old, apply(b, operation, w, old, rhs)};
  }
  if (b.kind(i, 0) == OperandKind::kMemory) {
    auto address = b.operand_address(i);
    auto old = b.load(w, address);
    auto result = apply(b, operation, w, old, rhs);
    b.store(w, address, result);
    return {old, result};
  }
  auto old = b.read(i, 0);
  auto result = apply(b, operation, w, old, rhs);
  b.write(i, 0, result);
  return {old, result};
}

template <SemanticBuilder B>
void push(B& b, unsigned w, typename B::Int value) {
  auto top = b.sub(8, b.gpr(guest::kRsp), b.imm(w));
  b.store_stack(w, top, value);
  b.set_gpr(guest::kRsp, 8, top);
}

// The value on top of the stack; the caller moves RSP once nothing can fault any more.
template <SemanticBuilder B>
typename B::Int peek(B& b, unsigned w) {
  return b.load_stack(w, b.gpr(guest::kRsp));
}

template <SemanticBuilder B>
void drop(B& b, u64 bytes) {
  b.set_gpr(guest::kRsp, 8, b.add(8, b.gpr(guest::kRsp), b.imm(bytes)));
}

}  // namespace gantry::sem

// The shapes of floating-point instructions. All of these read and set MXCSR. A packed one is a
// single function of 16 or of 32 bytes, as the exceptions of all lanes count together.
#pragma once

#include "emulator/semantics/float_ops.h"
#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

// op0 = f(source 0, source 1, …), f being k16 or k32 by the size of the vectors. Inlined into the
// handlers, so that the builder lives in registers there.
template <auto k16, auto k32, typename B, typename... Control>
[[gnu::always_inline]] inline void float_binary(B& b, const Insn& i, const Control&... control) {
  unsigned first = source(b, i, 0), second = source(b, i, 1);
  if (b.wide(i)) {
    auto rhs = b.read_wide(i, second);
    b.write_wide(i, 0, b.call_float(k32, b.read_wide(i, first), rhs, control...));
  } else {
    auto rhs = b.read_vec(i, second);
    b.write_vec(i, 0, b.call_float(k16, b.read_vec(i, first), rhs, control...));
  }
}
// op0 = f(source 0, source 1, …), where f leaves all of source 0 but its lowest lane.
template <auto kOp, typename B, typename... Control>
[[gnu::always_inline]] inline void float_scalar(B& b, const Insn& i, const Control&... control) {
  auto rhs = b.read_vec(i, source(b, i, 1));
  b.write_vec(i, 0, b.call_float(kOp, b.read_vec(i, source(b, i, 0)), rhs, control...));
}
// op0 = f(op1, …). Between sizes of lanes one operand is half as wide as the other: k32 reads and
// gives 32 bytes all the same.
template <auto k16, auto k32, typename B, typename... Control>
void float_unary(B& b, const Insn& i, const Control&... control) {
  if (b.operand_width(i, 0) == 32 || b.operand_width(i, 1) == 32) {
    b.write_wide(i, 0, b.call_float(k32, b.read_wide(i, 1), control...));
  } else {
    b.write_vec(i, 0, b.call_float(k16, b.read_vec(i, 1), control...));
  }
}
// The low kBytes of op0 = f(source 1, …); the rest is kept or, under VEX, source 0's.
template <auto kOp, unsigned kBytes, typename B, typename... Control>
void float_low(B& b, const Insn& i, const Control&... control) {
  auto value = b.read_vec(i, source(b, i, 1));
  b.write_low(i, 0, kBytes, b.call_float(kOp, value, control...));
}

}  // namespace gantry::sem

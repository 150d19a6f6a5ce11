// SSE4a (AMD APM vol. 4): bit fields of the low quadword, and non-temporal scalar stores.
#pragma once

#include "emulator/semantics/sse_shapes.h"

namespace gantry::sem {

namespace vec {

// A length of zero means 64 bits. Fields that leave the quadword are undefined; here they are cut.
inline u64 field_mask(u64 length) {
  return length % 64 == 0 ? ~u64{0} : (u64{1} << length % 64) - 1;
}

inline V128 extract_field(V128 a, u64 length, u64 index) {
  return {a.lo >> index % 64 & field_mask(length), 0};
}
inline V128 insert_field(V128 a, V128 b, u64 length, u64 index) {
  u64 mask = field_mask(length) << index % 64;
  return {(a.lo & ~mask) | (b.lo << index % 64 & mask), 0};
}

}  // namespace vec

template <SemanticBuilder B>
void MOVNTSS(B& b, const Insn& i) {
  b.write_low(i, 0, 4, b.read_vec(i, 1));
}
template <SemanticBuilder B>
void MOVNTSD(B& b, const Insn& i) {
  b.write_low(i, 0, 8, b.read_vec(i, 1));
}

// Length and index are immediates, or bytes of the second operand.
template <SemanticBuilder B>
void EXTRQ(B& b, const Insn& i) {
  auto value = b.read_vec(i, 0);
  if (b.kind(i, 1) == OperandKind::kImmediate) {
    b.write_vec(i, 0, b.call(vec::extract_field, value, b.read(i, 1), b.read(i, 2)));
  } else {
    auto field = b.read_vec(i, 1);
    auto length = b.call(vec::extract<u8>, field, b.imm(0));
    auto index = b.call(vec::extract<u8>, field, b.imm(1));
    b.write_vec(i, 0, b.call(vec::extract_field, value, length, index));
  }
}
template <SemanticBuilder B>
void INSERTQ(B& b, const Insn& i) {
  auto value = b.read_vec(i, 0);
  auto source = b.read_vec(i, 1);
  if (b.kind(i, 2) == OperandKind::kImmediate) {
    b.write_vec(i, 0, b.call(vec::insert_field, value, source, b.read(i, 2), b.read(i, 3)));
  } else {
    auto length = b.call(vec::extract<u8>, source, b.imm(8));
    auto index = b.call(vec::extract<u8>, source, b.imm(9));
    b.write_vec(i, 0, b.call(vec::insert_field, value, source, length, index));
  }
}

}  // namespace gantry::sem

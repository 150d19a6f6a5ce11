// Instructions as IR.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <span>

#include "emulator/ir/emit.h"
#include "emulator/x86/decoder.h"

namespace gantry::ir {

using Code = std::initializer_list<u8>;

// The instructions one after another, from 0x1000. The interpreter is called for those whose
// operations are not all accepted.
inline Unit translate_all(std::span<const Code> codes,
                          bool (*accepts)(const Unit&, const Inst&) = nullptr,
                          Emit::HostOps host = {}) {
  Unit unit;
  Emit emit(unit, host);
  u64 rip = 0x1000;
  for (Code code : codes) {
    u8 bytes[x86::kMaxInsnLength + 1] = {};
    std::copy(code.begin(), code.end(), bytes);
    x86::Insn insn;
    EXPECT_EQ(x86::decode(bytes, rip, insn), x86::DecodeStatus::kOk);
    EXPECT_TRUE(translate(insn, unit, emit, accepts));
    rip = insn.next_rip();
  }
  EXPECT_EQ(verify(unit), "");
  return unit;
}

inline Unit translate_all(std::initializer_list<Code> codes,
                          bool (*accepts)(const Unit&, const Inst&) = nullptr) {
  return translate_all(std::span(codes.begin(), codes.size()), accepts);
}

}  // namespace gantry::ir

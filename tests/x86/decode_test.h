// What the decoder tests share: bytes in, Insn or text out.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "emulator/x86/decoder.h"
#include "emulator/x86/opcode.h"

namespace gantry::x86 {

constexpr u64 kRip = 0x401000;

inline DecodeStatus status_of(std::vector<u8> bytes) {
  Insn insn;
  return decode(bytes, kRip, insn);
}

// Fails the test when the bytes are not one whole instruction.
inline Insn decoded(std::vector<u8> bytes) {
  Insn insn;
  EXPECT_EQ(decode(bytes, kRip, insn), DecodeStatus::kOk);
  EXPECT_EQ(insn.length, bytes.size());
  return insn;
}

inline std::string text_of(std::vector<u8> bytes) { return disassemble(decoded(std::move(bytes))); }

inline void expect_operand(const Operand& operand, OperandKind kind, unsigned reg, unsigned width) {
  EXPECT_EQ(operand.kind, kind);
  EXPECT_EQ(operand.reg, reg);
  EXPECT_EQ(operand.width, width);
}

}  // namespace gantry::x86

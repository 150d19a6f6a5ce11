// What llvm/ cannot see: which of several names an instruction gets, and what is no instruction.
#include "emulator/jit/aarch64/disassembler.h"

#include <gtest/gtest.h>

#include "emulator/jit/aarch64/assembler.h"

namespace gantry::aarch64 {
namespace {

constexpr X kX0{0}, kX1{1}, kX2{2};
constexpr V kV0{0}, kV1{1};

template <typename Emit>
std::string text_of(Emit emit) {
  u32 word[1] = {};
  Assembler a(word);
  emit(a);
  return disassemble(word[0]);
}

TEST(Disassembler, PrefersTheManualsNames) {
  EXPECT_EQ(text_of([](Assembler& a) { a.subs(8, kZr, kX1, 1); }), "cmp x1, #1");
  EXPECT_EQ(text_of([](Assembler& a) { a.orr(4, kX0, kZr, kX1); }), "mov w0, w1");
  EXPECT_EQ(text_of([](Assembler& a) { a.add(8, kSp, kX1, 0); }), "mov sp, x1");
  EXPECT_EQ(text_of([](Assembler& a) { a.add(8, kX0, kX1, 0); }), "add x0, x1, #0");
  EXPECT_EQ(text_of([](Assembler& a) { a.csinc(8, kX0, kZr, kZr, kEq); }), "cset x0, ne");
  EXPECT_EQ(text_of([](Assembler& a) { a.csinc(8, kX0, kX1, kX1, kEq); }), "cinc x0, x1, ne");
  EXPECT_EQ(text_of([](Assembler& a) { a.csinc(8, kX0, kX1, kX2, kEq); }), "csinc x0, x1, x2, eq");
  EXPECT_EQ(text_of([](Assembler& a) { a.ubfm(8, kX0, kX1, 60, 59); }), "lsl x0, x1, #4");
  EXPECT_EQ(text_of([](Assembler& a) { a.ubfm(4, kX0, kX1, 8, 15); }), "ubfx w0, w1, #8, #8");
  EXPECT_EQ(text_of([](Assembler& a) { a.sbfm(8, kX0, kX1, 0, 31); }), "sxtw x0, w1");
  EXPECT_EQ(text_of([](Assembler& a) { a.extr(8, kX0, kX1, kX1, 3); }), "ror x0, x1, #3");
  EXPECT_EQ(text_of([](Assembler& a) { a.movz(8, kX0, 0x12, 16); }), "mov x0, #0x120000");
  EXPECT_EQ(text_of([](Assembler& a) { a.movn(4, kX0, 0); }), "mov w0, #0xffffffff");
  EXPECT_EQ(text_of([](Assembler& a) { a.orr(k16B, kV0, kV1, kV1); }), "mov v0.16b, v1.16b");
  EXPECT_EQ(text_of([](Assembler& a) { a.ret(); }), "ret");
}

TEST(Disassembler, NamesTargets) {
  auto name = [](s64 distance) { return "<" + std::to_string(distance) + ">"; };
  EXPECT_EQ(disassemble(encode_branch(-8), name), "b <-8>");
  EXPECT_EQ(disassemble(kTbz | 3 << 19 | 2 << 5 | 1, name), "tbz w1, #3, <8>");
}

TEST(Disassembler, WhatIsNoInstructionIsANumber) {
  EXPECT_EQ(disassemble(0xffffffff), ".inst 0xffffffff");
  // Size 3 of MUL (vector), and an immediate of AND without an element.
  EXPECT_EQ(disassemble(0x4ee09c00), ".inst 0x4ee09c00");
  EXPECT_EQ(disassemble(0x92007c00 | 1 << 22 | 63 << 10), ".inst 0x9240fc00");
}

}  // namespace
}  // namespace gantry::aarch64

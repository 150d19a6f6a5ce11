// Products and quotients at the edges of each width.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

TEST(Mul, CarryTellsOfTheUpperHalf) {
  Machine m;
  m[kRax] = 0xff;
  m[kRbx] = 0xff;
  m.run({0xf6, 0xe3});  // mul bl
  EXPECT_EQ(m[kRax], 0xfe01u);
  EXPECT_EQ(m.flags() & (kCF | kOF), kCF | kOF);
  m[kRax] = 0xaa0f;
  m[kRbx] = 0x11;
  m.run({0xf6, 0xe3});
  EXPECT_EQ(m[kRax], 0x00ffu);
  EXPECT_EQ(m.flags() & (kCF | kOF), 0u);
}

TEST(Mul, LargestOfEachWidth) {
  Machine m;
  m[kRax] = m[kRbx] = ~u64{0};
  m.run({0x66, 0xf7, 0xe3});  // mul bx
  EXPECT_EQ(m[kRax], 0xffffffffffff0001);
  EXPECT_EQ(m[kRdx], 0xfffeu);
  m[kRax] = ~u64{0};
  m.run({0xf7, 0xe3});  // mul ebx
  EXPECT_EQ(m[kRax], 1u);
  EXPECT_EQ(m[kRdx], 0xfffffffeu);
  m[kRax] = ~u64{0};
  m.run({0x48, 0xf7, 0xe3});  // mul rbx
  EXPECT_EQ(m[kRax], 1u);
  EXPECT_EQ(m[kRdx], ~u64{1});
}

TEST(Imul, MostNegativeSquaredOfEachWidth) {
  Machine m;
  m[kRax] = m[kRbx] = 0x80;
  m.run({0xf6, 0xeb});  // imul bl
  EXPECT_EQ(m[kRax], 0x4000u);
  EXPECT_EQ(m.flags() & (kCF | kOF), kCF | kOF);
  m[kRax] = m[kRbx] = u64{1} << 63;
  m.run({0x48, 0xf7, 0xeb});  // imul rbx
  EXPECT_EQ(m[kRdx], u64{1} << 62);
  EXPECT_EQ(m[kRax], 0u);
}

TEST(Imul, MinusOneFitsWithoutCarry) {
  Machine m;
  m[kRax] = 1;
  m[kRbx] = 0xffffffff;
  m.run({0xf7, 0xeb});  // imul ebx
  EXPECT_EQ(m[kRax], 0xffffffffu);
  EXPECT_EQ(m[kRdx], 0xffffffffu);
  EXPECT_EQ(m.flags() & (kCF | kOF), 0u);
}

TEST(Imul, MostNegativeByMinusOneOverflows) {
  Machine m;
  m[kRbx] = 0x80000000;
  m.run({0x6b, 0xc3, 0xff});  // imul eax, ebx, -1
  EXPECT_EQ(m[kRax], 0x80000000u);
  EXPECT_EQ(m.flags() & (kCF | kOF), kCF | kOF);
}

TEST(Imul, TwoOperandFormTruncates) {
  Machine m;
  m[kRax] = 0xffff000000010000;
  m[kRbx] = 0x10000;
  m.run({0x0f, 0xaf, 0xc3});  // imul eax, ebx
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_EQ(m.flags() & (kCF | kOF), kCF | kOF);
}

TEST(Mulx, KeepsFlagsAndTheUpperHalfWinsInOneRegister) {
  Machine m;
  m.set_flags(kStatusFlags);
  m[kRdx] = ~u64{0};
  m[kRbx] = ~u64{0};
  m.run({0xc4, 0xe2, 0xfb, 0xf6, 0xc3});  // mulx rax, rax, rbx
  EXPECT_EQ(m[kRax], ~u64{1});
  EXPECT_EQ(m.flags(), kStatusFlags);
}

// --- division
constexpr u8 kByte[] = {0xf6}, kWord[] = {0x66, 0xf7}, kLong[] = {0xf7}, kQuad[] = {0x48, 0xf7};
constexpr std::span<const u8> kWidths[] = {kByte, kWord, kLong, kQuad};

class Divide : public testing::Test {
 protected:
  // DIV or IDIV of the accumulator by RBX, which must be a divide error that changes nothing.
  void expect_error(std::span<const u8> opcode, u8 modrm) {
    u8 bytes[3];
    std::copy(opcode.begin(), opcode.end(), bytes);
    bytes[opcode.size()] = modrm;
    u64 rax = m[kRax], rdx = m[kRdx];
    m.set_flags(kStatusFlags);
    EXPECT_EQ(m.execute({bytes, opcode.size() + 1}), Vector::kDivide);
    EXPECT_EQ(m[kRax], rax);
    EXPECT_EQ(m[kRdx], rdx);
    EXPECT_EQ(m.flags(), kStatusFlags);
    EXPECT_EQ(m.cpu.rip, kRip);
  }
  Machine m;
};

constexpr u8 kDivRbx = 0xf3, kIdivRbx = 0xfb;

TEST_F(Divide, ByZeroIsAnErrorInEachWidth) {
  m[kRax] = 5;
  for (auto opcode : kWidths) {
    expect_error(opcode, kDivRbx);
    expect_error(opcode, kIdivRbx);
  }
}

TEST_F(Divide, QuotientThatDoesNotFitIsAnError) {
  m[kRax] = 0x0500;  // AH is the upper half of the byte form
  m[kRdx] = 5;
  m[kRbx] = 5;
  for (auto opcode : kWidths) expect_error(opcode, kDivRbx);
}

TEST_F(Divide, WidestDividend) {
  m[kRdx] = 4;
  m[kRax] = ~u64{0};
  m[kRbx] = 5;
  m.run({0x48, 0xf7, 0xf3});  // div rbx
  EXPECT_EQ(m[kRax], ~u64{0});
  EXPECT_EQ(m[kRdx], 4u);
}

TEST_F(Divide, MostNegativeByMinusOneIsAnError) {
  m[kRbx] = ~u64{0};
  m[kRdx] = ~u64{0};
  m[kRax] = 0xff80;
  expect_error(kByte, kIdivRbx);
  m[kRax] = 0x8000;
  expect_error(kWord, kIdivRbx);
  m[kRax] = 0x80000000;
  expect_error(kLong, kIdivRbx);
  m[kRax] = u64{1} << 63;
  expect_error(kQuad, kIdivRbx);
}

TEST_F(Divide, MostNegativeQuotientFits) {
  m[kRax] = 0xff00;  // -256
  m[kRbx] = 2;
  m.run({0xf6, 0xfb});  // idiv bl
  EXPECT_EQ(m[kRax], 0x0080u);
  m[kRdx] = ~u64{0};
  m[kRax] = 0;
  m[kRbx] = 2;
  m.run({0x48, 0xf7, 0xfb});  // idiv rbx: -2^64 / 2
  EXPECT_EQ(m[kRax], u64{1} << 63);
  EXPECT_EQ(m[kRdx], 0u);
}

TEST_F(Divide, OneBelowTheMostNegativeQuotientIsAnError) {
  m[kRax] = 0xfefe;  // -258
  m[kRbx] = 2;
  expect_error(kByte, kIdivRbx);
}

TEST_F(Divide, RemainderHasTheSignOfTheDividend) {
  m[kRax] = static_cast<u32>(-7);
  m[kRdx] = 0xffffffff;
  m[kRbx] = 2;
  m.run({0xf7, 0xfb});  // idiv ebx
  EXPECT_EQ(m[kRax], static_cast<u32>(-3));
  EXPECT_EQ(m[kRdx], static_cast<u32>(-1));
  m[kRax] = 7;
  m[kRdx] = 0;
  m[kRbx] = static_cast<u32>(-2);
  m.run({0xf7, 0xfb});
  EXPECT_EQ(m[kRax], static_cast<u32>(-3));
  EXPECT_EQ(m[kRdx], 1u);
}

TEST_F(Divide, DivisorIsPartOfTheDividend) {
  m[kRax] = 0xff00;
  EXPECT_EQ(m.fault({0xf6, 0xf4}), Vector::kDivide);  // div ah: 0xff00 / 0xff is 0x100
  m[kRdx] = 3;
  m[kRax] = 5;
  EXPECT_EQ(m.fault({0x48, 0xf7, 0xf2}), Vector::kDivide);  // div rdx
  m[kRdx] = 0;
  m.run({0x48, 0xf7, 0xf8});  // idiv rax
  EXPECT_EQ(m[kRax], 1u);
  EXPECT_EQ(m[kRdx], 0u);
}

}  // namespace
}  // namespace gantry::test

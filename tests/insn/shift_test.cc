// Shifts and rotates: flags by count, periods of the rotates through carry, double shifts.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

// ModRM.reg of the group.
enum : u8 { kRol, kRor, kRcl, kRcr, kShl, kShr, kSar = 7 };
constexpr u8 kGroup[] = {kRol, kRor, kRcl, kRcr, kShl, kShr, kSar};

constexpr u8 on_rax(u8 operation) { return static_cast<u8>(0xc0 | operation << 3); }

TEST(Shift, CountOfZeroKeepsFlagsAndClearsTheUpperHalf) {
  for (u8 operation : kGroup) {
    Machine m;
    m.set_flags(kStatusFlags);
    m[kRax] = 0xffffffff00000001;
    m[kRcx] = 32;                      // zero modulo 32
    m.run({0xd3, on_rax(operation)});  // op eax, cl
    EXPECT_EQ(m[kRax], 1u);
    EXPECT_EQ(m.flags(), kStatusFlags);
  }
}

TEST(Shift, CountOfZeroKeepsByteAndWord) {
  for (u8 operation : kGroup) {
    Machine m;
    m[kRax] = 0x123456789abcdef1;
    m[kRcx] = 0xffe0;
    m.run({0xd2, on_rax(operation)});        // op al, cl
    m.run({0x66, 0xd3, on_rax(operation)});  // op ax, cl
    EXPECT_EQ(m[kRax], 0x123456789abcdef1u);
    EXPECT_EQ(m.flags(), 0u);
  }
}

TEST(Shift, SixBitsOfTheCountArePartOfAWideShift) {
  Machine m;
  m[kRax] = 3;
  m[kRcx] = 64 + 63;
  m.run({0x48, 0xd3, 0xe0});  // shl rax, cl
  EXPECT_EQ(m[kRax], u64{1} << 63);
  EXPECT_EQ(m.flags() & (kCF | kSF), kCF | kSF);
}

struct ByOne {
  u8 operation, before;
  u64 carry_before;
  u8 after;
  u64 flags;  // CF and OF
};

TEST(Shift, ByOneDefinesOverflow) {
  constexpr ByOne kCases[] = {
      {kShl, 0x40, 0, 0x80, kOF},       {kShl, 0xc0, 0, 0x80, kCF},
      {kShr, 0x80, 0, 0x40, kOF},       {kShr, 0x01, 0, 0x00, kCF},
      {kSar, 0x81, 0, 0xc0, kCF},       {kSar, 0x7e, kCF, 0x3f, 0},
      {kRol, 0x80, 0, 0x01, kCF | kOF}, {kRol, 0xc0, 0, 0x81, kCF},
      {kRor, 0x01, 0, 0x80, kCF | kOF}, {kRor, 0x81, 0, 0xc0, kCF},
      {kRcl, 0x40, kCF, 0x81, kOF},     {kRcl, 0x80, 0, 0x00, kCF | kOF},
      {kRcr, 0x00, kCF, 0x80, kOF},     {kRcr, 0x81, kCF, 0xc0, kCF},
  };
  for (const ByOne& c : kCases) {
    Machine m;
    m[kRax] = c.before;
    m.set_flags(c.carry_before);
    m.run({0xd0, on_rax(c.operation)});  // op al, 1
    EXPECT_EQ(m[kRax], c.after);
    EXPECT_EQ(m.flags() & (kCF | kOF), c.flags);
  }
}

TEST(Shift, ByTheWidthLeavesTheLastBitInCarry) {
  Machine m;
  m[kRax] = 0xff01;
  m.run({0xc0, 0xe0, 8});  // shl al, 8
  EXPECT_EQ(m[kRax], 0xff00u);
  EXPECT_EQ(m.flags() & (kCF | kZF), kCF | kZF);
  m[kRax] = 0x8000;
  m.run({0x66, 0xc1, 0xe8, 16});  // shr ax, 16
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_EQ(m.flags() & (kCF | kZF), kCF | kZF);
  m[kRax] = 0x7fff;
  m.run({0x66, 0xc1, 0xe8, 16});
  EXPECT_EQ(m.flags() & (kCF | kZF), kZF);
}

TEST(Shift, BeyondTheWidthLeavesNothing) {
  Machine m;
  m[kRax] = 0xffff;
  m.run({0xc0, 0xe0, 9});  // shl al, 9
  EXPECT_EQ(m[kRax], 0xff00u);
  m.run({0x66, 0xc1, 0xe8, 17});  // shr ax, 17
  EXPECT_EQ(m[kRax], 0u);
}

TEST(Shift, ArithmeticBeyondTheWidthFillsWithTheSign) {
  Machine m;
  m[kRax] = 0x80;
  m.run({0xc0, 0xf8, 31});  // sar al, 31
  EXPECT_EQ(m[kRax], 0xffu);
  EXPECT_TRUE(m.cpu.flags.cf());
  m[kRax] = 0x7fff;
  m.run({0x66, 0xc1, 0xf8, 31});  // sar ax, 31
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_FALSE(m.cpu.flags.cf());
}

TEST(Rotate, ByTheWidthKeepsTheValueAndSetsCarry) {
  Machine m;
  m[kRax] = 0x01;
  m.run({0xc0, 0xc0, 8});  // rol al, 8
  EXPECT_EQ(m[kRax], 0x01u);
  EXPECT_TRUE(m.cpu.flags.cf());
  m.run({0xc0, 0xc8, 24});  // ror al, 24
  EXPECT_EQ(m[kRax], 0x01u);
  EXPECT_FALSE(m.cpu.flags.cf());
}

TEST(Rotate, CountsAreModuloTheWidth) {
  Machine m;
  m[kRax] = 0x8001;
  m.run({0x66, 0xc1, 0xc0, 17});  // rol ax, 17
  EXPECT_EQ(m[kRax], 0x0003u);
  m.run({0xc0, 0xc8, 31});  // ror al, 31, which is 7
  EXPECT_EQ(m[kRax], 0x0006u);
}

// Carry is a ninth and a seventeenth bit.
TEST(Rotate, ThroughCarryHasAPeriodOfNineAndSeventeen) {
  for (u8 operation : {kRcl, kRcr}) {
    Machine m;
    m.set_flags(kCF);
    m[kRax] = 0x4242;
    for (u8 count : {9, 18, 27}) m.run({0xc0, on_rax(operation), count});
    m.run({0x66, 0xc1, on_rax(operation), 17});
    EXPECT_EQ(m[kRax], 0x4242u);
    EXPECT_TRUE(m.cpu.flags.cf());
  }
}

TEST(Rotate, ThroughCarryByOneMoreThanThePeriod) {
  Machine m;
  m.set_flags(kCF);
  m[kRax] = 0x80;
  m.run({0xc0, 0xd0, 10});  // rcl al, 10
  EXPECT_EQ(m[kRax], 0x01u);
  EXPECT_TRUE(m.cpu.flags.cf());
  m[kRax] = 0x0001;
  m.run({0x66, 0xc1, 0xd8, 18});  // rcr ax, 18
  EXPECT_EQ(m[kRax], 0x8000u);
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST(Rotate, ThroughCarryOfAWidePartByNearlyItsWidth) {
  Machine m;
  m.set_flags(kCF);
  m[kRax] = 1;
  m.run({0x48, 0xc1, 0xd0, 63});  // rcl rax, 63
  EXPECT_EQ(m[kRax], u64{1} << 63 | u64{1} << 62);
  EXPECT_FALSE(m.cpu.flags.cf());
}

TEST(Rotate, KeepsZeroSignAndParity) {
  Machine m;
  m.set_flags(kZF | kSF | kPF);
  m[kRax] = 1;
  m.run({0x48, 0xc1, 0xc0, 1});  // rol rax, 1
  EXPECT_EQ(m.flags(), kZF | kSF | kPF);
}

TEST(DoubleShift, CountOfZeroKeepsFlags) {
  Machine m;
  m.set_flags(kStatusFlags);
  m[kRax] = ~u64{0};
  m[kRcx] = 0x20;
  m.run({0x0f, 0xa5, 0xd8});  // shld eax, ebx, cl
  EXPECT_EQ(m[kRax], 0xffffffffu);
  EXPECT_EQ(m.flags(), kStatusFlags);
}

TEST(DoubleShift, WordByItsWidthIsTheSource) {
  Machine m;
  m[kRax] = 0x0001;
  m[kRbx] = 0xabcd;
  m.run({0x66, 0x0f, 0xa4, 0xd8, 16});  // shld ax, bx, 16
  EXPECT_EQ(m[kRax], 0xabcdu);
  EXPECT_TRUE(m.cpu.flags.cf());
  m[kRax] = 0x7fff;
  m.run({0x66, 0x0f, 0xac, 0xd8, 16});  // shrd ax, bx, 16
  EXPECT_EQ(m[kRax], 0xabcdu);
  EXPECT_FALSE(m.cpu.flags.cf());
}

TEST(DoubleShift, ByOneSetsOverflowWhenTheSignChanges) {
  Machine m;
  m[kRax] = 0x4000;
  m.run({0x66, 0x0f, 0xa4, 0xd8, 1});  // shld ax, bx, 1
  EXPECT_EQ(m[kRax], 0x8000u);
  EXPECT_TRUE(m.cpu.flags.of());
  m.run({0x66, 0x0f, 0xac, 0xd8, 1});  // shrd ax, bx, 1
  EXPECT_EQ(m[kRax], 0x4000u);
  EXPECT_TRUE(m.cpu.flags.of());
}

TEST(DoubleShift, WideByNearlyItsWidth) {
  Machine m;
  m[kRax] = 3;
  m[kRbx] = 0x8000000000000001;
  m.run({0x48, 0x0f, 0xac, 0xd8, 63});  // shrd rax, rbx, 63
  EXPECT_EQ(m[kRax], 2u);
  m[kRax] = 3;
  m.run({0x48, 0x0f, 0xa4, 0xd8, 63});  // shld rax, rbx, 63
  EXPECT_EQ(m[kRax], 0xc000000000000000u);
}

TEST(Bmi2Shift, KeepsFlagsAndTakesTheCountModuloTheWidth) {
  Machine m;
  m.set_flags(kStatusFlags);
  m[kRbx] = 0x80000000;
  m[kRcx] = 33;
  m.run({0xc4, 0xe2, 0x72, 0xf7, 0xc3});  // sarx eax, ebx, ecx
  EXPECT_EQ(m[kRax], 0xc0000000u);
  m.run({0xc4, 0xe2, 0x73, 0xf7, 0xc3});  // shrx eax, ebx, ecx
  EXPECT_EQ(m[kRax], 0x40000000u);
  m.run({0xc4, 0xe2, 0xf1, 0xf7, 0xc3});  // shlx rax, rbx, rcx
  EXPECT_EQ(m[kRax], 0u);
  m.run({0xc4, 0xe3, 0x7b, 0xf0, 0xc3, 63});  // rorx eax, ebx, 63
  EXPECT_EQ(m[kRax], 1u);
  EXPECT_EQ(m.flags(), kStatusFlags);
}

}  // namespace
}  // namespace gantry::test

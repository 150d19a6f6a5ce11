// Arithmetic, moves and exchanges on general registers.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

TEST(Inc, KeepsCarry) {
  Machine m;
  m.set_flags(kCF);
  m[kRax] = ~u64{0};
  m.run({0x48, 0xff, 0xc0});  // inc rax
  EXPECT_EQ(m.flags() & (kCF | kZF), kCF | kZF);
  m.run({0x48, 0xff, 0xc8});  // dec rax
  EXPECT_EQ(m.flags() & (kCF | kSF), kCF | kSF);
}

TEST(Neg, CarryUnlessZeroAndOverflowOfTheMostNegative) {
  Machine m;
  m.run({0xf6, 0xd8});  // neg al
  EXPECT_EQ(m.flags() & (kCF | kZF), kZF);
  m[kRax] = 0x80;
  m.run({0xf6, 0xd8});
  EXPECT_EQ(m[kRax], 0x80u);
  EXPECT_EQ(m.flags() & (kCF | kOF), kCF | kOF);
}

// The borrow of all ones and a borrow is a carry though the difference is the same.
TEST(SbbAdc, OperandOfOnesWithCarry) {
  Machine m;
  m.set_flags(kCF);
  m[kRax] = 5;
  m[kRbx] = ~u64{0};
  m.run({0x48, 0x19, 0xd8});  // sbb rax, rbx
  EXPECT_EQ(m[kRax], 5u);
  EXPECT_TRUE(m.cpu.flags.cf());
  m.run({0x48, 0x11, 0xd8});  // adc rax, rbx
  EXPECT_EQ(m[kRax], 5u);
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST(Adcx, ChangesItsOwnFlagAlone) {
  Machine m;
  m.set_flags(kStatusFlags & ~(kCF | kOF));
  m[kRax] = m[kRbx] = 0x80000000;
  m.run({0x66, 0x0f, 0x38, 0xf6, 0xc3});  // adcx eax, ebx
  EXPECT_EQ(m.flags(), kStatusFlags & ~kOF);
  m[kRax] = 0x80000000;
  m.run({0xf3, 0x0f, 0x38, 0xf6, 0xc3});  // adox eax, ebx
  EXPECT_EQ(m.flags(), kStatusFlags);
}

TEST(Cmov, FalseConditionStillReadsAndClearsTheUpperHalf) {
  Machine m;
  m[kRax] = ~u64{0};
  m[kRbx] = kData;
  m.run({0x0f, 0x44, 0x03});  // cmove eax, [rbx]
  EXPECT_EQ(m[kRax], 0xffffffffu);
  m[kRbx] = kUnmapped;
  EXPECT_EQ(m.fault({0x0f, 0x44, 0x03}), Vector::kPageFault);
}

TEST(Cmpxchg, MismatchKeepsTheUpperHalfOfTheDestination) {
  Machine m;
  m[kRax] = 1;
  m[kRbx] = 0xaaaaaaaa00000002;
  m.run({0x0f, 0xb1, 0xcb});  // cmpxchg ebx, ecx
  EXPECT_EQ(m[kRbx], 0xaaaaaaaa00000002u);
  EXPECT_EQ(m[kRax], 2u);
  EXPECT_FALSE(m.cpu.flags.zf());
}

TEST(Cmpxchg, MatchKeepsTheUpperHalfOfTheAccumulator) {
  Machine m;
  m[kRax] = m[kRbx] = 0xaaaaaaaa00000002;
  m[kRcx] = 7;
  m.run({0x0f, 0xb1, 0xcb});
  EXPECT_EQ(m[kRbx], 7u);
  EXPECT_EQ(m[kRax], 0xaaaaaaaa00000002u);
}

TEST(Xadd, OneRegisterTwice) {
  Machine m;
  m[kRax] = 21;
  m.run({0x48, 0x0f, 0xc1, 0xc0});  // xadd rax, rax
  EXPECT_EQ(m[kRax], 42u);
}

TEST(Xchg, ShortFormOfTheAccumulatorWithItselfIsNop) {
  Machine m;
  m[kRax] = ~u64{0};
  m.run({0x90});
  EXPECT_EQ(m[kRax], ~u64{0});
  m.run({0x87, 0xc0});  // xchg eax, eax
  EXPECT_EQ(m[kRax], 0xffffffffu);
}

TEST(HighByte, IsLostUnderRex) {
  Machine m;
  m[kRax] = 0x1234;
  m[kRsp] = 0x5678;
  m.run({0x88, 0xe3});  // mov bl, ah
  EXPECT_EQ(m[kRbx], 0x12u);
  m.run({0x40, 0x88, 0xe3});  // mov bl, spl
  EXPECT_EQ(m[kRbx], 0x78u);
}

TEST(Lea, AddressSizeTruncatesAndOperandSizeKeeps) {
  Machine m;
  m[kRbx] = 0xffffffff;
  m.run({0x67, 0x48, 0x8d, 0x43, 0x01});  // lea rax, [ebx + 1]
  EXPECT_EQ(m[kRax], 0u);
  m[kRax] = ~u64{0};
  m.run({0x66, 0x8d, 0x43, 0x01});  // lea ax, [rbx + 1]
  EXPECT_EQ(m[kRax], 0xffffffffffff0000u);
}

TEST(Movsxd, WithoutRexCopies) {
  Machine m;
  m[kRbx] = 0x80000000;
  m[kRax] = ~u64{0};
  m.run({0x63, 0xc3});  // movsxd eax, ebx
  EXPECT_EQ(m[kRax], 0x80000000u);
  m.run({0x48, 0x63, 0xc3});  // movsxd rax, ebx
  EXPECT_EQ(m[kRax], 0xffffffff80000000u);
}

TEST(Loop, CountsAtTheAddressSize) {
  Machine m;
  m[kRcx] = u64{7} << 32;
  m.run({0x67, 0xe3, 0x10});  // jecxz
  EXPECT_EQ(m.cpu.rip, kRip + 3 + 16);
  m.run({0xe3, 0x10});  // jrcxz
  EXPECT_EQ(m.cpu.rip, kRip + 2);
  m[kRcx] = u64{7} << 32 | 1;
  m.run({0x67, 0xe2, 0x10});  // loop, ecx
  EXPECT_EQ(m[kRcx], 0u);
  EXPECT_EQ(m.cpu.rip, kRip + 3);
}

}  // namespace
}  // namespace gantry::test

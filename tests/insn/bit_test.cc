// Bit scans of zero, bit strings in memory, BMI at its edges.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

constexpr u64 kPattern = 0x1122334455667788;

TEST(BitScan, ZeroSourceKeepsTheDestination) {
  for (u8 opcode : {0xbc, 0xbd}) {  // bsf, bsr
    Machine m;
    m[kRax] = kPattern;
    m.run({0x0f, opcode, 0xc3});  // eax, ebx: the upper half stays too
    EXPECT_EQ(m[kRax], kPattern);
    EXPECT_TRUE(m.cpu.flags.zf());
    m.run({0x66, 0x0f, opcode, 0xc3});
    m.run({0x48, 0x0f, opcode, 0xc3});
    EXPECT_EQ(m[kRax], kPattern);
  }
}

TEST(BitScan, FindsTheLowestAndTheHighest) {
  Machine m;
  m[kRbx] = 0x8000000000000100;
  m.run({0x48, 0x0f, 0xbc, 0xc3});  // bsf rax, rbx
  EXPECT_EQ(m[kRax], 8u);
  EXPECT_FALSE(m.cpu.flags.zf());
  m.run({0x48, 0x0f, 0xbd, 0xc3});  // bsr rax, rbx
  EXPECT_EQ(m[kRax], 63u);
}

TEST(BitCount, ZeroSourceGivesTheWidthAndCarry) {
  for (u8 opcode : {0xbc, 0xbd}) {  // tzcnt, lzcnt
    Machine m;
    m[kRax] = kPattern;
    m.run({0x66, 0xf3, 0x0f, opcode, 0xc3});
    EXPECT_EQ(m[kRax], kPattern - 0x7788 + 16);
    EXPECT_EQ(m.flags() & (kCF | kZF), kCF);
    m.run({0xf3, 0x0f, opcode, 0xc3});
    EXPECT_EQ(m[kRax], 32u);
    m.run({0xf3, 0x48, 0x0f, opcode, 0xc3});
    EXPECT_EQ(m[kRax], 64u);
    EXPECT_EQ(m.flags() & (kCF | kZF), kCF);
  }
}

TEST(BitCount, ResultOfZeroSetsZero) {
  Machine m;
  m[kRbx] = 0x80000001;
  m.run({0xf3, 0x0f, 0xbc, 0xc3});  // tzcnt eax, ebx
  EXPECT_EQ(m.flags() & (kCF | kZF), kZF);
  m.run({0xf3, 0x0f, 0xbd, 0xc3});  // lzcnt eax, ebx
  EXPECT_EQ(m.flags() & (kCF | kZF), kZF);
}

TEST(BitCount, PopcntClearsAllFlagsButZero) {
  Machine m;
  m.set_flags(kStatusFlags);
  m.run({0xf3, 0x0f, 0xb8, 0xc3});  // popcnt eax, ebx
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_EQ(m.flags(), kZF);
  m[kRbx] = ~u64{0};
  m.run({0xf3, 0x48, 0x0f, 0xb8, 0xc3});
  EXPECT_EQ(m[kRax], 64u);
  EXPECT_EQ(m.flags(), 0u);
}

class BitString : public testing::Test {
 protected:
  // The address operand [rbx] and the index in RAX.
  void aim(u64 address, s64 index) {
    m[kRbx] = address;
    m[kRax] = static_cast<u64>(index);
  }
  Machine m;
};

TEST_F(BitString, IndexReachesBeforeTheOperand) {
  m.put<u8>(kData + 100, 0x80);
  aim(kData + 104, -25);
  m.run({0x0f, 0xa3, 0x03});  // bt [rbx], eax
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST_F(BitString, IndexIsSignedAtTheOperandSize) {
  aim(kData + 0x1100, 0x8000);      // the most negative word
  m.run({0x66, 0x0f, 0xab, 0x03});  // bts [rbx], ax
  EXPECT_EQ(m.get<u16>(kData + 0x100), 1u);
  aim(kData, 0x7fff);
  m.run({0x66, 0x0f, 0xab, 0x03});
  EXPECT_EQ(m.get<u16>(kData + 0xffe), 0x8000u);
}

TEST_F(BitString, WideIndexIsNotTruncated) {
  aim(kData - (u64{1} << 29), s64{1} << 32);
  m.run({0x48, 0x0f, 0xbb, 0x03});  // btc [rbx], rax
  EXPECT_EQ(m.get<u64>(kData), 1u);
  m.run({0x48, 0x0f, 0xbb, 0x03});
  EXPECT_EQ(m.get<u64>(kData), 0u);
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST_F(BitString, FaultIsAtTheElementThatIsReached) {
  aim(kData, -1);
  EXPECT_EQ(m.fault({0x0f, 0xb3, 0x03}), Vector::kPageFault);  // btr [rbx], eax
  EXPECT_EQ(m.cpu.fault.address, kData - 4);
  aim(kUnmapped, -8);  // the last byte of the page that cannot be written
  m.run({0x0f, 0xa3, 0x03});
  EXPECT_EQ(m.fault({0x0f, 0xb3, 0x03}), Vector::kPageFault);
}

TEST_F(BitString, ImmediateIndexStaysWithinTheOperand) {
  aim(kData, 0);
  m.run({0x0f, 0xba, 0x2b, 33});  // bts dword [rbx], 33
  EXPECT_EQ(m.get<u64>(kData), 2u);
}

TEST_F(BitString, RegisterOperandTakesTheIndexModuloItsWidth) {
  m[kRbx] = 0;
  m[kRax] = 0x1f;
  m.run({0x66, 0x0f, 0xab, 0xc3});  // bts bx, ax
  EXPECT_EQ(m[kRbx], 0x8000u);
  m[kRax] = 64;
  m.run({0x48, 0x0f, 0xab, 0xc3});  // bts rbx, rax
  EXPECT_EQ(m[kRbx], 0x8001u);
}

TEST_F(BitString, KeepsZero) {
  m.set_flags(kZF);
  aim(kData, 5);
  m.run({0x0f, 0xab, 0x03});
  EXPECT_EQ(m.flags() & (kZF | kCF), kZF);
}

// --- BMI1 and BMI2
TEST(Bextr, LengthZeroAndStartBeyondTheWidthGiveZero) {
  for (u64 control : {0x0000, 0x2000 | 32, 0x2000 | 255, 0x0004}) {
    Machine m;
    m[kRbx] = ~u64{0};
    m[kRcx] = control;
    m.run({0xc4, 0xe2, 0x70, 0xf7, 0xc3});  // bextr eax, ebx, ecx
    EXPECT_EQ(m[kRax], 0u) << control;
    EXPECT_TRUE(m.cpu.flags.zf());
  }
}

TEST(Bextr, LengthBeyondTheWidthTakesTheRest) {
  Machine m;
  m[kRbx] = 0xfedcba9876543210;
  m[kRcx] = 0xff00 | 60;
  m.run({0xc4, 0xe2, 0xf0, 0xf7, 0xc3});  // bextr rax, rbx, rcx
  EXPECT_EQ(m[kRax], 0xfu);
  EXPECT_EQ(m.flags() & (kCF | kOF | kZF), 0u);
}

TEST(Bzhi, IndexOfTheWidthOrMoreKeepsAllAndSetsCarry) {
  Machine m;
  m[kRbx] = 0xffffffff;
  m[kRcx] = 32;
  m.run({0xc4, 0xe2, 0x70, 0xf5, 0xc3});  // bzhi eax, ebx, ecx
  EXPECT_EQ(m[kRax], 0xffffffffu);
  EXPECT_EQ(m.flags() & (kCF | kSF | kZF), kCF | kSF);
  m[kRcx] = 0x100;  // only eight bits of it count
  m.run({0xc4, 0xe2, 0x70, 0xf5, 0xc3});
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_EQ(m.flags() & (kCF | kSF | kZF), kZF);
}

TEST(Bls, OfZero) {
  Machine m;
  m.run({0xc4, 0xe2, 0x78, 0xf3, 0xcb});  // blsr eax, ebx
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_EQ(m.flags() & (kCF | kZF), kCF | kZF);
  m.run({0xc4, 0xe2, 0x78, 0xf3, 0xd3});  // blsmsk eax, ebx
  EXPECT_EQ(m[kRax], 0xffffffffu);
  EXPECT_EQ(m.flags() & (kCF | kZF), kCF);
  m.run({0xc4, 0xe2, 0x78, 0xf3, 0xdb});  // blsi eax, ebx
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_EQ(m.flags() & (kCF | kZF), kZF);
}

TEST(PextPdep, MaskOfOnesAndOfZero) {
  for (u8 p : {0xe2, 0xe3}) {  // pext, pdep rax, rbx, rcx
    Machine m;
    m[kRbx] = kPattern;
    m[kRcx] = ~u64{0};
    m.run({0xc4, 0xe2, p, 0xf5, 0xc1});
    EXPECT_EQ(m[kRax], kPattern);
    m[kRcx] = 0;
    m.run({0xc4, 0xe2, p, 0xf5, 0xc1});
    EXPECT_EQ(m[kRax], 0u);
  }
}

TEST(PextPdep, AreInversesUnderTheMaskAndKeepFlags) {
  Machine m;
  m.set_flags(kStatusFlags);
  m[kRbx] = kPattern;
  m[kRcx] = 0xf0f0f0f0f0f0f0f0;
  m.run({0xc4, 0xe2, 0xe2, 0xf5, 0xc1});  // pext rax, rbx, rcx
  EXPECT_EQ(m[kRax], 0x12345678u);
  m[kRbx] = m[kRax];
  m.run({0xc4, 0xe2, 0xe3, 0xf5, 0xc1});  // pdep rax, rbx, rcx
  EXPECT_EQ(m[kRax], kPattern & 0xf0f0f0f0f0f0f0f0);
  EXPECT_EQ(m.flags(), kStatusFlags);
}

}  // namespace
}  // namespace gantry::test

// Push, pop, ENTER, calls and returns: the stack pointer as an operand and around faults.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

class StackTest : public testing::Test {
 protected:
  StackTest() { m[kRsp] = kStack; }
  static constexpr u64 kStack = kData + 512;
  Machine m;
};

TEST_F(StackTest, PushedStackPointerIsItsOldValue) {
  m.run({0x54});  // push rsp
  EXPECT_EQ(m.get<u64>(kStack - 8), kStack);
}

TEST_F(StackTest, PoppedStackPointerIsThePoppedValue) {
  m.put(kStack, u64{0x1234});
  m.run({0x5c});  // pop rsp
  EXPECT_EQ(m[kRsp], 0x1234u);
}

TEST_F(StackTest, PopToMemoryIsAddressedWithTheNewStackPointer) {
  m.put(kStack, u64{7});
  m.run({0x8f, 0x44, 0x24, 0x10});  // pop [rsp + 16]
  EXPECT_EQ(m.get<u64>(kStack + 24), 7u);
}

TEST_F(StackTest, PushFromMemoryIsAddressedWithTheOldOne) {
  m.put(kStack, u64{7});
  m.run({0xff, 0x34, 0x24});  // push [rsp]
  EXPECT_EQ(m.get<u64>(kStack - 8), 7u);
}

TEST_F(StackTest, WordsAndSignExtendedImmediates) {
  m.run({0x66, 0x6a, 0xff});  // push word -1
  EXPECT_EQ(m[kRsp], kStack - 2);
  EXPECT_EQ(m.get<u16>(kStack - 2), 0xffff);
  m.run({0x6a, 0x80});  // push -128
  EXPECT_EQ(m[kRsp], kStack - 10);
  EXPECT_EQ(m.get<u64>(kStack - 10), static_cast<u64>(-128));
  m[kRax] = 0x1111111111111111;
  m.run({0x66, 0x58});  // pop ax
  EXPECT_EQ(m[kRax], 0x111111111111ff80u);
}

TEST_F(StackTest, FaultsKeepTheStackPointer) {
  m[kRsp] = kUnmapped;
  EXPECT_EQ(m.fault({0x50}), Vector::kPageFault);              // push rax
  EXPECT_EQ(m.fault({0xe8, 0, 0, 0, 0}), Vector::kPageFault);  // call
  EXPECT_EQ(m.fault({0xc3}), Vector::kPageFault);              // ret
  EXPECT_EQ(m.fault({0x9d}), Vector::kPageFault);              // popf
  EXPECT_EQ(m[kRsp], kUnmapped);
  m[kRsp] = kStack;
  m[kRbx] = kReadOnly;
  EXPECT_EQ(m.fault({0x8f, 0x03}), Vector::kPageFault);  // pop [rbx]
  EXPECT_EQ(m.cpu.fault.address, kReadOnly);
  EXPECT_EQ(m[kRsp], kStack);
}

TEST_F(StackTest, EnterCopiesTheDisplay) {
  m[kRbp] = kData + 1024;
  m.put(kData + 1016, u64{0xabc});
  m.run({0xc8, 0x20, 0x00, 0x02});  // enter 32, 2
  EXPECT_EQ(m.get<u64>(kData + 504), kData + 1024);
  EXPECT_EQ(m.get<u64>(kData + 496), 0xabcu);
  EXPECT_EQ(m.get<u64>(kData + 488), kData + 504);
  EXPECT_EQ(m[kRbp], kData + 504);
  EXPECT_EQ(m[kRsp], kData + 488 - 32);
}

TEST_F(StackTest, EnterTakesTheNestingLevelModulo32) {
  m.run({0xc8, 0x08, 0x00, 0x20});  // enter 8, 32
  EXPECT_EQ(m[kRbp], kStack - 8);
  EXPECT_EQ(m[kRsp], kStack - 16);
}

TEST_F(StackTest, LeaveFaultKeepsBoth) {
  m[kRbp] = kUnmapped;
  EXPECT_EQ(m.fault({0xc9}), Vector::kPageFault);
  EXPECT_EQ(m[kRsp], kStack);
  EXPECT_EQ(m[kRbp], kUnmapped);
}

TEST_F(StackTest, CallThroughTheStackPointerReadsFirst) {
  m.put(kStack, kRip + 0x40);
  m.run({0xff, 0x14, 0x24});  // call [rsp]
  EXPECT_EQ(m.cpu.rip, kRip + 0x40);
  EXPECT_EQ(m.get<u64>(kStack - 8), kRip + 3);
}

TEST_F(StackTest, ReturnDropsItsArguments) {
  m.put(kStack, kRip + 0x40);
  m.run({0xc2, 0xf8, 0xff});  // ret 0xfff8
  EXPECT_EQ(m.cpu.rip, kRip + 0x40);
  EXPECT_EQ(m[kRsp], kStack + 0x10000);
}

TEST_F(StackTest, ReturnToANonCanonicalAddressFaultsAtTheReturn) {
  m.put(kStack, u64{1} << 47);
  EXPECT_EQ(m.fault({0xc3}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.rip, kRip);
  EXPECT_EQ(m[kRsp], kStack);
}

TEST_F(StackTest, PopfSystemBitsAreNotTheProgramsToChange) {
  m.put(kStack, ~(guest::kTF | guest::kAC));
  m.run({0x9d});
  EXPECT_EQ(m.cpu.rflags(), kStatusFlags | guest::kIF | guest::kDF | guest::kNT | guest::kID | 2);
  m.put(kStack, u64{0});
  m[kRsp] = kStack;
  m.run({0x9d});
  EXPECT_EQ(m.cpu.rflags(), guest::kIF | 2);
}

TEST_F(StackTest, PopfOfAWordKeepsTheUpperFlags) {
  m.cpu.system_flags |= guest::kID;
  m.put(kStack, u64{0});
  m.run({0x66, 0x9d});
  EXPECT_EQ(m.cpu.rflags(), guest::kIF | guest::kID | 2);
  EXPECT_EQ(m[kRsp], kStack + 2);
}

TEST_F(StackTest, LahfAndSahfMoveFiveFlags) {
  m.set_flags(kOF);
  m[kRax] = 0xff00;
  m.run({0x9e});  // sahf
  EXPECT_EQ(m.flags(), kStatusFlags);
  m.set_flags(kZF);
  m.run({0x9f});  // lahf
  EXPECT_EQ(m[kRax], 0x4200u);
}

}  // namespace
}  // namespace gantry::test

// Edges of arithmetic, shifts, bit instructions and moves.
#include <gtest/gtest.h>

#include "emulator/guest/flags.h"
#include "tests/insn/paged_machine.h"

namespace gantry::test {
namespace {

using guest::kRax, guest::kRbp, guest::kRbx, guest::kRcx, guest::kRdx, guest::kRsp;
using guest::Vector;

constexpr u64 kAllFlags = guest::kStatusFlags;

TEST(Shift, CountOfZeroKeepsFlagsAndClearsTheUpperHalf) {
  PagedMachine m;
  m.cpu.set_rflags(kAllFlags | 2);
  m.cpu.gpr[kRax] = 0xffffffff00000000;
  m.cpu.gpr[kRcx] = 32;              // zero modulo 32
  EXPECT_TRUE(m.run({0xd3, 0xe0}));  // shl eax, cl
  EXPECT_EQ(m.cpu.gpr[kRax], 0u);
  EXPECT_EQ(m.cpu.flags.bits(), kAllFlags);
}

TEST(Shift, ByteByItsWidthShiftsTheLowestBitIntoCarry) {
  PagedMachine m;
  m.cpu.gpr[kRax] = 0xff01;
  EXPECT_TRUE(m.run({0xc0, 0xe0, 8}));  // shl al, 8
  EXPECT_EQ(m.cpu.gpr[kRax], 0xff00u);
  EXPECT_TRUE(m.cpu.flags.cf());
  EXPECT_TRUE(m.cpu.flags.zf());
}

TEST(Shift, ArithmeticBeyondTheWidthFillsWithTheSign) {
  PagedMachine m;
  m.cpu.gpr[kRax] = 0x80;
  EXPECT_TRUE(m.run({0xc0, 0xf8, 31}));  // sar al, 31
  EXPECT_EQ(m.cpu.gpr[kRax], 0xffu);
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST(Rotate, ThroughCarryOfABytePeriodIsNine) {
  PagedMachine m;
  m.cpu.set_rflags(guest::kCF | 2);
  m.cpu.gpr[kRax] = 0x42;
  EXPECT_TRUE(m.run({0xc0, 0xd0, 9}));  // rcl al, 9
  EXPECT_EQ(m.cpu.gpr[kRax], 0x42u);
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST(Rotate, KeepsZeroSignAndParity) {
  PagedMachine m;
  m.cpu.set_rflags(guest::kZF | guest::kSF | guest::kPF | 2);
  m.cpu.gpr[kRax] = 1;
  EXPECT_TRUE(m.run({0x48, 0xc1, 0xc0, 1}));  // rol rax, 1
  EXPECT_EQ(m.cpu.flags.bits(), guest::kZF | guest::kSF | guest::kPF);
}

TEST(Bsf, ZeroSourceKeepsTheDestination) {
  PagedMachine m;
  m.cpu.gpr[kRax] = 0x1122334455667788;
  m.cpu.gpr[kRbx] = 0;
  EXPECT_TRUE(m.run({0x0f, 0xbc, 0xc3}));  // bsf eax, ebx
  EXPECT_EQ(m.cpu.gpr[kRax], 0x1122334455667788u);
  EXPECT_TRUE(m.cpu.flags.zf());
}

TEST(Tzcnt, ZeroSourceGivesTheWidth) {
  PagedMachine m;
  EXPECT_TRUE(m.run({0x66, 0xf3, 0x0f, 0xbc, 0xc3}));  // tzcnt ax, bx
  EXPECT_EQ(m.cpu.gpr[kRax] & 0xffff, 16u);
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST(Bt, RegisterIndexReachesBeforeTheOperand) {
  PagedMachine m;
  m.at<u8>(m.data() + 100) = 0x80;
  m.cpu.gpr[kRbx] = m.data() + 104;
  m.cpu.gpr[kRax] = static_cast<u64>(-25);
  EXPECT_TRUE(m.run({0x0f, 0xa3, 0x03}));  // bt [rbx], eax
  EXPECT_TRUE(m.cpu.flags.cf());
}

TEST(Bts, ImmediateIndexStaysWithinTheOperand) {
  PagedMachine m;
  m.cpu.gpr[kRbx] = m.data();
  EXPECT_TRUE(m.run({0x0f, 0xba, 0x2b, 33}));  // bts dword [rbx], 33
  EXPECT_EQ(m.at<u64>(m.data()), 2u);
}

TEST(Div, QuotientThatDoesNotFitIsADivideError) {
  PagedMachine m;
  m.cpu.gpr[kRdx] = 5;
  m.cpu.gpr[kRbx] = 5;
  EXPECT_FALSE(m.run({0x48, 0xf7, 0xf3}));  // div rbx
  EXPECT_EQ(m.cpu.fault.vector, Vector::kDivide);
  EXPECT_EQ(m.cpu.gpr[kRdx], 5u);
}

TEST(Div, WidestDividend) {
  PagedMachine m;
  m.cpu.gpr[kRdx] = 4;
  m.cpu.gpr[kRax] = ~u64{0};
  m.cpu.gpr[kRbx] = 5;
  EXPECT_TRUE(m.run({0x48, 0xf7, 0xf3}));
  EXPECT_EQ(m.cpu.gpr[kRax], ~u64{0});
  EXPECT_EQ(m.cpu.gpr[kRdx], 4u);
}

TEST(Idiv, MostNegativeByMinusOneIsADivideError) {
  PagedMachine m;
  m.cpu.gpr[kRax] = u64{1} << 63;
  m.cpu.gpr[kRdx] = ~u64{0};
  m.cpu.gpr[kRbx] = ~u64{0};
  EXPECT_FALSE(m.run({0x48, 0xf7, 0xfb}));  // idiv rbx
  EXPECT_EQ(m.cpu.fault.vector, Vector::kDivide);
}

TEST(Idiv, RemainderHasTheSignOfTheDividend) {
  PagedMachine m;
  m.cpu.gpr[kRax] = static_cast<u32>(-7);
  m.cpu.gpr[kRdx] = 0xffffffff;
  m.cpu.gpr[kRbx] = 2;
  EXPECT_TRUE(m.run({0xf7, 0xfb}));  // idiv ebx
  EXPECT_EQ(m.cpu.gpr[kRax], static_cast<u32>(-3));
  EXPECT_EQ(m.cpu.gpr[kRdx], static_cast<u32>(-1));
}

TEST(Idiv, MostNegativeQuotientFits) {
  PagedMachine m;
  m.cpu.gpr[kRax] = 0xff00;  // -256
  m.cpu.gpr[kRbx] = 2;
  EXPECT_TRUE(m.run({0xf6, 0xfb}));  // idiv bl
  EXPECT_EQ(m.cpu.gpr[kRax], 0x0080u);
}

TEST(Inc, KeepsCarry) {
  PagedMachine m;
  m.cpu.set_rflags(guest::kCF | 2);
  m.cpu.gpr[kRax] = ~u64{0};
  EXPECT_TRUE(m.run({0x48, 0xff, 0xc0}));  // inc rax
  EXPECT_TRUE(m.cpu.flags.cf());
  EXPECT_TRUE(m.cpu.flags.zf());
}

TEST(Add, FaultingStoreChangesNothing) {
  PagedMachine m;
  m.cpu.set_rflags(guest::kCF | 2);
  m.cpu.gpr[kRbx] = m.data_end() - 4;
  EXPECT_FALSE(m.run({0x48, 0x01, 0x03}));  // add [rbx], rax
  EXPECT_EQ(m.cpu.flags.bits(), guest::kCF);
  EXPECT_EQ(m.cpu.rip, PagedMachine::kRip);
}

TEST(Cmov, FalseConditionStillReadsAndClearsTheUpperHalf) {
  PagedMachine m;
  m.cpu.gpr[kRax] = ~u64{0};
  m.cpu.gpr[kRbx] = m.data();
  EXPECT_TRUE(m.run({0x0f, 0x44, 0x03}));  // cmove eax, [rbx]
  EXPECT_EQ(m.cpu.gpr[kRax], 0xffffffffu);
  m.cpu.gpr[kRbx] = m.data_end();
  EXPECT_FALSE(m.run({0x0f, 0x44, 0x03}));
}

TEST(Cmpxchg, MismatchKeepsTheUpperHalfOfTheDestination) {
  PagedMachine m;
  m.cpu.gpr[kRax] = 1;
  m.cpu.gpr[kRbx] = 0xaaaaaaaa00000002;
  EXPECT_TRUE(m.run({0x0f, 0xb1, 0xcb}));  // cmpxchg ebx, ecx
  EXPECT_EQ(m.cpu.gpr[kRbx], 0xaaaaaaaa00000002u);
  EXPECT_EQ(m.cpu.gpr[kRax], 2u);
  EXPECT_FALSE(m.cpu.flags.zf());
}

TEST(Cmpxchg16b, MisalignedIsAGeneralProtectionFault) {
  PagedMachine m;
  m.cpu.gpr[kRbx] = m.data() + 8;
  EXPECT_FALSE(m.run({0x48, 0x0f, 0xc7, 0x0b}));  // cmpxchg16b [rbx]
  EXPECT_EQ(m.cpu.fault.vector, Vector::kGeneralProtection);
}

TEST(Xadd, OneRegisterTwice) {
  PagedMachine m;
  m.cpu.gpr[kRax] = 21;
  EXPECT_TRUE(m.run({0x48, 0x0f, 0xc1, 0xc0}));  // xadd rax, rax
  EXPECT_EQ(m.cpu.gpr[kRax], 42u);
}

TEST(LockAdd, MisalignedAcrossACacheLine) {
  PagedMachine m;
  m.cpu.gpr[kRbx] = m.data() + 61;
  m.cpu.gpr[kRax] = 0x0102030405060708;
  EXPECT_TRUE(m.run({0xf0, 0x48, 0x01, 0x03}));  // lock add [rbx], rax
  u64 value;
  __builtin_memcpy(&value, &m.at<u8>(m.data() + 61), 8);
  EXPECT_EQ(value, 0x0102030405060708u);
}

TEST(Push, StackPointerIsItsOldValue) {
  PagedMachine m;
  m.cpu.gpr[kRsp] = m.data() + 64;
  EXPECT_TRUE(m.run({0x54}));  // push rsp
  EXPECT_EQ(m.at<u64>(m.data() + 56), m.data() + 64);
}

TEST(Pop, MemoryIsAddressedWithTheNewStackPointer) {
  PagedMachine m;
  m.cpu.gpr[kRsp] = m.data();
  m.at<u64>(m.data()) = 7;
  EXPECT_TRUE(m.run({0x8f, 0x44, 0x24, 0x10}));  // pop [rsp + 16]
  EXPECT_EQ(m.at<u64>(m.data() + 24), 7u);
}

TEST(Pop, StackPointerIsThePoppedValue) {
  PagedMachine m;
  m.cpu.gpr[kRsp] = m.data();
  m.at<u64>(m.data()) = 0x1234;
  EXPECT_TRUE(m.run({0x5c}));  // pop rsp
  EXPECT_EQ(m.cpu.gpr[kRsp], 0x1234u);
}

TEST(Enter, CopiesTheDisplay) {
  PagedMachine m;
  m.cpu.gpr[kRsp] = m.data() + 512;
  m.cpu.gpr[kRbp] = m.data() + 1024;
  m.at<u64>(m.data() + 1016) = 0xabc;
  EXPECT_TRUE(m.run({0xc8, 0x20, 0x00, 0x02}));  // enter 32, 2
  EXPECT_EQ(m.at<u64>(m.data() + 504), m.data() + 1024);
  EXPECT_EQ(m.at<u64>(m.data() + 496), 0xabcu);
  EXPECT_EQ(m.at<u64>(m.data() + 488), m.data() + 504);
  EXPECT_EQ(m.cpu.gpr[kRbp], m.data() + 504);
  EXPECT_EQ(m.cpu.gpr[kRsp], m.data() + 488 - 32);
}

TEST(Popf, SystemBitsAreNotTheProgramsToChange) {
  PagedMachine m;
  m.cpu.gpr[kRsp] = m.data();
  m.at<u64>(m.data()) = ~u64{0};
  EXPECT_TRUE(m.run({0x9d}));
  u64 expected = guest::kStatusFlags | guest::kTF | guest::kIF | guest::kDF | guest::kNT |
                 guest::kAC | guest::kID | 2;
  EXPECT_EQ(m.cpu.rflags(), expected);
}

TEST(Mov, NonCanonicalAddress) {
  PagedMachine m;
  m.cpu.gpr[kRbx] = u64{1} << 47;
  EXPECT_FALSE(m.run({0x8b, 0x03}));  // mov eax, [rbx]
  EXPECT_EQ(m.cpu.fault.vector, Vector::kGeneralProtection);
  m.cpu.gpr[kRsp] = u64{1} << 62;
  EXPECT_FALSE(m.run({0x50}));  // push rax
  EXPECT_EQ(m.cpu.fault.vector, Vector::kStackFault);
}

TEST(Lea, AddressSizeTruncates) {
  PagedMachine m;
  m.cpu.gpr[kRbx] = 0xffffffff;
  EXPECT_TRUE(m.run({0x67, 0x48, 0x8d, 0x43, 0x01}));  // lea rax, [ebx + 1]
  EXPECT_EQ(m.cpu.gpr[kRax], 0u);
}

}  // namespace
}  // namespace gantry::test

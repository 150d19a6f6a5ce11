// String instructions: faults in the middle, direction, overlap, address size, interrupts.
#include <gtest/gtest.h>

#include <cstring>

#include "emulator/guest/flags.h"
#include "tests/insn/paged_machine.h"

namespace gantry::test {
namespace {

using guest::kRax, guest::kRcx, guest::kRdi, guest::kRsi;
using guest::Vector;

constexpr u64 kPastTwoBytes = PagedMachine::kRip + 2;

TEST(RepMovsb, FaultInTheMiddleKeepsWhatWasCopied) {
  PagedMachine m;
  u64 destination = m.data_end() - 10;
  std::memset(&m.at<u8>(m.data()), 0x5a, 64);
  m.cpu.gpr[kRsi] = m.data();
  m.cpu.gpr[kRdi] = destination;
  m.cpu.gpr[kRcx] = 64;
  EXPECT_FALSE(m.run({0xf3, 0xa4}));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, m.data_end());
  EXPECT_EQ(m.cpu.rip, PagedMachine::kRip);
  EXPECT_EQ(m.cpu.gpr[kRcx], 54u);
  EXPECT_EQ(m.cpu.gpr[kRdi], m.data_end());
  EXPECT_EQ(m.cpu.gpr[kRsi], m.data() + 10);
  EXPECT_EQ(m.at<u8>(m.data_end() - 1), 0x5a);
}

TEST(RepMovsb, ReadFaultInTheMiddleKeepsWhatWasCopied) {
  PagedMachine m;
  m.cpu.gpr[kRsi] = m.data_end() - 3;
  m.cpu.gpr[kRdi] = m.data();
  m.cpu.gpr[kRcx] = 5;
  EXPECT_FALSE(m.run({0xf3, 0xa4}));
  EXPECT_EQ(m.cpu.fault.address, m.data_end());
  EXPECT_EQ(m.cpu.gpr[kRcx], 2u);
  EXPECT_EQ(m.cpu.gpr[kRdi], m.data() + 3);
}

TEST(RepMovsq, ElementAcrossTheFaultingPageIsNotStarted) {
  PagedMachine m;
  m.cpu.gpr[kRsi] = m.data();
  m.cpu.gpr[kRdi] = m.data_end() - 12;
  m.cpu.gpr[kRcx] = 3;
  m.at<u64>(m.data() + 8) = ~u64{0};
  EXPECT_FALSE(m.run({0xf3, 0x48, 0xa5}));
  EXPECT_EQ(m.cpu.gpr[kRcx], 2u);
  EXPECT_EQ(m.cpu.gpr[kRdi], m.data_end() - 4);
}

TEST(RepMovsb, ForwardOverlapRepeatsThePattern) {
  PagedMachine m;
  std::memcpy(&m.at<char>(m.data()), "abc", 3);
  m.cpu.gpr[kRsi] = m.data();
  m.cpu.gpr[kRdi] = m.data() + 3;
  m.cpu.gpr[kRcx] = 9;
  EXPECT_TRUE(m.run({0xf3, 0xa4}));
  EXPECT_EQ(std::memcmp(&m.at<char>(m.data()), "abcabcabcabc", 12), 0);
  EXPECT_EQ(m.cpu.rip, kPastTwoBytes);
}

TEST(RepMovsb, BackwardWithDirectionFlag) {
  PagedMachine m;
  std::memcpy(&m.at<char>(m.data()), "abcdef", 6);
  m.cpu.system_flags |= guest::kDF;
  m.cpu.gpr[kRsi] = m.data() + 5;
  m.cpu.gpr[kRdi] = m.data() + 7;
  m.cpu.gpr[kRcx] = 6;
  EXPECT_TRUE(m.run({0xf3, 0xa4}));
  EXPECT_EQ(std::memcmp(&m.at<char>(m.data() + 2), "abcdef", 6), 0);
  EXPECT_EQ(m.cpu.gpr[kRdi], m.data() + 1);
  EXPECT_EQ(m.cpu.gpr[kRsi], m.data() - 1);
}

TEST(RepMovsb, AcrossPagesCopiesEverything) {
  PagedMachine m(6);
  for (u64 i = 0; i < 9000; i++) m.at<u8>(m.data() + i) = static_cast<u8>(i * 7);
  m.cpu.gpr[kRsi] = m.data();
  m.cpu.gpr[kRdi] = m.data() + 9001;
  m.cpu.gpr[kRcx] = 9000;
  EXPECT_TRUE(m.run({0xf3, 0xa4}));
  EXPECT_EQ(std::memcmp(&m.at<u8>(m.data()), &m.at<u8>(m.data() + 9001), 9000), 0);
  EXPECT_EQ(m.cpu.gpr[kRcx], 0u);
}

TEST(RepStosd, OddAddressAcrossPages) {
  PagedMachine m(3);
  m.cpu.gpr[kRax] = 0xffffffff11223344;
  m.cpu.gpr[kRdi] = m.data() + 1;
  m.cpu.gpr[kRcx] = 2000;
  EXPECT_TRUE(m.run({0xf3, 0xab}));
  EXPECT_EQ(m.cpu.gpr[kRdi], m.data() + 8001);
  for (u64 i : {0, 1023, 1024, 1999}) EXPECT_EQ(m.at<u32>(m.data() + 1 + 4 * i), 0x11223344u);
  EXPECT_EQ(m.at<u8>(m.data()), 0);
  EXPECT_EQ(m.at<u8>(m.data() + 8001), 0);
}

TEST(RepStosb, CountOfZeroTouchesNothing) {
  PagedMachine m;
  m.cpu.gpr[kRdi] = 8;
  m.cpu.gpr[kRcx] = 0;
  EXPECT_TRUE(m.run({0xf3, 0xaa}));
  EXPECT_EQ(m.cpu.gpr[kRdi], 8u);
  EXPECT_EQ(m.cpu.rip, kPastTwoBytes);
}

TEST(RepStosb, InterruptLeavesRipAtTheInstruction) {
  PagedMachine m;
  m.cpu.interrupt = 1;
  m.cpu.gpr[kRdi] = m.data();
  m.cpu.gpr[kRcx] = 100;
  EXPECT_TRUE(m.run({0xf3, 0xaa}));
  EXPECT_EQ(m.cpu.rip, PagedMachine::kRip);
  EXPECT_GT(m.cpu.gpr[kRcx], 0u);
}

TEST(RepneScasb, StopsAfterTheMatch) {
  PagedMachine m;
  std::memcpy(&m.at<char>(m.data()), "hello", 6);
  m.cpu.gpr[kRax] = 0;
  m.cpu.gpr[kRdi] = m.data();
  m.cpu.gpr[kRcx] = ~u64{0};
  EXPECT_TRUE(m.run({0xf2, 0xae}));
  EXPECT_EQ(~m.cpu.gpr[kRcx] - 1, 5u);
  EXPECT_TRUE(m.cpu.flags.zf());
}

TEST(RepneScasb, FaultInTheMiddleKeepsTheOldFlags) {
  PagedMachine m;
  m.cpu.set_rflags(guest::kZF | guest::kCF | 2);
  m.cpu.gpr[kRax] = 1;
  m.cpu.gpr[kRdi] = m.data_end() - 4;
  m.cpu.gpr[kRcx] = 100;
  EXPECT_FALSE(m.run({0xf2, 0xae}));
  EXPECT_EQ(m.cpu.gpr[kRcx], 96u);
  EXPECT_EQ(m.cpu.gpr[kRdi], m.data_end());
  EXPECT_EQ(m.cpu.flags.bits(), guest::kZF | guest::kCF);
}

TEST(RepeCmpsb, CountOfZeroKeepsFlags) {
  PagedMachine m;
  m.cpu.set_rflags(guest::kCF | 2);
  m.cpu.gpr[kRcx] = 0;
  EXPECT_TRUE(m.run({0xf3, 0xa6}));
  EXPECT_EQ(m.cpu.flags.bits(), guest::kCF);
}

TEST(RepMovsb, KernelAddressIsAPageFaultThere) {
  PagedMachine m;
  m.cpu.gpr[kRsi] = 0xffff800000000000;
  m.cpu.gpr[kRdi] = m.data();
  m.cpu.gpr[kRcx] = 1;
  EXPECT_FALSE(m.run({0xf3, 0xa4}));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, 0xffff800000000000u);
}

}  // namespace
}  // namespace gantry::test

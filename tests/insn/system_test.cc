// What the CPU cannot be asked about, because our answers are our own: time, randomness
// and system calls.
#include <gtest/gtest.h>

#include "tests/insn/paged_machine.h"

namespace gantry::test {
namespace {

using guest::kR11, guest::kRax, guest::kRbx, guest::kRcx, guest::kRdx;

TEST(Rdtsc, DoesNotGoBackwards) {
  PagedMachine m;
  u64 last = 0;
  for (int i = 0; i < 100; i++) {
    EXPECT_TRUE(m.run({0x0f, 0x31}));
    u64 now = m.cpu.gpr[kRdx] << 32 | m.cpu.gpr[kRax];
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_GT(last, 0u);
}

TEST(Rdrand, GivesDifferentNumbersAndCarry) {
  PagedMachine m;
  EXPECT_TRUE(m.run({0x48, 0x0f, 0xc7, 0xf0}));
  u64 first = m.cpu.gpr[kRax];
  EXPECT_TRUE(m.cpu.flags.cf());
  EXPECT_TRUE(m.run({0x48, 0x0f, 0xc7, 0xf0}));
  EXPECT_NE(m.cpu.gpr[kRax], first);
}

TEST(Syscall, SavesRipAndFlags) {
  PagedMachine m;
  m.cpu.set_rflags(guest::kCF | guest::kIF | 2);
  EXPECT_TRUE(m.run({0x0f, 0x05}));
  EXPECT_EQ(m.cpu.gpr[kRcx], PagedMachine::kRip + 2);
  EXPECT_EQ(m.cpu.gpr[kR11], guest::kCF | guest::kIF | 2);
  EXPECT_EQ(m.cpu.rip, PagedMachine::kRip + 2);
  EXPECT_EQ(m.cpu.exit, guest::Exit::kSyscall);
  EXPECT_NE(m.cpu.interrupt, 0u);
}

TEST(Int, NumberOfTheSystemCallLeaves) {
  PagedMachine m;
  EXPECT_TRUE(m.run({0xcd, 0x80}));
  EXPECT_EQ(m.cpu.exit, guest::Exit::kInterrupt);
  EXPECT_EQ(m.cpu.exit_detail, 0x80u);
}

}  // namespace
}  // namespace gantry::test

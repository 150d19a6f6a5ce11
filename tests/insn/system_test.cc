// What the CPU cannot be asked about, because our answers are our own: time, randomness and system
// calls.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

TEST(Rdtsc, DoesNotGoBackwards) {
  Machine m;
  u64 last = 0;
  for (int i = 0; i < 100; i++) {
    m.run({0x0f, 0x31});
    u64 now = m[kRdx] << 32 | m[kRax];
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_GT(last, 0u);
}

TEST(Rdrand, GivesDifferentNumbersAndCarry) {
  Machine m;
  m.set_flags(kStatusFlags & ~kCF);
  m.run({0x48, 0x0f, 0xc7, 0xf0});
  u64 first = m[kRax];
  EXPECT_EQ(m.flags(), kCF);
  m.run({0x48, 0x0f, 0xc7, 0xf0});
  EXPECT_NE(m[kRax], first);
}

TEST(Syscall, SavesRipAndFlags) {
  Machine m;
  m.set_flags(kCF);
  m.step({0x0f, 0x05});
  EXPECT_EQ(m[kRcx], kRip + 2);
  EXPECT_EQ(m[kR11], kCF | guest::kIF | 2);
  EXPECT_EQ(m.cpu.rip, kRip + 2);
  EXPECT_EQ(m.cpu.exit, guest::Exit::kSyscall);
  EXPECT_NE(m.cpu.interrupt, 0u);
}

TEST(Int, NumberOfTheSystemCallLeaves) {
  Machine m;
  m.step({0xcd, 0x80});
  EXPECT_EQ(m.cpu.rip, kRip + 2);
  EXPECT_EQ(m.cpu.exit, guest::Exit::kInterrupt);
  EXPECT_EQ(m.cpu.exit_detail, 0x80u);
}

}  // namespace
}  // namespace gantry::test

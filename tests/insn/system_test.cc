// What the CPU cannot be asked about, because our answers are our own: time, randomness,
// traps and system calls.
#include <gtest/gtest.h>

#include "tests/insn/paged_machine.h"

namespace gantry::test {
namespace {

using guest::kR11, guest::kRax, guest::kRbx, guest::kRcx, guest::kRdx;
using guest::Vector;

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

TEST(Int, TrapsArePastTheInstruction) {
  PagedMachine m;
  EXPECT_FALSE(m.run({0xcc}));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kBreakpoint);
  EXPECT_EQ(m.cpu.rip, PagedMachine::kRip + 1);
  EXPECT_FALSE(m.run({0xcd, 0x20}));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fault.error, 0x102u);
  EXPECT_EQ(m.cpu.rip, PagedMachine::kRip);
  EXPECT_TRUE(m.run({0xcd, 0x80}));
  EXPECT_EQ(m.cpu.exit, guest::Exit::kInterrupt);
}

TEST(Hlt, IsPrivileged) {
  PagedMachine m;
  EXPECT_FALSE(m.run({0xf4}));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kGeneralProtection);
}

TEST(Ud2, IsInvalid) {
  PagedMachine m;
  EXPECT_FALSE(m.run({0x0f, 0x0b}));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kInvalidOpcode);
}

TEST(Wrfsbase, BaseIsUsedAndChecked) {
  PagedMachine m;
  m.at<u64>(m.data() + 16) = 99;
  m.cpu.gpr[kRax] = m.data();
  EXPECT_TRUE(m.run({0xf3, 0x48, 0x0f, 0xae, 0xd0}));                 // wrfsbase rax
  EXPECT_TRUE(m.run({0x64, 0x48, 0x8b, 0x1c, 0x25, 0x10, 0, 0, 0}));  // mov rbx, fs:[16]
  EXPECT_EQ(m.cpu.gpr[kRbx], 99u);
  m.cpu.gpr[kRax] = u64{1} << 47;
  EXPECT_FALSE(m.run({0xf3, 0x48, 0x0f, 0xae, 0xd0}));
  EXPECT_EQ(m.cpu.fs_base, m.data());
}

TEST(MovToFs, ClearsTheBase) {
  PagedMachine m;
  m.cpu.fs_base = 0x1000;
  m.cpu.gpr[kRax] = 0;
  EXPECT_TRUE(m.run({0x8e, 0xe0}));  // mov fs, eax
  EXPECT_EQ(m.cpu.fs_base, 0u);
  m.cpu.gpr[kRax] = 0x10;
  EXPECT_FALSE(m.run({0x8e, 0xe0}));
  EXPECT_EQ(m.cpu.fault.error, 0x10u);
}

}  // namespace
}  // namespace gantry::test

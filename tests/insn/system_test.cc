// What the CPU cannot be asked about, because our answers are our own: identity, time, randomness,
// traps and system calls.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "emulator/semantics/cpuid.h"
#include "tests/insn/paged_machine.h"

namespace gantry::test {
namespace {

using guest::kR11, guest::kRax, guest::kRbx, guest::kRcx, guest::kRdx;
using guest::Vector;

TEST(Cpuid, VendorAndBrand) {
  PagedMachine m;
  m.cpu.gpr[kRax] = 0;
  EXPECT_TRUE(m.run({0x0f, 0xa2}));
  char vendor[13] = {};
  std::memcpy(vendor, &m.cpu.gpr[kRbx], 4);
  std::memcpy(vendor + 4, &m.cpu.gpr[kRdx], 4);
  std::memcpy(vendor + 8, &m.cpu.gpr[kRcx], 4);
  EXPECT_STREQ(vendor, sem::kVendor);
  EXPECT_GE(m.cpu.gpr[kRax], 7u);
  std::string brand;
  for (u32 leaf : {0x80000002, 0x80000003, 0x80000004}) {
    auto r = sem::cpuid(leaf, 0);
    for (u32 word : {r.eax, r.ebx, r.ecx, r.edx}) brand.append(reinterpret_cast<char*>(&word), 4);
  }
  EXPECT_STREQ(brand.c_str(), sem::kBrand);
}

// Level 2 of the x86-64 psABI, and nothing that would need the AVX state.
TEST(Cpuid, FeaturesAreThoseOfX8664V2) {
  auto r = sem::cpuid(1, 0);
  for (unsigned bit : {0, 9, 13, 19, 20, 23}) EXPECT_TRUE(r.ecx >> bit & 1) << bit;
  for (unsigned bit : {12, 26, 27, 28, 29}) EXPECT_FALSE(r.ecx >> bit & 1) << bit;
  for (unsigned bit : {0, 4, 8, 15, 23, 24, 25, 26}) EXPECT_TRUE(r.edx >> bit & 1) << bit;
  EXPECT_FALSE(sem::cpuid(7, 0).ebx >> 5 & 1);
}

TEST(Cpuid, CpuinfoNamesTheFeatures) {
  std::string flags = " " + sem::cpuinfo_flags() + " ";
  for (const char* name : {" sse2 ", " ssse3 ", " cx16 ", " popcnt ", " lm ", " syscall "}) {
    EXPECT_NE(flags.find(name), std::string::npos) << name;
  }
}

TEST(Cpuid, CachesEnd) {
  unsigned count = 0;
  while (count < 16 && (sem::cpuid(4, count).eax & 31) != 0) count++;
  EXPECT_EQ(count, 4u);
}

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

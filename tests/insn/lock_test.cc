// Atomic updates at any alignment, and where LOCK is not allowed.
#include <vector>

#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

constexpr u64 kBetweenPages = kData + kPage;

class LockTest : public testing::Test {
 protected:
  void aim(u64 address) { m[kRbx] = address; }
  Machine m;
};

TEST_F(LockTest, MisalignedAcrossACacheLineAndAPage) {
  m[kRax] = 0x0102030405060708;
  for (u64 address : {kData + 61, kBetweenPages - 3}) {
    aim(address);
    m.run({0xf0, 0x48, 0x01, 0x03});  // lock add [rbx], rax
    EXPECT_EQ(m.get<u64>(address), 0x0102030405060708u);
    m.run({0xf0, 0x66, 0x29, 0x03});  // lock sub [rbx], ax
    EXPECT_EQ(m.get<u64>(address), 0x0102030405060000u);
  }
}

TEST_F(LockTest, ExchangeAcrossAPage) {
  aim(kBetweenPages - 1);
  m.put(kBetweenPages - 1, u32{0x11223344});
  m[kRax] = 0xffffffff55667788;
  m.run({0x87, 0x03});  // xchg [rbx], eax
  EXPECT_EQ(m[kRax], 0x11223344u);
  EXPECT_EQ(m.get<u32>(kBetweenPages - 1), 0x55667788u);
}

TEST_F(LockTest, CompareAndExchangeAcrossAPage) {
  aim(kBetweenPages - 5);
  m.put(kBetweenPages - 5, u64{7});
  m[kRax] = 7;
  m[kRcx] = ~u64{0};
  m.run({0xf0, 0x48, 0x0f, 0xb1, 0x0b});  // lock cmpxchg [rbx], rcx
  EXPECT_TRUE(m.cpu.flags.zf());
  EXPECT_EQ(m.get<u64>(kBetweenPages - 5), ~u64{0});
  m.run({0xf0, 0x48, 0x0f, 0xb1, 0x0b});
  EXPECT_FALSE(m.cpu.flags.zf());
  EXPECT_EQ(m[kRax], ~u64{0});
}

TEST_F(LockTest, FaultOnTheSecondPageChangesNothing) {
  aim(kReadOnly - 4);
  m[kRax] = ~u64{0};
  m.set_flags(kStatusFlags);
  EXPECT_EQ(m.fault({0xf0, 0x48, 0x01, 0x03}), Vector::kPageFault);
  EXPECT_EQ(m.get<u32>(kReadOnly - 4), 0u);
  EXPECT_EQ(m.flags(), kStatusFlags);
}

TEST_F(LockTest, EachUpdateSetsItsFlags) {
  aim(kData);
  m.run({0xf0, 0xff, 0x0b});  // lock dec dword [rbx]
  EXPECT_EQ(m.get<u32>(kData), 0xffffffffu);
  EXPECT_EQ(m.flags() & (kSF | kZF), kSF);
  m.run({0xf0, 0xff, 0x03});  // lock inc dword [rbx]
  EXPECT_EQ(m.flags() & (kSF | kZF), kZF);
  m.run({0xf0, 0xf7, 0x13});  // lock not dword [rbx]
  EXPECT_EQ(m.flags() & (kSF | kZF), kZF);
  m.run({0xf0, 0xf7, 0x1b});  // lock neg dword [rbx]
  EXPECT_EQ(m.get<u32>(kData), 1u);
  EXPECT_TRUE(m.cpu.flags.cf());
  m.run({0xf0, 0x0f, 0xba, 0x33, 0x00});  // lock btr dword [rbx], 0
  EXPECT_EQ(m.get<u32>(kData), 0u);
  EXPECT_TRUE(m.cpu.flags.cf());
  m[kRax] = 5;
  m.run({0xf0, 0x0f, 0xc1, 0x03});  // lock xadd [rbx], eax
  EXPECT_EQ(m[kRax], 0u);
  EXPECT_EQ(m.get<u32>(kData), 5u);
}

TEST_F(LockTest, Cmpxchg8bAcrossAPage) {
  u64 address = kBetweenPages - 4;
  aim(address);
  m.put(address, u64{0x1111111122222222});
  m[kRax] = 0xffffffff22222222;  // the upper halves do not count
  m[kRdx] = 0xffffffff11111111;
  m[kRcx] = 3;
  m.run({0xf0, 0x0f, 0xc7, 0x0b});
  EXPECT_EQ(m.flags(), kZF);
  EXPECT_EQ(m.get<u64>(address), u64{3} << 32 | static_cast<u32>(address));
  EXPECT_EQ(m[kRax], 0xffffffff22222222u);
}

TEST_F(LockTest, Cmpxchg8bMismatchLoadsAndKeepsOtherFlags) {
  aim(kData);
  m.put(kData, u64{0x1111111122222222});
  m.set_flags(kStatusFlags);
  m[kRax] = ~u64{0};
  m.run({0x0f, 0xc7, 0x0b});
  EXPECT_EQ(m[kRax], 0x22222222u);
  EXPECT_EQ(m[kRdx], 0x11111111u);
  EXPECT_EQ(m.flags(), kStatusFlags & ~kZF);
}

TEST_F(LockTest, Cmpxchg16bMatchAndMismatch) {
  aim(kData);
  m[kRcx] = 9;
  m.run({0xf0, 0x48, 0x0f, 0xc7, 0x0b});
  EXPECT_EQ(m.get<V128>(kData), (V128{kData, 9}));
  m.run({0xf0, 0x48, 0x0f, 0xc7, 0x0b});
  EXPECT_FALSE(m.cpu.flags.zf());
  EXPECT_EQ(m[kRax], kData);
  EXPECT_EQ(m[kRdx], 9u);
}

TEST_F(LockTest, Cmpxchg16bMisalignedIsAProtectionFault) {
  aim(kData + 8);
  EXPECT_EQ(m.fault({0x48, 0x0f, 0xc7, 0x0b}), Vector::kGeneralProtection);
  EXPECT_EQ(m.fault({0xf0, 0x48, 0x0f, 0xc7, 0x0b}), Vector::kGeneralProtection);
}

TEST_F(LockTest, RegisterAndReadOnlyFormsAreInvalid) {
  const std::vector<std::vector<u8>> forms = {
      {0xf0, 0x01, 0xc3},              // add ebx, eax
      {0xf0, 0x03, 0x03},              // add eax, [rbx]
      {0xf0, 0x04, 0x01},              // add al, 1
      {0xf0, 0x39, 0x03},              // cmp [rbx], eax
      {0xf0, 0x83, 0x3b, 0x01},        // cmp dword [rbx], 1
      {0xf0, 0x85, 0x03},              // test [rbx], eax
      {0xf0, 0x89, 0x03},              // mov [rbx], eax
      {0xf0, 0x87, 0xc3},              // xchg ebx, eax
      {0xf0, 0x0f, 0xa3, 0x03},        // bt [rbx], eax
      {0xf0, 0x0f, 0xab, 0xc3},        // bts ebx, eax
      {0xf0, 0x0f, 0xb1, 0xcb},        // cmpxchg ebx, ecx
      {0xf0, 0x0f, 0xc1, 0xc3},        // xadd ebx, eax
      {0xf0, 0xd1, 0x03},              // rol dword [rbx], 1
      {0xf0, 0x0f, 0xa4, 0x03, 0x01},  // shld [rbx], eax, 1
      {0xf0, 0x90},                    // nop
      {0xf0, 0xa4},                    // movsb
      {0xf0, 0x50},                    // push rax
      {0xf0, 0x0f, 0x58, 0x03},        // addps xmm0, [rbx]
      {0xf0, 0xc5, 0xf8, 0x77},        // vzeroupper
      {0x0f, 0xc7, 0xc8},              // cmpxchg8b eax
  };
  aim(kData);
  for (const auto& bytes : forms) EXPECT_EQ(m.execute(bytes), Vector::kInvalidOpcode);
}

}  // namespace
}  // namespace gantry::test

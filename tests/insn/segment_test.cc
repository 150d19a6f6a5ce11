// Selectors, segment bases and far transfers. Linux's selectors: 33 is 64-bit code, 2b data.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

constexpr u64 kCode = guest::kUserCs, kDataSelector = guest::kUserDs, kKernelCode = 0x10;
constexpr u64 kTarget = kRip + 0x40;

class SegmentTest : public testing::Test {
 protected:
  SegmentTest() { m[kRsp] = kStack; }
  static constexpr u64 kStack = kData + 512;
  Machine m;
};

TEST_F(SegmentTest, LoadsOfNullAndUserDataSucceed) {
  for (u64 selector : {u64{0}, u64{3}, kDataSelector}) {
    m[kRax] = selector;
    m.run({0x8e, 0xd8});  // mov ds, eax
    EXPECT_EQ(m.cpu.segment[guest::kDs], selector);
  }
}

TEST_F(SegmentTest, LoadOfTheKernelsIsAProtectionFaultThatNamesIt) {
  m[kRax] = kKernelCode | 3;
  EXPECT_EQ(m.fault({0x8e, 0xd8}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fault.error, kKernelCode);
  m[kRax] = 0xfff8;  // beyond the table
  EXPECT_EQ(m.fault({0x8e, 0xd8}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fault.error, 0xfff8u);
}

TEST_F(SegmentTest, NullStackSelectorIsRefused) {
  EXPECT_EQ(m.fault({0x8e, 0xd0}), Vector::kGeneralProtection);  // mov ss, eax
  EXPECT_EQ(m.cpu.fault.error, 0u);
}

TEST_F(SegmentTest, LoadOfGsClearsItsBase) {
  m.cpu.gs_base = kData;
  m.run({0x8e, 0xe8});  // mov gs, eax
  EXPECT_EQ(m.cpu.gs_base, 0u);
}

TEST_F(SegmentTest, LoadOfFsClearsItsBase) {
  m.cpu.fs_base = 0x1000;
  m.run({0x8e, 0xe0});  // mov fs, eax
  EXPECT_EQ(m.cpu.fs_base, 0u);
  m[kRax] = kKernelCode;
  EXPECT_EQ(m.fault({0x8e, 0xe0}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fault.error, kKernelCode);
}

TEST_F(SegmentTest, StoresAreZeroExtendedInRegistersAndWordsInMemory) {
  m[kRax] = m[kRbx] = ~u64{0};
  m.run({0x8c, 0xc8});  // mov eax, cs
  EXPECT_EQ(m[kRax], kCode);
  m.run({0x66, 0x8c, 0xcb});  // mov bx, cs
  EXPECT_EQ(m[kRbx], 0xffffffffffff0000 | kCode);
  m[kRbx] = kData;
  m.put(kData, ~u64{0});
  m.run({0x48, 0x8c, 0x0b});  // mov [rbx], cs
  EXPECT_EQ(m.get<u64>(kData), 0xffffffffffff0000 | kCode);
}

TEST_F(SegmentTest, VerificationTellsOfReadingAndWriting) {
  struct {
    u64 selector;
    bool readable, writable;
  } constexpr kCases[] = {{kCode, true, false},
                          {kDataSelector, true, true},
                          {kKernelCode | 3, false, false},
                          {0, false, false}};
  for (const auto& c : kCases) {
    m[kRax] = c.selector;
    m.run({0x0f, 0x00, 0xe0});  // verr ax
    EXPECT_EQ(m.cpu.flags.zf(), c.readable);
    m.run({0x0f, 0x00, 0xe8});  // verw ax
    EXPECT_EQ(m.cpu.flags.zf(), c.writable);
  }
}

TEST_F(SegmentTest, AccessRightsOfARefusedSelectorKeepTheDestination) {
  m[kRax] = kDataSelector;
  m[kRbx] = ~u64{0};
  m.run({0x0f, 0x02, 0xd8});  // lar ebx, eax
  EXPECT_TRUE(m.cpu.flags.zf());
  EXPECT_EQ(m[kRbx] & 0xff00, 0xf300u);  // present, DPL 3, data, writable and accessed
  m[kRax] = 0;
  m[kRbx] = 5;
  m.run({0x0f, 0x02, 0xd8});
  EXPECT_FALSE(m.cpu.flags.zf());
  EXPECT_EQ(m[kRbx], 5u);
  m.run({0x0f, 0x03, 0xd8});  // lsl ebx, eax
  EXPECT_FALSE(m.cpu.flags.zf());
  EXPECT_EQ(m[kRbx], 5u);
}

TEST_F(SegmentTest, BaseInstructionsCheckTheAddress) {
  m[kRax] = kData;
  m.put(kData + 16, u64{99});
  m.run({0xf3, 0x48, 0x0f, 0xae, 0xd8});                 // wrgsbase rax
  m.run({0x65, 0x48, 0x8b, 0x1c, 0x25, 0x10, 0, 0, 0});  // mov rbx, gs:[16]
  EXPECT_EQ(m[kRbx], 99u);
  m.run({0xf3, 0x48, 0x0f, 0xae, 0xc9});  // rdgsbase rcx
  EXPECT_EQ(m[kRcx], kData);
  m[kRax] = u64{1} << 47;
  EXPECT_EQ(m.fault({0xf3, 0x48, 0x0f, 0xae, 0xd8}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.gs_base, kData);
  m[kRax] = 0xffffffff00000000 | kData;
  m.run({0xf3, 0x0f, 0xae, 0xd8});  // wrgsbase eax
  EXPECT_EQ(m.cpu.gs_base, kData);
}

TEST_F(SegmentTest, FsBaseIsUsedAndChecked) {
  m.put(kData + 16, u64{99});
  m[kRax] = kData;
  m.run({0xf3, 0x48, 0x0f, 0xae, 0xd0});                 // wrfsbase rax
  m.run({0x64, 0x48, 0x8b, 0x1c, 0x25, 0x10, 0, 0, 0});  // mov rbx, fs:[16]
  EXPECT_EQ(m[kRbx], 99u);
  m[kRax] = u64{1} << 47;
  EXPECT_EQ(m.fault({0xf3, 0x48, 0x0f, 0xae, 0xd0}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fs_base, kData);
}

// --- far transfers
TEST_F(SegmentTest, FarReturnToTheSameSegment) {
  m.put(kStack, kTarget);
  m.put(kStack + 8, kCode);
  m.run({0x48, 0xca, 0x10, 0x00});  // retf 16
  EXPECT_EQ(m.cpu.rip, kTarget);
  EXPECT_EQ(m[kRsp], kStack + 32);
}

TEST_F(SegmentTest, FarReturnOfNarrowOperands) {
  m.put(kStack, static_cast<u32>(kTarget));
  m.put(kStack + 4, static_cast<u32>(kCode));
  m.run({0xcb});  // retf
  EXPECT_EQ(m.cpu.rip, kTarget);
  EXPECT_EQ(m[kRsp], kStack + 8);
}

TEST_F(SegmentTest, FarReturnToTheKernelsSegmentIsRefused) {
  m.put(kStack, kTarget);
  m.put(kStack + 8, kKernelCode);
  EXPECT_EQ(m.fault({0x48, 0xcb}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fault.error, kKernelCode);
  EXPECT_EQ(m[kRsp], kStack);
  EXPECT_EQ(m.cpu.rip, kRip);
}

TEST_F(SegmentTest, FarReturnToDataAndNull) {
  m.put(kStack, kTarget);
  m.put(kStack + 8, kDataSelector);
  EXPECT_EQ(m.fault({0x48, 0xcb}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fault.error, kDataSelector & ~u64{3});
  m.put(kStack + 8, u64{0});
  EXPECT_EQ(m.fault({0x48, 0xcb}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.fault.error, 0u);
}

TEST_F(SegmentTest, FarJumpAndCallThroughMemory) {
  m[kRbx] = kData;
  m.put(kData, static_cast<u32>(kTarget));
  m.put(kData + 4, static_cast<u16>(kCode));
  m.run({0xff, 0x2b});  // jmp far [rbx]
  EXPECT_EQ(m.cpu.rip, kTarget);
  m.run({0xff, 0x1b});  // call far [rbx]
  EXPECT_EQ(m.cpu.rip, kTarget);
  EXPECT_EQ(m[kRsp], kStack - 8);
  EXPECT_EQ(m.get<u32>(kStack - 8), kRip + 2);
  EXPECT_EQ(m.get<u32>(kStack - 4), kCode);
}

TEST_F(SegmentTest, InterruptReturnTakesFlagsAndStack) {
  const u64 frame[] = {kTarget, kCode, kStatusFlags | guest::kDF, kData + 64, kDataSelector};
  m.put(kStack, frame);
  m.run({0x48, 0xcf});  // iretq
  EXPECT_EQ(m.cpu.rip, kTarget);
  EXPECT_EQ(m[kRsp], kData + 64);
  EXPECT_EQ(m.cpu.rflags(), kStatusFlags | guest::kDF | guest::kIF | 2);
}

TEST_F(SegmentTest, InterruptReturnToANonCanonicalAddress) {
  const u64 frame[] = {u64{1} << 47, kCode, 2, kData + 64, kDataSelector};
  m.put(kStack, frame);
  EXPECT_EQ(m.fault({0x48, 0xcf}), Vector::kGeneralProtection);
  EXPECT_EQ(m.cpu.rip, kRip);
  EXPECT_EQ(m[kRsp], kStack);
}

}  // namespace
}  // namespace gantry::test

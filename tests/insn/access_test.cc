// Memory operands: unaligned, across pages, where alignment is demanded, where writing is not
// allowed.
#include <vector>

#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

constexpr u64 kBetweenPages = kData + kPage;
constexpr u64 kSomething = 0x1122334455667788;

class AccessTest : public testing::Test {
 protected:
  // The instructions address [rbx].
  void aim(u64 address) { m[kRbx] = address; }
  Machine m;
};

TEST_F(AccessTest, IntegersAtEachOffsetAcrossPages) {
  m[kRax] = kSomething;
  for (u64 offset = 1; offset < 8; offset++) {
    aim(kBetweenPages - offset);
    m.run({0x48, 0x89, 0x03});  // mov [rbx], rax
    EXPECT_EQ(m.get<u64>(kBetweenPages - offset), kSomething);
    m.run({0x48, 0x8b, 0x0b});  // mov rcx, [rbx]
    EXPECT_EQ(m[kRcx], kSomething);
    m.run({0x8b, 0x0b});  // mov ecx, [rbx]
    EXPECT_EQ(m[kRcx], 0x55667788u);
    m.run({0x0f, 0xb7, 0x0b});  // movzx ecx, word [rbx]
    EXPECT_EQ(m[kRcx], 0x7788u);
  }
}

TEST_F(AccessTest, VectorsAtEachOffsetAcrossPages) {
  V128 value = {kSomething, ~kSomething};
  m.cpu.xmm[0] = value;
  for (u64 offset = 1; offset < 16; offset++) {
    aim(kBetweenPages - offset);
    m.run({0x0f, 0x11, 0x03});  // movups [rbx], xmm0
    EXPECT_EQ(m.get<V128>(kBetweenPages - offset), value);
    m.run({0x0f, 0x10, 0x0b});  // movups xmm1, [rbx]
    EXPECT_EQ(m.cpu.xmm[1], value);
  }
}

TEST_F(AccessTest, ReadAcrossTheEndFaultsAtTheSecondPage) {
  m[kRcx] = kSomething;
  aim(kUnmapped - 4);
  EXPECT_EQ(m.fault({0x48, 0x8b, 0x0b}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, kUnmapped);
  EXPECT_EQ(m[kRcx], kSomething);
  EXPECT_EQ(m.fault({0x0f, 0x10, 0x0b}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, kUnmapped);
  // Aligned, as some hosts name the aligned word of what they could not read.
  aim(kData - 8);
  EXPECT_EQ(m.fault({0x0f, 0x10, 0x0b}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, kData - 8);
}

TEST_F(AccessTest, WriteIntoTheReadOnlyPageLeavesTheFirstUntouched) {
  m[kRax] = kSomething;
  m.cpu.xmm[0] = {kSomething, kSomething};
  const std::vector<std::vector<u8>> writes = {
      {0x48, 0x89, 0x03},        // mov [rbx], rax
      {0x48, 0x87, 0x03},        // xchg [rbx], rax
      {0x48, 0x01, 0x03},        // add [rbx], rax
      {0x0f, 0x11, 0x03},        // movups [rbx], xmm0
      {0x0f, 0x13, 0x03},        // movlps [rbx], xmm0
      {0xf3, 0x0f, 0x7f, 0x03},  // movdqu [rbx], xmm0
  };
  for (const auto& bytes : writes) {
    m.put(kReadOnly - 4, u32{0});
    aim(kReadOnly - 4);
    EXPECT_EQ(m.execute(bytes), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, kReadOnly);
    EXPECT_EQ(m.get<u32>(kReadOnly - 4), 0u);
  }
}

TEST_F(AccessTest, WriteFromTheUnmappedPageLeavesTheSecondUntouched) {
  m[kRax] = kSomething;
  aim(kData - 4);
  EXPECT_EQ(m.fault({0x48, 0x89, 0x03}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, kData - 4);
  EXPECT_EQ(m.get<u32>(kData), 0u);
}

// Even where the value would stay the same.
TEST_F(AccessTest, UpdatesOfAReadOnlyPageFaultAndKeepFlags) {
  const std::vector<std::vector<u8>> updates = {
      {0x01, 0x03},              // add [rbx], eax
      {0x80, 0x23, 0xff},        // and byte [rbx], 0xff
      {0xf7, 0x13},              // not dword [rbx]
      {0xfe, 0x03},              // inc byte [rbx]
      {0xd1, 0x03},              // rol dword [rbx], 1
      {0x0f, 0xab, 0x03},        // bts [rbx], eax
      {0x0f, 0xc1, 0x03},        // xadd [rbx], eax
      {0x0f, 0xb1, 0x03},        // cmpxchg [rbx], eax
      {0x0f, 0x94, 0x03},        // sete [rbx]
      {0x0f, 0xa4, 0x03, 0x01},  // shld [rbx], eax, 1
      {0x0f, 0xc7, 0x0b},        // cmpxchg8b [rbx]
  };
  m.set_flags(kStatusFlags);
  aim(kReadOnly + 16);
  for (const auto& bytes : updates) {
    EXPECT_EQ(m.execute(bytes), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, kReadOnly + 16);
    EXPECT_EQ(m.flags(), kStatusFlags);
    EXPECT_EQ(m.cpu.rip, kRip);
  }
}

TEST_F(AccessTest, ComparisonsOfAReadOnlyPageDoNotFault) {
  aim(kReadOnly);
  m.run({0x39, 0x03});              // cmp [rbx], eax
  m.run({0x85, 0x03});              // test [rbx], eax
  m.run({0x0f, 0xa3, 0x03});        // bt [rbx], eax
  m.run({0x0f, 0xba, 0x23, 0x05});  // bt dword [rbx], 5
}

TEST_F(AccessTest, ShiftByZeroOfAReadOnlyPageFaults) {
  aim(kReadOnly);
  EXPECT_EQ(m.fault({0xd3, 0x23}), Vector::kPageFault);  // shl dword [rbx], cl
}

TEST_F(AccessTest, AlignedVectorMovesDemandSixteenBytes) {
  const std::vector<std::vector<u8>> moves = {
      {0x0f, 0x28, 0x03},              // movaps xmm0, [rbx]
      {0x0f, 0x29, 0x03},              // movaps [rbx], xmm0
      {0x66, 0x0f, 0x28, 0x03},        // movapd
      {0x66, 0x0f, 0x29, 0x03},        //
      {0x66, 0x0f, 0x6f, 0x03},        // movdqa
      {0x66, 0x0f, 0x7f, 0x03},        //
      {0x0f, 0x2b, 0x03},              // movntps
      {0x66, 0x0f, 0x2b, 0x03},        // movntpd
      {0x66, 0x0f, 0xe7, 0x03},        // movntdq
      {0x66, 0x0f, 0x38, 0x2a, 0x03},  // movntdqa
  };
  for (const auto& bytes : moves) {
    aim(kData);
    EXPECT_EQ(m.execute(bytes), std::nullopt);
    aim(kData + 8);
    EXPECT_EQ(m.execute(bytes), Vector::kGeneralProtection);
    aim(kUnmapped + 1);  // before the page is looked at
    EXPECT_EQ(m.execute(bytes), Vector::kGeneralProtection);
  }
}

TEST_F(AccessTest, LegacyVectorOperandsDemandSixteenBytes) {
  const std::vector<std::vector<u8>> operations = {
      {0x0f, 0x58, 0x03},                    // addps xmm0, [rbx]
      {0x66, 0x0f, 0xfe, 0x03},              // paddd
      {0x66, 0x0f, 0x70, 0x03, 0x00},        // pshufd
      {0x66, 0x0f, 0x38, 0x00, 0x03},        // pshufb
      {0x66, 0x0f, 0x3a, 0x0f, 0x03, 0x01},  // palignr
      {0x66, 0x0f, 0xf1, 0x03},              // psllw, whose count is 64 bits of it
      {0x0f, 0x5b, 0x03},                    // cvtdq2ps
      {0xf2, 0x0f, 0xe6, 0x03},              // cvtpd2dq
      {0x66, 0x0f, 0x38, 0xdc, 0x03},        // aesenc
  };
  aim(kData + 1);
  for (const auto& bytes : operations) EXPECT_EQ(m.execute(bytes), Vector::kGeneralProtection);
}

TEST_F(AccessTest, NarrowerAndStringOperandsNeedNoAlignment) {
  const std::vector<std::vector<u8>> operations = {
      {0xf3, 0x0f, 0x58, 0x03},              // addss
      {0xf2, 0x0f, 0x58, 0x03},              // addsd
      {0xf3, 0x0f, 0xe6, 0x03},              // cvtdq2pd
      {0x0f, 0x5a, 0x03},                    // cvtps2pd
      {0x66, 0x0f, 0x38, 0x20, 0x03},        // pmovsxbw
      {0x66, 0x0f, 0x3a, 0x21, 0x03, 0x00},  // insertps
      {0xf2, 0x0f, 0xf0, 0x03},              // lddqu
      {0x66, 0x0f, 0x3a, 0x63, 0x03, 0x00},  // pcmpistri
      {0x66, 0x0f, 0x3a, 0x62, 0x03, 0x00},  // pcmpistrm
      {0x0f, 0x6f, 0x03},                    // movq mm0
      {0x0f, 0xc3, 0x03},                    // movnti
  };
  for (const auto& bytes : operations) {
    aim(kBetweenPages - 1);
    EXPECT_EQ(m.execute(bytes), std::nullopt);
  }
}

TEST_F(AccessTest, StateAreasDemandTheirAlignment) {
  aim(kData + 8);
  EXPECT_EQ(m.fault({0x0f, 0xae, 0x03}), Vector::kGeneralProtection);  // fxsave
  EXPECT_EQ(m.fault({0x0f, 0xae, 0x0b}), Vector::kGeneralProtection);  // fxrstor
}

TEST_F(AccessTest, AddressSizeTakesTheLowerHalf) {
  m.put(kData, u64{42});
  aim(u64{0xdead} << 32 | kData);
  m.run({0x67, 0x8b, 0x0b});  // mov ecx, [ebx]
  EXPECT_EQ(m[kRcx], 42u);
  m[kRbx] = 0xffffffff;
  m[kRsi] = kData + 1;
  m.run({0x67, 0x8b, 0x0c, 0x33});  // mov ecx, [ebx + esi], which wraps
  EXPECT_EQ(m[kRcx], 42u);
}

TEST_F(AccessTest, SegmentBaseIsAddedAfterTheAddressSize) {
  m.cpu.gs_base = kData;
  m.put(kData + 8, u64{42});
  aim(u64{0xdead} << 32 | 8);
  m.run({0x65, 0x67, 0x8b, 0x0b});  // mov ecx, gs:[ebx]
  EXPECT_EQ(m[kRcx], 42u);
}

}  // namespace
}  // namespace gantry::test

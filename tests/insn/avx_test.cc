// What VEX encodings do that legacy ones do not: upper halves, first sources, alignment, encoding.
#include <vector>

#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

using Instructions = std::vector<std::vector<u8>>;
using Dwords = V256::Lanes<u32>;
constexpr Dwords kCount = {{1, 2, 3, 4, 5, 6, 7, 8}};

class Avx : public testing::Test {
 protected:
  Avx() { m[kRbx] = kData; }
  void set(unsigned reg, const Dwords& lanes) { m.set_ymm(reg, V256::from(lanes)); }
  void expect(unsigned reg, const Dwords& lanes) {
    for (unsigned k = 0; k < 8; ++k) EXPECT_EQ(m.ymm(reg).as<u32>()[k], lanes[k]) << "lane " << k;
  }
  Machine m;
};

// --- upper halves
TEST_F(Avx, ShortFormsClearTheUpperHalf) {
  const Instructions instructions = {
      {0xc5, 0xf0, 0x58, 0xc2},              // vaddps xmm0, xmm1, xmm2
      {0xc5, 0xf1, 0xfe, 0xc2},              // vpaddd xmm0, xmm1, xmm2
      {0xc5, 0xf8, 0x28, 0xc0},              // vmovaps xmm0, xmm0
      {0xc5, 0xf9, 0x6e, 0xc0},              // vmovd xmm0, eax
      {0xc5, 0xfa, 0x7e, 0xc1},              // vmovq xmm0, xmm1
      {0xc5, 0xf2, 0x10, 0xc2},              // vmovss xmm0, xmm1, xmm2
      {0xc5, 0xfa, 0x10, 0x03},              // vmovss xmm0, [rbx]
      {0xc5, 0xf0, 0x12, 0x03},              // vmovlps xmm0, xmm1, [rbx]
      {0xc5, 0xf3, 0x2a, 0xc0},              // vcvtsi2sd xmm0, xmm1, eax
      {0xc5, 0xf1, 0xc4, 0xc0, 0x00},        // vpinsrw xmm0, xmm1, eax, 0
      {0xc4, 0xe3, 0x79, 0x62, 0xc1, 0x00},  // vpcmpistrm xmm0, xmm1, whose result is in xmm0
  };
  for (const auto& bytes : instructions) {
    set(0, kCount);
    EXPECT_EQ(m.execute(bytes), std::nullopt);
    EXPECT_EQ(m.cpu.ymm_high[0], V128{});
  }
}

TEST_F(Avx, LegacyFormsKeepTheUpperHalf) {
  const Instructions instructions = {
      {0x0f, 0x58, 0xc2},                    // addps xmm0, xmm2
      {0x66, 0x0f, 0xfe, 0xc2},              // paddd xmm0, xmm2
      {0x0f, 0x28, 0xc0},                    // movaps xmm0, xmm0
      {0x66, 0x0f, 0x6e, 0xc0},              // movd xmm0, eax
      {0xf3, 0x0f, 0x7e, 0xc1},              // movq xmm0, xmm1
      {0xf3, 0x0f, 0x10, 0x03},              // movss xmm0, [rbx]
      {0xf2, 0x0f, 0x2a, 0xc0},              // cvtsi2sd xmm0, eax
      {0x66, 0x0f, 0x3a, 0x62, 0xc1, 0x00},  // pcmpistrm xmm0, xmm1
  };
  for (const auto& bytes : instructions) {
    set(0, kCount);
    EXPECT_EQ(m.execute(bytes), std::nullopt);
    EXPECT_EQ(m.ymm(0).high, V256::from(kCount).high);
  }
}

TEST_F(Avx, ZeroUpperKeepsTheLowHalvesAndZeroAllDoesNot) {
  for (unsigned reg = 0; reg < 16; ++reg) set(reg, kCount);
  m.run({0xc5, 0xf8, 0x77});
  for (unsigned reg = 0; reg < 16; ++reg) expect(reg, {{1, 2, 3, 4}});
  m.run({0xc5, 0xfc, 0x77});
  for (unsigned reg = 0; reg < 16; ++reg) expect(reg, {});
}

TEST_F(Avx, FxrstorKeepsTheUpperHalves) {
  m.put(kData + 24, u32{0x1f80});
  set(0, kCount);
  m.run({0x0f, 0xae, 0x0b});
  expect(0, {{0, 0, 0, 0, 5, 6, 7, 8}});
}

// --- scalar forms
TEST_F(Avx, ScalarFormsTakeTheRestFromTheFirstSource) {
  constexpr u32 kOne = 0x3f800000, kTwo = 0x40000000, kThree = 0x40400000, kFour = 0x40800000;
  set(0, kCount);
  set(1, {{kOne, 12, 13, 14, 15}});
  set(2, {{kFour, 22, 23, 24, 25}});
  m.run({0xc5, 0xf2, 0x5c, 0xc2});  // vsubss xmm0, xmm1, xmm2
  expect(0, {{kThree | 0x80000000, 12, 13, 14}});
  m.run({0xc5, 0xf2, 0x51, 0xc2});  // vsqrtss xmm0, xmm1, xmm2
  expect(0, {{kTwo, 12, 13, 14}});
  m.run({0xc5, 0xf2, 0x10, 0xc2});  // vmovss xmm0, xmm1, xmm2
  expect(0, {{kFour, 12, 13, 14}});
  m.run({0xc4, 0xe3, 0x71, 0x0a, 0xc2, 0x00});  // vroundss xmm0, xmm1, xmm2
  expect(0, {{kFour, 12, 13, 14}});
  m.run({0xc5, 0xf2, 0x5a, 0xc2});  // vcvtss2sd xmm0, xmm1, xmm2
  expect(0, {{0, 0x40100000, 13, 14}});
}

TEST_F(Avx, ScalarFormsIgnoreTheLength) {
  set(1, {{0x3f800000}});
  m.run({0xc5, 0xf6, 0x58, 0xc1});  // vaddss with VEX.L
  expect(0, {{0x40000000}});
}

// --- lanes
TEST_F(Avx, ShufflesStayWithinTheirHalves) {
  set(1, kCount);
  m.run({0xc5, 0xfd, 0x70, 0xc1, 0x1b});  // vpshufd ymm0, ymm1, 0x1b
  expect(0, {{4, 3, 2, 1, 8, 7, 6, 5}});
  set(2, {{11, 12, 13, 14, 15, 16, 17, 18}});
  m.run({0xc4, 0xe3, 0x75, 0x0f, 0xc2, 0x04});  // vpalignr ymm0, ymm1, ymm2, 4
  expect(0, {{12, 13, 14, 1, 16, 17, 18, 5}});
  m.run({0xc5, 0xfd, 0x73, 0xd9, 0x0c});  // vpsrldq ymm0, ymm1, 12
  expect(0, {{4, 0, 0, 0, 8, 0, 0, 0}});
  m.run({0xc5, 0xf5, 0x62, 0xc2});  // vpunpckldq ymm0, ymm1, ymm2
  expect(0, {{1, 11, 2, 12, 5, 15, 6, 16}});
}

TEST_F(Avx, PermutationsCrossTheHalves) {
  set(1, {{8, 7, 6, 5, 4, 3, 2, 1}});
  set(2, {{10, 11, 12, 13, 14, 15, 16, 17}});
  m.run({0xc4, 0xe2, 0x75, 0x36, 0xc2});  // vpermd ymm0, ymm1, ymm2
  expect(0, {{10, 17, 16, 15, 14, 13, 12, 11}});
  m.run({0xc4, 0xe3, 0xfd, 0x00, 0xc2, 0x1b});  // vpermq ymm0, ymm2, 0x1b
  expect(0, {{16, 17, 14, 15, 12, 13, 10, 11}});
  m.run({0xc4, 0xe3, 0x75, 0x46, 0xc2, 0x83});  // vperm2i128 ymm0, ymm1, ymm2, 0x83
  expect(0, {{14, 15, 16, 17}});
}

TEST_F(Avx, ExtensionsReadTheLowHalf) {
  set(1, {{0x80ff7f01, 0, 9, 9, 9, 9, 9, 9}});
  m.run({0xc4, 0xe2, 0x7d, 0x21, 0xc1});  // vpmovsxbd ymm0, xmm1
  expect(0, {{1, 0x7f, ~0u, 0xffffff80, 0, 0, 0, 0}});
}

TEST_F(Avx, CountsOfLaneShiftsAreNotTakenModulo) {
  set(1, {{-8u, -8u, -8u, -8u, -8u, -8u, -8u, -8u}});
  set(2, {{0, 1, 31, 32, 33, 0x100, 0x80000000, ~0u}});
  m.run({0xc4, 0xe2, 0x75, 0x46, 0xc2});  // vpsravd ymm0, ymm1, ymm2
  expect(0, {{-8u, -4u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u}});
  m.run({0xc4, 0xe2, 0x75, 0x45, 0xc2});  // vpsrlvd
  expect(0, {{-8u, 0x7ffffffc, 1, 0, 0, 0, 0, 0}});
}

TEST_F(Avx, TestsLookAtAllLanes) {
  set(0, {{0, 0, 0, 0, 0, 0, 0, 1}});
  m.run({0xc4, 0xe2, 0x7d, 0x17, 0xc0});  // vptest ymm0, ymm0
  EXPECT_EQ(m.flags(), kCF);
  m.run({0xc4, 0xe2, 0x7d, 0x0e, 0xc0});  // vtestps ymm0, ymm0: signs
  EXPECT_EQ(m.flags(), kZF | kCF);
}

TEST_F(Avx, BlendsTakeTheMaskFromTheImmediate) {
  set(1, kCount);
  set(2, {{11, 12, 13, 14, 15, 16, 17, 18}});
  set(3, {{0x80000000, 0x7fffffff, 0, ~0u}});
  m.run({0xc4, 0xe3, 0x75, 0x4a, 0xc2, 0x30});  // vblendvps ymm0, ymm1, ymm2, ymm3
  expect(0, {{11, 2, 3, 14, 5, 6, 7, 8}});
}

TEST_F(Avx, PredicatesBeyondTheLegacyOnes) {
  set(1, {{0x7fc00000, 0x3f800000, 0, 0}});
  set(2, {{0x3f800000, 0x3f800000, 0x80000000, 0x3f800000}});
  m.run({0xc5, 0xf0, 0xc2, 0xc2, 0x08});  // vcmpeq_uqps
  expect(0, {{~0u, ~0u, ~0u, 0}});
  EXPECT_EQ(m.mxcsr_flags(), 0u);
  m.run({0xc5, 0xf0, 0xc2, 0xc2, 0x10});  // vcmpeq_osps
  expect(0, {{0, ~0u, ~0u, 0}});
  EXPECT_EQ(m.mxcsr_flags(), 1u);
}

// --- memory
TEST_F(Avx, AlignedMovesDemandTheirLength) {
  const Instructions moves = {{0xc5, 0xfc, 0x28, 0x03},         // vmovaps ymm0, [rbx]
                              {0xc5, 0xfc, 0x29, 0x03},         // vmovaps [rbx], ymm0
                              {0xc5, 0xfd, 0x6f, 0x03},         // vmovdqa
                              {0xc5, 0xfd, 0x7f, 0x03},         //
                              {0xc5, 0xfc, 0x2b, 0x03},         // vmovntps
                              {0xc5, 0xfd, 0xe7, 0x03},         // vmovntdq
                              {0xc4, 0xe2, 0x7d, 0x2a, 0x03}};  // vmovntdqa
  for (const auto& bytes : moves) {
    m[kRbx] = kData + 32;
    EXPECT_EQ(m.execute(bytes), std::nullopt);
    m[kRbx] = kData + 16;
    EXPECT_EQ(m.execute(bytes), Vector::kGeneralProtection);
  }
  m.run({0xc5, 0xf8, 0x28, 0x03});  // vmovaps xmm0, [rbx]
}

TEST_F(Avx, OtherOperandsNeedNoAlignment) {
  const Instructions operations = {{0xc5, 0xf4, 0x58, 0x03},        // vaddps ymm0, ymm1, [rbx]
                                   {0xc5, 0xf1, 0xfe, 0x03},        // vpaddd xmm0, xmm1, [rbx]
                                   {0xc5, 0xfc, 0x10, 0x03},        // vmovups
                                   {0xc5, 0xfc, 0x11, 0x03},        //
                                   {0xc5, 0xff, 0xf0, 0x03},        // vlddqu
                                   {0xc5, 0xf9, 0x70, 0x03, 0x00},  // vpshufd
                                   {0xc4, 0xe3, 0x79, 0x63, 0x03, 0x00},   // vpcmpistri
                                   {0xc4, 0xe3, 0x7d, 0x19, 0x03, 0x01}};  // vextractf128 [rbx]
  for (u64 offset = 1; offset < 32; offset += 6) {
    m[kRbx] = kData + kPage - offset;
    for (const auto& bytes : operations) EXPECT_EQ(m.execute(bytes), std::nullopt);
  }
}

TEST_F(Avx, WriteIntoTheReadOnlyPageLeavesTheFirstUntouched) {
  set(0, kCount);
  for (u64 offset : {1, 8, 16, 24, 31}) {
    m[kRbx] = kReadOnly - offset;
    EXPECT_EQ(m.fault({0xc5, 0xfc, 0x11, 0x03}), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, kReadOnly);
    EXPECT_EQ(m.get<u8>(kReadOnly - offset), 0u);
  }
}

TEST_F(Avx, ReadAcrossTheEndFaultsAtTheSecondPage) {
  set(0, kCount);
  for (u64 offset : {1, 16, 31}) {
    m[kRbx] = kUnmapped - offset;
    EXPECT_EQ(m.fault({0xc5, 0xfc, 0x10, 0x03}), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, kUnmapped);
    expect(0, kCount);
  }
}

// --- encoding
TEST_F(Avx, FieldsThatMeanNothingMustSaySo) {
  const Instructions instructions = {{0xc5, 0xf0, 0x28, 0xc1},        // vmovaps with vvvv
                                     {0xc5, 0xfd, 0x6e, 0xc0},        // vmovd of 256 bits
                                     {0xc5, 0xfc, 0x12, 0x03},        // vmovlps of 256 bits
                                     {0xc4, 0xe2, 0xf9, 0x18, 0x03},  // vbroadcastss with W
                                     {0xc4, 0xe2, 0x79, 0x19, 0x03},  // vbroadcastsd of 128 bits
                                     {0xc4, 0xe3, 0x71, 0x46, 0xc2, 0x00},  // vperm2i128, 128 bits
                                     {0xc4, 0xe4, 0x79, 0x28, 0xc1}};       // map 4
  for (const auto& bytes : instructions) EXPECT_EQ(m.execute(bytes), Vector::kInvalidOpcode);
}

TEST_F(Avx, FourthRegisterIgnoresTheLowBitsOfItsImmediate) {
  set(1, kCount);
  set(2, {{11, 12, 13, 14, 15, 16, 17, 18}});
  set(3, {{~0u, 0, ~0u}});
  m.run({0xc4, 0xe3, 0x75, 0x4a, 0xc2, 0x3f});
  expect(0, {{11, 2, 13, 4, 5, 6, 7, 8}});
}

}  // namespace
}  // namespace gantry::test

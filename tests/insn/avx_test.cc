// AVX and AVX2: faults of masked moves and gathers, what becomes of upper halves.
#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/insn/paged_machine.h"

namespace gantry::test {
namespace {

using guest::kRdi, guest::kRsp;
using guest::V128;
using guest::V256;
using guest::Vector;

constexpr u32 kOn = 0x80000000;
constexpr u64 kNotCanonical = u64{1} << 63;

constexpr std::initializer_list<u8> kLoadMasked = {0xc4, 0xe2, 0x6d, 0x8c, 0x07};
constexpr std::initializer_list<u8> kStoreMasked = {0xc4, 0xe2, 0x6d, 0x8e, 0x07};
// VPGATHERDD ymm0, [rdi + ymm1 * 4], ymm2
constexpr std::initializer_list<u8> kGather = {0xc4, 0xe2, 0x6d, 0x90, 0x04, 0x8f};

using Dwords = V256::Lanes<u32>;

// YMM0 to YMM2 as doublewords; RDI points at the end of the data, back by `room` bytes.
class Avx : public testing::Test {
 protected:
  void set(unsigned reg, const Dwords& lanes) {
    V256 value = V256::from(lanes);
    m.cpu.xmm[reg] = value.low;
    m.cpu.ymm_high[reg] = value.high;
  }
  Dwords get(unsigned reg) const { return V256{m.cpu.xmm[reg], m.cpu.ymm_high[reg]}.as<u32>(); }
  void expect(unsigned reg, const Dwords& lanes) const {
    for (unsigned k = 0; k < 8; ++k) EXPECT_EQ(get(reg)[k], lanes[k]) << "lane " << k;
  }
  void leave_room(u64 bytes) { m.cpu.gpr[kRdi] = m.data_end() - bytes; }

  PagedMachine m;
};

// --- masked moves
TEST_F(Avx, MaskedLoadOfNothingReadsNoMemory) {
  m.cpu.gpr[kRdi] = kNotCanonical;
  set(0, {{1, 2, 3, 4, 5, 6, 7, 8}});
  EXPECT_TRUE(m.run(kLoadMasked));
  expect(0, {});
}

TEST_F(Avx, MaskedLoadUpToThePagesEnd) {
  leave_room(8);
  m.at<u32>(m.data_end() - 8) = 11;
  m.at<u32>(m.data_end() - 4) = 22;
  set(0, {{1, 2, 3, 4, 5, 6, 7, 8}});
  set(2, {{kOn, kOn, 1, 0, 0x7fffffff, 0, 0, 0}});
  EXPECT_TRUE(m.run(kLoadMasked));
  expect(0, {{11, 22}});
}

TEST_F(Avx, MaskedLoadThatFaultsChangesNothing) {
  leave_room(8);
  set(0, {{1, 2, 3, 4, 5, 6, 7, 8}});
  set(2, {{kOn, kOn, 0, kOn, 0, 0, 0, kOn}});
  EXPECT_FALSE(m.run(kLoadMasked));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, m.data_end() + 4);
  expect(0, {{1, 2, 3, 4, 5, 6, 7, 8}});
}

TEST_F(Avx, MaskedStoreWritesOnlySelectedLanes) {
  leave_room(12);
  for (u64 k = 1; k <= 3; ++k) m.at<u32>(m.data_end() - 4 * k) = 99;
  set(0, {{1, 2, 3, 4, 5, 6, 7, 8}});
  set(2, {{kOn, 0, kOn, 0, 0, 0, 0, 0}});
  EXPECT_TRUE(m.run(kStoreMasked));
  EXPECT_EQ(m.at<u32>(m.data_end() - 12), 1u);
  EXPECT_EQ(m.at<u32>(m.data_end() - 8), 99u);
  EXPECT_EQ(m.at<u32>(m.data_end() - 4), 3u);
}

// CR2 is the last byte to be written, as on Intel's processors.
TEST_F(Avx, MaskedStoreThatFaultsWritesNothing) {
  leave_room(8);
  set(0, {{1, 2, 3, 4, 5, 6, 7, 8}});
  set(2, {{kOn, kOn, kOn, 0, kOn, 0, 0, 0}});
  EXPECT_FALSE(m.run(kStoreMasked));
  EXPECT_EQ(m.cpu.fault.address, m.data_end() + 11);
  EXPECT_EQ(m.at<u64>(m.data_end() - 8), 0u);
}

TEST_F(Avx, MaskedMovesOfBadAddresses) {
  m.cpu.gpr[kRdi] = m.cpu.gpr[kRsp] = kNotCanonical;
  set(2, {{0, 0, 0, 0, 0, 0, 0, kOn}});
  EXPECT_FALSE(m.run(kLoadMasked));
  EXPECT_EQ(m.cpu.fault.vector, Vector::kGeneralProtection);
  EXPECT_FALSE(m.run({0xc4, 0xe2, 0x6d, 0x8e, 0x04, 0x24}));  // [rsp]
  EXPECT_EQ(m.cpu.fault.vector, Vector::kStackFault);
}

// --- gathers
TEST_F(Avx, GatherTakesSignedIndicesAndClearsTheMask) {
  m.cpu.gpr[kRdi] = m.data() + 64;
  for (u32 k = 0; k < 32; ++k) m.at<u32>(m.data() + 4 * k) = k;
  set(0, {{91, 92, 93, 94, 95, 96, 97, 98}});
  set(1, {{0, 1, -16u, 3, -1u, 15, 0x10000000, 7}});
  set(2, {{kOn, kOn, kOn, 0, ~0u, kOn, 0, 1}});
  EXPECT_TRUE(m.run(kGather));
  expect(0, {{16, 17, 0, 94, 15, 31, 97, 98}});
  expect(2, {});
}

TEST_F(Avx, GatherThatFaultsKeepsWhatCameBefore) {
  leave_room(8);
  m.at<u32>(m.data_end() - 8) = 11;
  m.at<u32>(m.data_end() - 4) = 22;
  set(0, {{91, 92, 93, 94, 95, 96, 97, 98}});
  set(1, {{1, 0, 0, 2, 0, 3, 0, 0}});
  set(2, {{kOn, kOn, 0, kOn, kOn, kOn, 1, kOn}});
  EXPECT_FALSE(m.run(kGather));
  EXPECT_EQ(m.cpu.fault.address, m.data_end());
  EXPECT_EQ(m.cpu.rip, PagedMachine::kRip);
  expect(0, {{22, 11, 93, 94, 95, 96, 97, 98}});
  expect(2, {{0, 0, 0, ~0u, ~0u, ~0u, 0, ~0u}});
}

TEST_F(Avx, GatherByQuadwordsFillsHalfOfTheRegister) {
  m.cpu.gpr[kRdi] = m.data();
  for (u32 k = 0; k < 8; ++k) m.at<u32>(m.data() + 4 * k) = 10 + k;
  for (bool wide : {false, true}) {
    set(0, {{91, 92, 93, 94, 95, 96, 97, 98}});
    set(1, {{1, 0, 3, 0, 5, 0, 7, 0}});
    set(2, {{kOn, kOn, kOn, 0, kOn, kOn, kOn, kOn}});
    auto vex = static_cast<u8>(wide ? 0x6d : 0x69);
    EXPECT_TRUE(m.run({0xc4, 0xe2, vex, 0x91, 0x04, 0x8f}));
    if (wide) {
      expect(0, {{11, 13, 15, 94}});
    } else {
      expect(0, {{11, 13}});
    }
    expect(2, {});
  }
}

TEST_F(Avx, GatherUnderAnAddressSizePrefixWraps) {
  m.cpu.gpr[kRdi] = ~u64{0};
  set(1, {{0xffffffff}});
  set(2, {{kOn}});
  EXPECT_FALSE(m.run({0x67, 0xc4, 0xe2, 0x6d, 0x90, 0x04, 0x0f}));
  EXPECT_EQ(m.cpu.fault.address, 0xfffffffeu);
}

// --- upper halves
TEST_F(Avx, ZeroUpperKeepsTheLowHalves) {
  for (unsigned reg : {0u, 7u, 15u}) set(reg, {{1, 2, 3, 4, 5, 6, 7, 8}});
  EXPECT_TRUE(m.run({0xc5, 0xf8, 0x77}));
  for (unsigned reg : {0u, 7u, 15u}) expect(reg, {{1, 2, 3, 4}});
  EXPECT_TRUE(m.run({0xc5, 0xfc, 0x77}));
  for (unsigned reg : {0u, 7u, 15u}) expect(reg, {});
}

TEST_F(Avx, PermutationsCrossTheHalves) {
  set(1, {{8, 7, 6, 5, 4, 3, 2, 1}});
  set(2, {{10, 11, 12, 13, 14, 15, 16, 17}});
  EXPECT_TRUE(m.run({0xc4, 0xe2, 0x75, 0x36, 0xc2}));  // vpermd ymm0, ymm1, ymm2
  expect(0, {{10, 17, 16, 15, 14, 13, 12, 11}});
  EXPECT_TRUE(m.run({0xc4, 0xe3, 0xfd, 0x00, 0xc2, 0x1b}));  // vpermq ymm0, ymm2, 0x1b
  expect(0, {{16, 17, 14, 15, 12, 13, 10, 11}});
  EXPECT_TRUE(m.run({0xc4, 0xe3, 0x75, 0x46, 0xc2, 0x83}));  // vperm2i128 ymm0, ymm1, ymm2, 0x83
  expect(0, {{14, 15, 16, 17}});
}

TEST_F(Avx, CountsOfLaneShiftsAreNotTakenModulo) {
  set(1, {{-8u, -8u, -8u, -8u, -8u, -8u, -8u, -8u}});
  set(2, {{0, 1, 31, 32, 33, 0x100, 0x80000000, ~0u}});
  EXPECT_TRUE(m.run({0xc4, 0xe2, 0x75, 0x46, 0xc2}));  // vpsravd ymm0, ymm1, ymm2
  expect(0, {{-8u, -4u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u}});
  EXPECT_TRUE(m.run({0xc4, 0xe2, 0x75, 0x45, 0xc2}));  // vpsrlvd
  expect(0, {{-8u, 0x7ffffffc, 1, 0, 0, 0, 0, 0}});
}

}  // namespace
}  // namespace gantry::test

// Gathers: masks, faults in the middle, and operands that must differ.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

constexpr u32 kOn = 0x80000000;

using Dwords = V256::Lanes<u32>;
constexpr Dwords kOld = {{91, 92, 93, 94, 95, 96, 97, 98}};

// vpgatherdd ymm0, [rdi + ymm1 * 4], ymm2, and its floating-point twin.
constexpr std::initializer_list<u8> kGathers[] = {{0xc4, 0xe2, 0x6d, 0x90, 0x04, 0x8f},
                                                  {0xc4, 0xe2, 0x6d, 0x92, 0x04, 0x8f}};

class Gather : public testing::Test {
 protected:
  Gather() {
    for (u32 k = 0; k < 64; ++k) m.put(kData + 4 * k, k);
    m[kRdi] = kData;
    set(0, kOld);
  }
  void set(unsigned reg, const Dwords& lanes) { m.set_ymm(reg, V256::from(lanes)); }
  void expect(unsigned reg, const Dwords& lanes) {
    for (unsigned k = 0; k < 8; ++k) EXPECT_EQ(m.ymm(reg).as<u32>()[k], lanes[k]) << "lane " << k;
  }
  Machine m;
};

TEST_F(Gather, TakesSignedIndicesAndClearsTheMask) {
  m[kRdi] = kData + 64;
  for (auto gather : kGathers) {
    set(0, kOld);
    set(1, {{0, 1, -16u, 3, -1u, 15, 0x10000000, 7}});
    set(2, {{kOn, kOn, kOn, 0, ~0u, kOn, 0, 1}});
    m.run(gather);
    expect(0, {{16, 17, 0, 94, 15, 31, 97, 98}});
    expect(1, {{0, 1, -16u, 3, -1u, 15, 0x10000000, 7}});
    expect(2, {});
  }
}

TEST_F(Gather, OfNothingLooksAtNoMemory) {
  m[kRdi] = u64{1} << 63;
  set(2, {{1, 2, 3, 4, 5, 6, 7, 0x7fffffff}});
  m.run(kGathers[0]);
  expect(0, kOld);
  expect(2, {});
}

TEST_F(Gather, FaultKeepsWhatCameBefore) {
  for (auto gather : kGathers) {
    set(0, kOld);
    set(1, {{1, 2, 0, -1u, 3, -2u, 0, 4}});
    set(2, {{kOn, kOn, 0, kOn, kOn, kOn, 1, kOn}});
    EXPECT_EQ(m.fault(gather), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, kData - 4);
    EXPECT_EQ(m.cpu.rip, kRip);
    expect(0, {{1, 2, 93, 94, 95, 96, 97, 98}});
    expect(2, {{0, 0, 0, ~0u, ~0u, ~0u, 0, ~0u}});
  }
}

TEST_F(Gather, FaultAtTheFirstElement) {
  set(1, {{-1u}});
  set(2, {{kOn, kOn, kOn, kOn, kOn, kOn, kOn, kOn}});
  EXPECT_EQ(m.fault(kGathers[0]), Vector::kPageFault);
  expect(0, kOld);
}

TEST_F(Gather, GoesOnAfterTheFaultIsRepaired) {
  set(1, {{1, -1u, 3}});
  set(2, {{kOn, kOn, kOn}});
  EXPECT_EQ(m.fault(kGathers[0]), Vector::kPageFault);
  set(1, {{60, 2, 3}});
  m.run(kGathers[0]);
  expect(0, {{1, 2, 3, 94, 95, 96, 97, 98}});
}

TEST_F(Gather, NonCanonicalElementAndStackBase) {
  m[kRdi] = m[kRsp] = (u64{1} << 47) - 4;
  set(1, {{1}});
  set(2, {{kOn}});
  EXPECT_EQ(m.fault(kGathers[0]), Vector::kGeneralProtection);
  EXPECT_EQ(m.fault({0xc4, 0xe2, 0x6d, 0x90, 0x04, 0x8c}), Vector::kStackFault);  // [rsp + …]
}

TEST_F(Gather, QuadwordIndicesFillHalfOfTheRegister) {
  for (bool wide : {false, true}) {
    set(0, kOld);
    set(1, {{1, 0, 3, 0, 5, 0, 7, 0}});
    set(2, {{kOn, kOn, kOn, 0, kOn, kOn, kOn, kOn}});
    u8 vex = wide ? 0x6d : 0x69;
    m.run({0xc4, 0xe2, vex, 0x91, 0x04, 0x8f});  // vpgatherqd
    expect(0, wide ? Dwords{{1, 3, 5, 94}} : Dwords{{1, 3}});
    expect(2, {});
  }
}

TEST_F(Gather, QuadwordsByDwordIndices) {
  set(1, {{2, -1u, 0, 4, 77, 77, 77, 77}});
  set(2, {{0, kOn, kOn, 1, 0, kOn, 0, kOn}});
  m.run(
      {0xc4, 0xe2, 0xed, 0x90, 0x44, 0xcf, 0x10});  // vpgatherdq ymm0, [rdi + xmm1 * 8 + 16], ymm2
  expect(0, {{8, 9, 93, 94, 4, 5, 12, 13}});
  expect(2, {});
}

TEST_F(Gather, ShortFormClearsTheUpperHalves) {
  set(1, {{1, 2, 3, 4, 5, 6, 7, 8}});
  set(2, {{kOn, 0, 0, kOn, kOn, kOn, kOn, kOn}});
  m.run({0xc4, 0xe2, 0x69, 0x90, 0x04, 0x8f});  // vpgatherdd xmm0, [rdi + xmm1 * 4], xmm2
  expect(0, {{1, 92, 93, 4}});
  expect(2, {});
}

TEST_F(Gather, AddressSizePrefixWraps) {
  m[kRdi] = ~u64{0};
  set(1, {{0xfffffffd}});
  set(2, {{kOn}});
  EXPECT_EQ(m.fault({0x67, 0xc4, 0xe2, 0x6d, 0x90, 0x04, 0x0f}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, 0xfffffffcu);
}

TEST_F(Gather, DestinationIndexAndMaskMustDiffer) {
  EXPECT_EQ(m.fault({0xc4, 0xe2, 0x75, 0x90, 0x04, 0x8f}), Vector::kInvalidOpcode);  // index, mask
  EXPECT_EQ(m.fault({0xc4, 0xe2, 0x7d, 0x90, 0x04, 0x8f}), Vector::kInvalidOpcode);  // mask, ymm0
  EXPECT_EQ(m.fault({0xc4, 0xe2, 0x6d, 0x90, 0x0c, 0x8f}), Vector::kInvalidOpcode);  // index, ymm1
}

TEST_F(Gather, NeedsAVectorIndex) {
  EXPECT_EQ(m.fault({0xc4, 0xe2, 0x6d, 0x90, 0x07}), Vector::kInvalidOpcode);  // [rdi]
  EXPECT_EQ(m.fault({0xc4, 0xe2, 0x6d, 0x90, 0xc1}), Vector::kInvalidOpcode);  // ymm1
  set(4, {{3}});
  set(2, {{kOn}});
  m.run({0xc4, 0xe2, 0x6d, 0x90, 0x04, 0xa7});  // four is an index as any
  expect(0, {{3, 92, 93, 94, 95, 96, 97, 98}});
}

}  // namespace
}  // namespace gantry::test

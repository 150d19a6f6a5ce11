// Masked moves: what the mask leaves out is neither read nor written nor looked at.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

constexpr u32 kOn = 0x80000000;
constexpr u64 kNonCanonical = u64{1} << 63;

using Dwords = V256::Lanes<u32>;
constexpr Dwords kOld = {{1, 2, 3, 4, 5, 6, 7, 8}};

// YMM0 is moved from or to [rdi] by the mask in YMM2.
constexpr std::initializer_list<u8> kLoads[] = {
    {0xc4, 0xe2, 0x6d, 0x8c, 0x07},   // vpmaskmovd ymm0, ymm2, [rdi]
    {0xc4, 0xe2, 0x6d, 0x2c, 0x07}};  // vmaskmovps
constexpr std::initializer_list<u8> kStores[] = {{0xc4, 0xe2, 0x6d, 0x8e, 0x07},
                                                 {0xc4, 0xe2, 0x6d, 0x2e, 0x07}};

class MaskedMove : public testing::Test {
 protected:
  void set(unsigned reg, const Dwords& lanes) { m.set_ymm(reg, V256::from(lanes)); }
  void expect(unsigned reg, const Dwords& lanes) {
    for (unsigned k = 0; k < 8; ++k) EXPECT_EQ(m.ymm(reg).as<u32>()[k], lanes[k]) << "lane " << k;
  }
  Machine m;
};

TEST_F(MaskedMove, OfNothingLooksAtNoMemory) {
  for (u64 address : {kUnmapped, kNonCanonical}) {
    m[kRdi] = address;
    for (auto load : kLoads) {
      set(0, kOld);
      m.run(load);
      expect(0, {});
    }
    for (auto store : kStores) m.run(store);
  }
}

TEST_F(MaskedMove, LoadUpToThePagesEnd) {
  m[kRdi] = kUnmapped - 8;
  set(2, {{kOn, kOn, 1, 0, 0x7fffffff, 0, 0, 0}});
  for (auto load : kLoads) {
    set(0, kOld);
    m.run(load);
    expect(0, {{m.get<u32>(kUnmapped - 8), m.get<u32>(kUnmapped - 4)}});
  }
}

TEST_F(MaskedMove, LoadFromThePagesStart) {
  m[kRdi] = kData - 16;
  m.put(kData, u64{0x0000002200000011});
  set(2, {{0, 0, 0, 0, kOn, kOn, 0, 0}});
  for (auto load : kLoads) {
    m.run(load);
    expect(0, {{0, 0, 0, 0, 0x11, 0x22, 0, 0}});
  }
}

TEST_F(MaskedMove, LoadThatFaultsChangesNothing) {
  m[kRdi] = kUnmapped - 8;
  set(0, kOld);
  set(2, {{kOn, kOn, 0, kOn, 0, 0, 0, kOn}});
  for (auto load : kLoads) {
    EXPECT_EQ(m.fault(load), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, kUnmapped + 4);
    expect(0, kOld);
  }
}

TEST_F(MaskedMove, StoreWritesOnlySelectedLanes) {
  set(0, kOld);
  set(2, {{kOn, 0, kOn, 0, 0, 0, 0, 0}});
  m[kRdi] = kReadOnly - 12;
  for (auto store : kStores) {
    m.put(kReadOnly - 12, u64{99} << 32 | 99);
    m.put(kReadOnly - 4, u32{99});
    m.run(store);
    EXPECT_EQ(m.get<u32>(kReadOnly - 12), 1u);
    EXPECT_EQ(m.get<u32>(kReadOnly - 8), 99u);
    EXPECT_EQ(m.get<u32>(kReadOnly - 4), 3u);
  }
}

// CR2 is the last byte to be written, as on Intel's processors.
TEST_F(MaskedMove, StoreThatFaultsWritesNothing) {
  m[kRdi] = kReadOnly - 8;
  set(0, kOld);
  set(2, {{kOn, kOn, kOn, 0, kOn, 0, 0, 0}});
  for (auto store : kStores) {
    EXPECT_EQ(m.fault(store), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, kReadOnly + 11);
    EXPECT_EQ(m.get<u64>(kReadOnly - 8), 0u);
  }
}

TEST_F(MaskedMove, OfBadAddresses) {
  m[kRdi] = m[kRsp] = kNonCanonical;
  set(2, {{0, 0, 0, 0, 0, 0, 0, kOn}});
  EXPECT_EQ(m.fault(kLoads[0]), Vector::kGeneralProtection);
  EXPECT_EQ(m.fault(kStores[1]), Vector::kGeneralProtection);
  EXPECT_EQ(m.fault({0xc4, 0xe2, 0x6d, 0x8e, 0x04, 0x24}), Vector::kStackFault);  // [rsp]
}

TEST_F(MaskedMove, QuadwordsTakeEveryOtherSign) {
  m[kRdi] = kData;
  m.put(kData, u64{0x11});
  m.put(kData + 8, u64{0x22});
  set(2, {{kOn, 0, 0, kOn, kOn, 0, 0, 0}});
  m.run({0xc4, 0xe2, 0xed, 0x8c, 0x07});  // vpmaskmovq ymm0, ymm2, [rdi]
  expect(0, {{0, 0, 0x22}});
}

TEST_F(MaskedMove, ShortLoadClearsTheUpperHalf) {
  m[kRdi] = kData;
  m.put(kData, u32{0x11});
  set(0, kOld);
  set(2, {{kOn, 0, 0, 0, kOn, kOn, kOn, kOn}});
  m.run({0xc4, 0xe2, 0x69, 0x8c, 0x07});  // vpmaskmovd xmm0, xmm2, [rdi]
  expect(0, {{0x11}});
}

// --- MASKMOVDQU
class Maskmovdqu : public MaskedMove {};

TEST_F(Maskmovdqu, WritesOnlySelectedBytes) {
  m[kRdi] = kData;
  m.cpu.xmm[0] = {0x0807060504030201, 0x100f0e0d0c0b0a09};
  m.cpu.xmm[1] = {0x8000000000000080, 0x00000000ff000000};
  m.run({0x66, 0x0f, 0xf7, 0xc1});
  for (u64 k = 0; k < 16; ++k) {
    EXPECT_EQ(m.get<u8>(kData + k), k == 0 || k == 7 || k == 11 ? k + 1 : 0);
  }
}

// The manual leaves it open; Intel's CPUs look at all sixteen bytes.
TEST_F(Maskmovdqu, MaskOfZerosCanFault) {
  for (u64 address : {kReadOnly - 8, kReadOnly, kUnmapped}) {
    m[kRdi] = address;
    EXPECT_EQ(m.fault({0x66, 0x0f, 0xf7, 0xc1}), Vector::kPageFault);
  }
}

}  // namespace
}  // namespace gantry::test

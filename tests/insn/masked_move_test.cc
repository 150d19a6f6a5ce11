// Masked moves: what the mask leaves out is neither written nor looked at.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

TEST(Maskmovdqu, WritesOnlySelectedBytes) {
  Machine m;
  m[kRdi] = kData;
  m.cpu.xmm[0] = {0x0807060504030201, 0x100f0e0d0c0b0a09};
  m.cpu.xmm[1] = {0x8000000000000080, 0x00000000ff000000};
  m.run({0x66, 0x0f, 0xf7, 0xc1});
  for (u64 k = 0; k < 16; ++k) {
    EXPECT_EQ(m.get<u8>(kData + k), k == 0 || k == 7 || k == 11 ? k + 1 : 0);
  }
}

// The manual leaves it open; CPUs look at all sixteen bytes.
TEST(Maskmovdqu, MaskOfZerosCanFault) {
  Machine m;
  for (u64 address : {kReadOnly - 8, kReadOnly, kUnmapped}) {
    m[kRdi] = address;
    EXPECT_EQ(m.fault({0x66, 0x0f, 0xf7, 0xc1}), Vector::kPageFault);
  }
}

}  // namespace
}  // namespace gantry::test

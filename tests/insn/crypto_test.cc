// AES and carry-less multiplication by the standards' own examples.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

TEST(Crypto, AesEncryptsTheExampleOfFips197) {
  // Appendix B, round 1: the state after the first key addition and round key 1.
  V128 state = V128::from<u8>({0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b, 0x9a, 0xc6, 0x8d,
                               0x2a, 0xe9, 0xf8, 0x48, 0x08});
  V128 key = V128::from<u8>({0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1, 0x23, 0xa3, 0x39, 0x39,
                             0x2a, 0x6c, 0x76, 0x05});
  V128 next = V128::from<u8>({0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b, 0x6b, 0x5b, 0xea,
                              0x43, 0x02, 0x6a, 0x50, 0x49});
  Machine m;
  m.cpu.xmm[0] = state;
  m.cpu.xmm[1] = key;
  m.run({0x66, 0x0f, 0x38, 0xdc, 0xc1});  // aesenc
  EXPECT_EQ(m.cpu.xmm[0], next);
}

TEST(Crypto, PclmulqdqMultipliesChosenHalves) {
  Machine m;
  m.cpu.xmm[0] = {0, 0x8000000000000001};
  m.cpu.xmm[1] = {0x8000000000000001, 0};
  m.run({0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x01});
  EXPECT_EQ(m.cpu.xmm[0], (V128{1, 0x4000000000000000}));
}

TEST(Crypto, PclmulqdqIgnoresTheOtherBitsOfItsSelector) {
  Machine m;
  m.cpu.xmm[0] = {3, 5};
  m.cpu.xmm[1] = {3, 5};
  m.run({0x66, 0x0f, 0x3a, 0x44, 0xc1, 0xee});  // as 0
  EXPECT_EQ(m.cpu.xmm[0], (V128{5, 0}));
}

}  // namespace
}  // namespace gantry::test

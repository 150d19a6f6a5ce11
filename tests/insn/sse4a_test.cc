// EXTRQ and INSERTQ, which Intel's CPUs do not have: the expectations are of AMD's manual alone
// (AMD64 Architecture Programmer's Manual, volume 4).
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

TEST(Extrq, FieldIsExtractedAndLengthZeroMeansAll) {
  Machine m;
  m.cpu.xmm[0] = {0x1122334455667788, 0};
  m.run({0x66, 0x0f, 0x78, 0xc0, 8, 16});  // extrq xmm0, 8, 16
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x66u);
  m.cpu.xmm[0] = {0x1122334455667788, 0};
  m.run({0x66, 0x0f, 0x78, 0xc0, 0, 0});
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x1122334455667788u);
}

TEST(Extrq, RegisterFormTakesLengthAndIndexFromTheSource) {
  Machine m;
  m.cpu.xmm[0] = {0x1122334455667788, 0};
  m.cpu.xmm[1] = {0xffffffffffffc000 | 40 << 8 | 4, 0};
  m.run({0x66, 0x0f, 0x79, 0xc1});  // extrq xmm0, xmm1
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x3u);
}

TEST(Insertq, FieldIsInserted) {
  Machine m;
  m.cpu.xmm[0] = {0x1122334455667788, 0};
  m.cpu.xmm[1] = {0xfff, 0};
  m.run({0xf2, 0x0f, 0x78, 0xc1, 8, 16});  // insertq xmm0, xmm1, 8, 16
  EXPECT_EQ(m.cpu.xmm[0].lo, 0x1122334455ff7788u);
}

TEST(Movntsd, StoresTheLowerHalf) {
  Machine m;
  m[kRbx] = kData + 3;
  m.cpu.xmm[0] = {0x1122334455667788, ~u64{0}};
  m.run({0xf2, 0x0f, 0x2b, 0x03});
  EXPECT_EQ(m.get<u64>(kData + 3), 0x1122334455667788u);
  EXPECT_EQ(m.get<u64>(kData + 11), 0u);
}

}  // namespace
}  // namespace gantry::test

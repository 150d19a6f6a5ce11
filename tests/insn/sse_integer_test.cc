// Vector integer instructions at the edges of their lanes.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

class SseInteger : public testing::Test {
 protected:
  void set(const V128& a, const V128& b) {
    m.cpu.xmm[0] = a;
    m.cpu.xmm[1] = b;
  }
  const V128& result() const { return m.cpu.xmm[0]; }
  Machine m;
};

TEST_F(SseInteger, ProductsOfTheMostNegativeWords) {
  V128 lowest = {0x8000800080008000, 0};
  set(lowest, lowest);
  m.run({0x66, 0x0f, 0xf5, 0xc1});  // pmaddwd wraps
  EXPECT_EQ(result(), (V128{0x8000000080000000, 0}));
  set(lowest, lowest);
  m.run({0x66, 0x0f, 0x38, 0x0b, 0xc1});  // pmulhrsw does too
  EXPECT_EQ(result(), lowest);
  set(lowest, lowest);
  m.run({0x66, 0x0f, 0xe5, 0xc1});  // pmulhw
  EXPECT_EQ(result(), (V128{0x4000400040004000, 0}));
}

TEST_F(SseInteger, PmaddubswSaturates) {
  set({0xffff, 0}, {0x7f7f, 0});
  m.run({0x66, 0x0f, 0x38, 0x04, 0xc1});
  EXPECT_EQ(result().lo, 0x7fffu);
  set({0xffff, 0}, {0x8080, 0});
  m.run({0x66, 0x0f, 0x38, 0x04, 0xc1});
  EXPECT_EQ(result().lo, 0x8000u);
}

TEST_F(SseInteger, ShiftCountsAreNotTakenModulo) {
  for (u64 count : {u64{16}, u64{17}, u64{1} << 32, ~u64{0}}) {
    set({0x8001ffff00017fff, 0}, {count, 0});
    m.run({0x66, 0x0f, 0xe1, 0xc1});  // psraw
    EXPECT_EQ(result(), (V128{0xffffffff00000000, 0}));
    m.run({0x66, 0x0f, 0xf1, 0xc1});  // psllw
    EXPECT_EQ(result(), V128{});
  }
}

TEST_F(SseInteger, ShiftCountIgnoresTheUpperQuadword) {
  set({1, 1}, {1, ~u64{0}});
  m.run({0x66, 0x0f, 0xf3, 0xc1});  // psllq
  EXPECT_EQ(result(), (V128{2, 2}));
}

TEST_F(SseInteger, ByteShiftOfSixteenOrMoreGivesZero) {
  for (u8 count : {16, 17, 255}) {
    set({~u64{0}, ~u64{0}}, {});
    m.run({0x66, 0x0f, 0x73, 0xf8, count});  // pslldq
    EXPECT_EQ(result(), V128{});
    set({~u64{0}, ~u64{0}}, {});
    m.run({0x66, 0x0f, 0x73, 0xd8, count});  // psrldq
    EXPECT_EQ(result(), V128{});
  }
}

TEST_F(SseInteger, PalignrBeyondBothOperandsIsZero) {
  set({~u64{0}, ~u64{0}}, {~u64{0}, ~u64{0}});
  m.run({0x66, 0x0f, 0x3a, 0x0f, 0xc1, 31});
  EXPECT_EQ(result(), (V128{0xff, 0}));
  m.run({0x66, 0x0f, 0x3a, 0x0f, 0xc1, 32});
  EXPECT_EQ(result(), V128{});
}

TEST_F(SseInteger, PsignAndPabsOfTheMostNegativeStay) {
  set({0x8080808080808080, 0}, {0x8080808080808080, 0});
  m.run({0x66, 0x0f, 0x38, 0x08, 0xc1});  // psignb
  EXPECT_EQ(result().lo, 0x8080808080808080u);
  m.run({0x66, 0x0f, 0x38, 0x1c, 0xc1});  // pabsb
  EXPECT_EQ(result().lo, 0x8080808080808080u);
}

TEST_F(SseInteger, PacksSaturateBySignAndSign) {
  set({0x7fff0080ff7f8000, 0}, {});
  m.run({0x66, 0x0f, 0x63, 0xc1});  // packsswb
  EXPECT_EQ(result().lo, 0x7f7f8080u);
  set({0x7fff00ffffff8000, 0}, {});
  m.run({0x66, 0x0f, 0x67, 0xc1});  // packuswb
  EXPECT_EQ(result().lo, 0xffff0000u);
  set({0x8000000000010000, 0x0000ffffffffffff}, {});
  m.run({0x66, 0x0f, 0x38, 0x2b, 0xc1});  // packusdw
  EXPECT_EQ(result().lo, 0xffff00000000ffffu);
}

TEST_F(SseInteger, PshufbTakesFourBitsOrZero) {
  set({0x0706050403020100, 0x0f0e0d0c0b0a0908}, {0x80ff7f101f0f8101, 0});
  m.run({0x66, 0x0f, 0x38, 0x00, 0xc1});
  EXPECT_EQ(result(), (V128{0x00000f000f0f0001, 0}));
}

TEST_F(SseInteger, PhminposuwGivesTheFirstOfEquals) {
  set({}, {0x0005000500070009, 0x0006000500080005});
  m.run({0x66, 0x0f, 0x38, 0x41, 0xc1});
  EXPECT_EQ(result(), (V128{0x00020005, 0}));
}

TEST_F(SseInteger, InsertAndExtractTakeTheIndexModuloTheLanes) {
  set({0x1111222233334444, 0x5555666677778888}, {});
  m.run({0x66, 0x0f, 0xc5, 0xc0, 0xff});  // pextrw eax, xmm0, 255
  EXPECT_EQ(m[kRax], 0x5555u);
  m.run({0x66, 0x0f, 0xc4, 0xc0, 0xf8});  // pinsrw xmm0, eax, 248
  EXPECT_EQ(result().lo, 0x1111222233335555u);
}

TEST_F(SseInteger, PtestOfDisjointAndContainedMasks) {
  set({0xf0, 0}, {0x0f, 0});
  m.set_flags(kStatusFlags);
  m.run({0x66, 0x0f, 0x38, 0x17, 0xc1});
  EXPECT_EQ(m.flags(), kZF);
  set({0xff, 0}, {0x0f, 0});
  m.run({0x66, 0x0f, 0x38, 0x17, 0xc1});
  EXPECT_EQ(m.flags(), kCF);
}

}  // namespace
}  // namespace gantry::test

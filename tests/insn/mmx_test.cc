// MMX registers are the x87's: what using them does to TOP, tags and exponents.
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

using guest::F80;

constexpr F80 kOne = {u64{1} << 63, 0x3fff};

class MmxTest : public testing::Test {
 protected:
  MmxTest() {
    m.cpu.x87.top = 5;
    m.cpu.x87.valid = 0x20;
    m.cpu.x87.st[5] = kOne;
    m[kRbx] = kData;
  }
  void expect_mmx_state() {
    EXPECT_EQ(m.cpu.x87.top, 0);
    EXPECT_EQ(m.cpu.x87.valid, 0xff);
  }
  void expect_x87_state() {
    EXPECT_EQ(m.cpu.x87.top, 5);
    EXPECT_EQ(m.cpu.x87.valid, 0x20);
  }
  Machine m;
};

TEST_F(MmxTest, WriteTakesOverTheStackAndSetsTheExponent) {
  m[kRax] = 0x11223344;
  m.run({0x0f, 0x6e, 0xd0});  // movd mm2, eax
  expect_mmx_state();
  EXPECT_EQ(m.cpu.x87.st[2], (F80{0x11223344, 0xffff}));
  EXPECT_EQ(m.cpu.x87.st[5], kOne);
}

TEST_F(MmxTest, ReadTakesOverTheStackAndKeepsTheExponent) {
  m.run({0x48, 0x0f, 0x7e, 0xe8});  // movq rax, mm5
  expect_mmx_state();
  EXPECT_EQ(m[kRax], kOne.significand);
  EXPECT_EQ(m.cpu.x87.st[5], kOne);
}

TEST_F(MmxTest, EmmsEmptiesTheRegisters) {
  m.run({0x0f, 0xef, 0xc0});  // pxor mm0, mm0
  m.run({0x0f, 0x77});        // emms
  EXPECT_EQ(m.cpu.x87.valid, 0);
  EXPECT_EQ(m.cpu.x87.top, 0);
}

TEST_F(MmxTest, LoadAfterMmxOverflowsTheStack) {
  m.run({0x0f, 0xef, 0xc0});
  m.run({0xd9, 0xe8});  // fld1
  EXPECT_EQ(m.st(0), (F80{u64{3} << 62, 0xffff}));
  EXPECT_EQ(m.status() & 0x241, 0x241);  // IE, SF, C1
}

TEST_F(MmxTest, ReadFromMemoryAloneIsATransition) {
  m.put(kData, u64{42});
  m.run({0x0f, 0x6f, 0x0b});  // movq mm1, [rbx]
  expect_mmx_state();
  EXPECT_EQ(m.cpu.x87.st[1].significand, 42u);
}

TEST_F(MmxTest, FaultOfAStoreIsAtItsAddress) {
  m[kRbx] = kReadOnly;
  EXPECT_EQ(m.fault({0x0f, 0x7f, 0x03}), Vector::kPageFault);  // movq [rbx], mm0
  EXPECT_EQ(m.cpu.fault.address, kReadOnly);
}

TEST_F(MmxTest, MovesToAndFromXmmAreTransitions) {
  m.cpu.xmm[1] = {7, 8};
  m.run({0xf2, 0x0f, 0xd6, 0xc1});  // movdq2q mm0, xmm1
  expect_mmx_state();
  EXPECT_EQ(m.cpu.x87.st[0], (F80{7, 0xffff}));
  m.cpu.x87.valid = 0;
  m.run({0xf3, 0x0f, 0xd6, 0xd0});  // movq2dq xmm2, mm0
  expect_mmx_state();
  EXPECT_EQ(m.cpu.xmm[2], (V128{7, 0}));
}

TEST_F(MmxTest, ConversionFromMemoryToDoublesIsNone) {
  m.put(kData, u64{0x0000000200000001});
  m.run({0x66, 0x0f, 0x2a, 0x03});  // cvtpi2pd xmm0, [rbx]
  expect_x87_state();
  EXPECT_EQ(m.cpu.xmm[0], (V128{0x3ff0000000000000, 0x4000000000000000}));
}

TEST_F(MmxTest, ConversionFromARegisterIsATransition) {
  m.run({0x66, 0x0f, 0x2a, 0xc0});  // cvtpi2pd xmm0, mm0
  expect_mmx_state();
}

TEST_F(MmxTest, PendingX87ExceptionComesFirst) {
  m.cpu.x87.control = 0x037b;  // zero divide
  m.cpu.x87.status = 0x8084;
  EXPECT_EQ(m.fault({0x0f, 0x6f, 0xc0}), Vector::kX87);  // movq mm0, mm0
  EXPECT_EQ(m.fault({0x0f, 0x77}), Vector::kX87);        // emms
  expect_x87_state();
}

TEST_F(MmxTest, RexDoesNotReachMoreRegisters) {
  m[kRax] = 9;
  m.run({0x4c, 0x0f, 0x6e, 0xc0});  // movq mm0, rax
  EXPECT_EQ(m.cpu.x87.st[0].significand, 9u);
}

TEST_F(MmxTest, MaskedStoreWritesSelectedBytes) {
  m[kRdi] = kData;
  m.cpu.x87.st[0] = {0x0807060504030201, 0xffff};
  m.cpu.x87.st[1] = {0x8000000000000080, 0xffff};
  m.run({0x0f, 0xf7, 0xc1});  // maskmovq mm0, mm1
  EXPECT_EQ(m.get<u64>(kData), 0x0800000000000001u);
}

TEST_F(MmxTest, FemmsIsNotThere) { EXPECT_EQ(m.fault({0x0f, 0x0e}), Vector::kInvalidOpcode); }

}  // namespace
}  // namespace gantry::test

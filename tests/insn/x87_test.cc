// x87 and its registers' other life as MMX.
#include <gtest/gtest.h>

#include "emulator/guest/fxsave.h"
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

using guest::F80;
using guest::Vector;

constexpr F80 kOne = {u64{1} << 63, 0x3fff};
constexpr F80 kDefaultNan = {u64{3} << 62, 0xffff};
constexpr u16 kInvalid = 1, kZeroDivide = 4, kPrecision = 32, kStackFault = 64, kPending = 0x8080;
constexpr u16 kC0 = 0x100, kC1 = 0x200, kC2 = 0x400, kC3 = 0x4000;
constexpr u16 kTop = 7 << 11;

class X87Test : public testing::Test {
 protected:
  void load(F80 value) {
    m.run({0xd9, 0xe8});  // fld1
    m.st(0) = value;
  }
  u16 flags() { return static_cast<u16>(m.status() & ~kTop); }
  Machine m;
};

TEST_F(X87Test, LoadOntoAFullStackGivesTheDefaultNan) {
  for (int k = 0; k < 9; ++k) EXPECT_EQ(m.run({0xd9, 0xe8}), kNoFault);
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid | kStackFault | kC1);
  EXPECT_EQ(m.cpu.x87.top, 7);
}

TEST_F(X87Test, UnderflowOfTheStackClearsC1) {
  m.run({0xd8, 0xc1});  // fadd st, st(1)
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid | kStackFault);
}

TEST_F(X87Test, UnmaskedExceptionWaitsForTheNextInstruction) {
  m.cpu.x87.control = 0x037f & ~kZeroDivide;
  load(kOne);
  m.run({0xd9, 0xee});                       // fldz
  EXPECT_EQ(m.run({0xde, 0xf9}), kNoFault);  // fdivp
  EXPECT_EQ(flags(), kZeroDivide | kPending);
  EXPECT_EQ(m.st(0), F80{});                           // neither divided nor popped
  EXPECT_EQ(m.run({0xdf, 0xe0}), kNoFault);            // fnstsw does not wait
  EXPECT_EQ(m.run({0xd9, 0xe8}), Vector::kX87);        // fld1 does
  EXPECT_EQ(m.run({0x9b}), Vector::kX87);              // fwait
  EXPECT_EQ(m.run({0x0f, 0x6f, 0xc0}), Vector::kX87);  // movq mm0, mm0
  EXPECT_EQ(m.run({0xdb, 0xe2}), kNoFault);            // fnclex
  EXPECT_EQ(m.run({0x9b}), kNoFault);
}

TEST_F(X87Test, PrecisionControlRoundsTheSignificandOnly) {
  m.cpu.x87.control = 0x007f;  // 24 bits
  load(kOne);
  load({(u64{1} << 63) + 1, 0x0001});
  m.run({0xd8, 0xc9});  // fmul st, st(1)
  EXPECT_EQ(m.st(0), (F80{u64{1} << 63, 0x0001}));
  EXPECT_EQ(flags(), kPrecision);
}

TEST_F(X87Test, FxamTellsTheKinds) {
  const std::pair<F80, u16> kinds[] = {
      {{1, 0x8000}, kC3 | kC2 | kC1}, {{}, kC3},   {{u64{1} << 63, 0x7fff}, kC2 | kC0},
      {{u64{3} << 62, 0x7fff}, kC0},  {kOne, kC2}, {{1, 0x3fff}, 0},  // unnormal: unsupported
  };
  for (auto [value, codes] : kinds) {
    load(value);
    m.run({0xd9, 0xe5});
    EXPECT_EQ(flags(), codes);
    m.run({0xdd, 0xd8});
  }
  m.run({0xd9, 0xe5});
  EXPECT_EQ(flags() & (kC3 | kC0), kC3 | kC0);  // empty
}

TEST_F(X87Test, FpremOfDistantOperandsIsPartial) {
  load({u64{3} << 62, 0x3fff});        // 1.5
  load({u64{1} << 63, 0x3fff + 200});  // 2^200
  m.run({0xd9, 0xf8});
  EXPECT_EQ(flags(), kC2);
  for (int k = 0; k < 8 && (flags() & kC2); ++k) m.run({0xd9, 0xf8});
  EXPECT_EQ(flags() & kC2, 0);
  EXPECT_EQ(m.st(0), kOne);  // 2^200 = 1 modulo 1.5
}

TEST_F(X87Test, FistpRoundsHalvesToEven) {
  s32 memory = 0;
  m.point_at(memory);
  load({u64{0xa} << 60, 0x4000});  // 2.5
  m.run({0xdb, 0x1f});
  EXPECT_EQ(memory, 2);
  EXPECT_EQ(flags(), kPrecision);
}

TEST_F(X87Test, FistpOutOfRangeStoresTheIntegerIndefinite) {
  s16 memory = 0;
  m.point_at(memory);
  load({u64{1} << 63, 0x3fff + 15});
  m.run({0xdf, 0x1f});
  EXPECT_EQ(memory, INT16_MIN);
  EXPECT_EQ(flags(), kInvalid);
}

TEST_F(X87Test, PackedDecimalRoundTrip) {
  u8 memory[10] = {};
  m.point_at(memory);
  load({123456789012345678ull << 7, 0xbfff + 56});
  m.run({0xdf, 0x37});  // fbstp
  const u8 expected[10] = {0x78, 0x56, 0x34, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12, 0x80};
  for (unsigned k = 0; k < 10; ++k) EXPECT_EQ(memory[k], expected[k]);
  m.run({0xdf, 0x27});  // fbld
  EXPECT_EQ(m.st(0), (F80{123456789012345678ull << 7, 0xbfff + 56}));
}

TEST_F(X87Test, TheLargerNanWinsWhateverTheOrder) {
  F80 small = {u64{3} << 62 | 1, 0x7fff}, large = {u64{3} << 62 | 2, 0xffff};
  load(small);
  load(large);
  m.run({0xd8, 0xc1});
  EXPECT_EQ(m.st(0), large);
  m.run({0xdd, 0xd8});
  load(large);
  m.run({0xd9, 0xc9});  // fxch
  m.run({0xd8, 0xc1});
  EXPECT_EQ(m.st(0), large);
}

TEST_F(X87Test, ConstantsFollowTheRoundingMode) {
  m.run({0xd9, 0xeb});
  EXPECT_EQ(m.st(0).significand, 0xc90fdaa22168c235u);
  m.cpu.x87.control = 0x0f7f;
  m.run({0xd9, 0xeb});
  EXPECT_EQ(m.st(0).significand, 0xc90fdaa22168c234u);
  EXPECT_EQ(flags(), 0);
}

TEST_F(X87Test, FnstenvMasksAllExceptionsAfterwards) {
  u8 memory[28] = {};
  m.point_at(memory);
  m.cpu.x87.control = 0x0340;
  m.run({0xd9, 0x37});
  EXPECT_EQ(memory[0], 0x40);
  EXPECT_EQ(m.cpu.x87.control, 0x037f);
}

// --- MMX
TEST_F(X87Test, MmxWritesTakeOverTheStack) {
  load(kOne);
  m.cpu.gpr[guest::kRax] = 0x11223344;
  m.run({0x0f, 0x6e, 0xd0});  // movd mm2, eax
  EXPECT_EQ(m.cpu.x87.top, 0);
  EXPECT_EQ(m.cpu.x87.valid, 0xff);
  EXPECT_EQ(m.cpu.x87.st[2], (F80{0x11223344, 0xffff}));
  m.run({0x0f, 0x77});  // emms
  EXPECT_EQ(m.cpu.x87.valid, 0);
}

TEST_F(X87Test, ReadingAnMmxRegisterDoesToo) {
  load(kOne);
  m.run({0x0f, 0x7e, 0xc0});  // movd eax, mm0
  EXPECT_EQ(m.cpu.x87.top, 0);
  EXPECT_EQ(m.cpu.x87.valid, 0xff);
}

TEST_F(X87Test, FxsaveHoldsTheStackInItsOwnOrder) {
  alignas(16) guest::FxsaveImage image = {};
  m.point_at(image);
  load(kOne);
  load({});
  m.run({0x48, 0x0f, 0xae, 0x07});
  EXPECT_EQ(image.tags, 0xc0);
  EXPECT_EQ(image.st[1].sign_exponent, kOne.sign_exponent);
  Machine other;
  other.point_at(image);
  other.run({0x48, 0x0f, 0xae, 0x0f});
  EXPECT_EQ(other.cpu.x87.top, 6);
  EXPECT_EQ(other.st(1), kOne);
}

}  // namespace
}  // namespace gantry::test

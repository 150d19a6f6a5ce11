// The x87 register stack, its exceptions, its environment in memory, and numbers at the edges.
#include <array>

#include "emulator/guest/fxsave.h"
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

using guest::F80;

constexpr F80 kZero = {};
constexpr F80 kOne = {u64{1} << 63, 0x3fff}, kMinusOne = {u64{1} << 63, 0xbfff};
constexpr F80 kDefaultNan = {u64{3} << 62, 0xffff};
constexpr F80 kInfinity = {u64{1} << 63, 0x7fff};
constexpr F80 integer(u64 value, bool negative = false) {
  auto shift = static_cast<unsigned>(__builtin_clzll(value));
  return {value << shift, static_cast<u16>((negative ? 0x8000 : 0) | (0x3fff + 63 - shift))};
}

// The status word, and the control word that masks everything.
enum : u16 {
  kInvalid = 1,
  kDenormal = 2,
  kZeroDivide = 4,
  kOverflow = 8,
  kUnderflow = 16,
  kPrecision = 32,
  kStackFault = 64,
  kPending = 0x8080,
  kC0 = 0x100,
  kC1 = 0x200,
  kC2 = 0x400,
  kC3 = 0x4000
};
constexpr u16 kTop = 7 << 11;
constexpr u16 kAllMasked = 0x037f;

class X87Test : public testing::Test {
 protected:
  X87Test() { m[kRdi] = kData; }

  void push(F80 value) {
    m.cpu.x87.top = (m.cpu.x87.top - 1) & 7;
    m.cpu.x87.valid |= static_cast<u8>(1 << m.cpu.x87.top);
    m.st(0) = value;
  }
  void fill() {
    for (u64 k = 8; k > 0; k--) push(integer(k));
  }
  bool empty(unsigned i) const { return !(m.cpu.x87.valid >> ((m.cpu.x87.top + i) & 7) & 1); }
  void unmask(u16 exceptions) { m.cpu.x87.control = static_cast<u16>(kAllMasked & ~exceptions); }
  void clear() { m.cpu.x87.status = 0; }
  u16 flags() const { return static_cast<u16>(m.status() & ~kTop); }
  Machine m;
};

// --- the stack
TEST_F(X87Test, LoadOntoAFullStackGivesTheDefaultNan) {
  fill();
  m.run({0xd9, 0xe8});  // fld1
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid | kStackFault | kC1);
  EXPECT_EQ(m.cpu.x87.top, 7);
}

TEST_F(X87Test, UnmaskedOverflowOfTheStackChangesNothingElse) {
  unmask(kInvalid);
  fill();
  m.run({0xd9, 0xe8});
  EXPECT_EQ(m.st(0), kOne);
  EXPECT_EQ(m.cpu.x87.top, 0);
  EXPECT_EQ(flags(), kInvalid | kStackFault | kC1 | kPending);
}

TEST_F(X87Test, UnderflowOfTheStackClearsC1) {
  m.cpu.x87.status = kC1;
  m.run({0xd8, 0xc1});  // fadd st, st(1)
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid | kStackFault);
}

TEST_F(X87Test, StoresOfAnEmptyRegisterAreIndefinite) {
  m.run({0xdb, 0x1f});  // fistp dword [rdi]
  EXPECT_EQ(m.get<u32>(kData), 0x80000000u);
  m.run({0xdd, 0x1f});  // fstp qword [rdi]
  EXPECT_EQ(m.get<u64>(kData), 0xfff8000000000000u);
  m.run({0xdf, 0x37});  // fbstp [rdi]
  EXPECT_EQ(m.get<u64>(kData + 2), 0xffffc00000000000u);
  EXPECT_EQ(flags(), kInvalid | kStackFault);
  EXPECT_EQ(m.cpu.x87.top, 3);
}

TEST_F(X87Test, UnmaskedUnderflowStoresNothingAndKeepsTheStack) {
  unmask(kInvalid);
  m.put(kData, u32{5});
  m.run({0xdb, 0x1f});
  EXPECT_EQ(m.get<u32>(kData), 5u);
  EXPECT_EQ(m.cpu.x87.top, 0);
  EXPECT_EQ(flags(), kInvalid | kStackFault | kPending);
}

TEST_F(X87Test, ExchangeWithAnEmptyRegisterFillsIt) {
  push(kOne);
  m.run({0xd9, 0xc9});  // fxch
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(m.st(1), kOne);
  EXPECT_FALSE(empty(1));
  EXPECT_EQ(flags(), kInvalid | kStackFault);
}

TEST_F(X87Test, RotationKeepsTags) {
  push(kOne);
  m.run({0xd9, 0xf7});  // fincstp
  EXPECT_EQ(m.cpu.x87.top, 0);
  EXPECT_TRUE(empty(0));
  m.run({0xd9, 0xf6});  // fdecstp
  EXPECT_FALSE(empty(0));
  m.run({0xdd, 0xc0});  // ffree st
  EXPECT_TRUE(empty(0));
  EXPECT_EQ(m.cpu.x87.top, 7);
  EXPECT_EQ(m.st(0), kOne);
}

TEST_F(X87Test, PopIntoAHigherRegisterCopiesFirst) {
  push(integer(5));
  m.run({0xdd, 0xda});  // fstp st(2)
  EXPECT_EQ(m.st(1), integer(5));
  EXPECT_FALSE(empty(1));
  EXPECT_TRUE(empty(0));
}

TEST_F(X87Test, ConditionalMoveOfAnEmptyRegister) {
  push(kOne);
  m.run({0xda, 0xc1});  // fcmovb st, st(1), not taken
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid | kStackFault);
}

TEST_F(X87Test, FninitEmptiesButKeepsTheNumbers) {
  push(kOne);
  m.cpu.x87.control = 0x0f00;
  m.run({0xdb, 0xe3});
  EXPECT_EQ(m.cpu.x87.control, kAllMasked);
  EXPECT_EQ(m.cpu.x87.valid, 0);
  EXPECT_EQ(m.cpu.x87.st[7], kOne);
}

// --- exceptions
TEST_F(X87Test, UnmaskedExceptionWaitsForTheNextInstruction) {
  unmask(kZeroDivide);
  push(kOne);
  push(kZero);
  m.run({0xde, 0xf9});  // fdivp
  EXPECT_EQ(flags(), kZeroDivide | kPending);
  EXPECT_EQ(m.st(0), kZero);                       // neither divided nor popped
  m.run({0xdf, 0xe0});                             // fnstsw does not wait
  EXPECT_EQ(m.fault({0xd9, 0xe8}), Vector::kX87);  // fld1 does
  EXPECT_EQ(m.fault({0x9b}), Vector::kX87);        // fwait
  EXPECT_EQ(m.fault({0xd9, 0x2f}), Vector::kX87);  // fldcw
  EXPECT_EQ(m.fault({0xd9, 0xd0}), Vector::kX87);  // fnop
  EXPECT_EQ(m.cpu.rip, kRip);
  m.run({0xd9, 0x3f});  // fnstcw does not
  m.run({0xdb, 0xe2});  // fnclex
  m.run({0x9b});
}

TEST_F(X87Test, ControlWordThatUnmasksAnOldFlagMakesItPending) {
  m.cpu.x87.status = kInvalid;
  m.put(kData, u16{0x037e});
  m.run({0xd9, 0x2f});  // fldcw
  EXPECT_EQ(flags(), kInvalid | kPending);
  EXPECT_EQ(m.fault({0x9b}), Vector::kX87);
}

TEST_F(X87Test, UnmaskedOverflowInARegisterWrapsTheExponent) {
  unmask(kOverflow);
  F80 large = {u64{1} << 63, 0x7ffe};
  push(large);
  m.run({0xd8, 0xc8});  // fmul st, st(0)
  // 2^16383 squared, divided by 2^24576.
  EXPECT_EQ(m.st(0), (F80{u64{1} << 63, 0x3fff + 2 * 16383 - 24576}));
  EXPECT_EQ(flags(), kOverflow | kPending);
}

TEST_F(X87Test, UnmaskedOverflowOfAStoreKeepsMemoryAndStack) {
  unmask(kOverflow);
  push({u64{1} << 63, 0x7ffe});
  m.put(kData, u32{5});
  m.run({0xd9, 0x1f});  // fstp dword [rdi]
  EXPECT_EQ(m.get<u32>(kData), 5u);
  EXPECT_EQ(m.cpu.x87.top, 7);
  EXPECT_EQ(flags(), kOverflow | kPending);
}

TEST_F(X87Test, UnmaskedPrecisionStoresAndPops) {
  unmask(kPrecision);
  push({(u64{1} << 63) + 1, 0x3fff});
  m.run({0xd9, 0x1f});
  EXPECT_EQ(m.get<u32>(kData), 0x3f800000u);
  EXPECT_EQ(m.cpu.x87.top, 0);
  EXPECT_EQ(flags(), kPrecision | kPending);
}

TEST_F(X87Test, FaultOfAStoreKeepsTheStack) {
  push(kOne);
  m[kRdi] = kReadOnly;
  EXPECT_EQ(m.fault({0xdd, 0x1f}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.x87.top, 7);
  EXPECT_FALSE(empty(0));
}

// --- rounding and kinds of numbers
TEST_F(X87Test, PrecisionControlRoundsTheSignificandOnly) {
  m.cpu.x87.control = 0x007f;  // 24 bits
  push(kOne);
  push({(u64{1} << 63) + 1, 0x0001});
  m.run({0xd8, 0xc9});  // fmul st, st(1)
  EXPECT_EQ(m.st(0), (F80{u64{1} << 63, 0x0001}));
  EXPECT_EQ(flags(), kPrecision);
}

TEST_F(X87Test, RoundingUpSetsC1) {
  push({u64{3} << 62 | 1, 0x3fff + 31});
  m.cpu.x87.control = kAllMasked | 0x800;  // up
  m.run({0xd9, 0xfc});                     // frndint
  EXPECT_EQ(flags(), kPrecision | kC1);
  m.st(0) = {u64{3} << 62 | 1, 0x3fff + 31};
  m.cpu.x87.control = kAllMasked | 0x400;  // down
  m.run({0xd9, 0xfc});
  EXPECT_EQ(flags(), kPrecision);
  EXPECT_EQ(m.st(0), (F80{u64{3} << 62, 0x3fff + 31}));
}

TEST_F(X87Test, FxamTellsTheKinds) {
  const std::pair<F80, u16> kinds[] = {
      {{1, 0x8000}, kC3 | kC2 | kC1}, {kZero, kC3},           {kInfinity, kC2 | kC0},
      {{u64{3} << 62, 0x7fff}, kC0},  {kMinusOne, kC2 | kC1}, {{1, 0x3fff}, 0},  // unnormal
  };
  for (auto [value, codes] : kinds) {
    push(value);
    m.run({0xd9, 0xe5});
    EXPECT_EQ(flags(), codes);
    m.run({0xdd, 0xd8});
  }
  m.run({0xd9, 0xe5});
  EXPECT_EQ(flags() & (kC3 | kC0), kC3 | kC0);  // empty
}

TEST_F(X87Test, UnnormalOperandIsInvalid) {
  push({1, 0x3fff});
  m.run({0xd8, 0xc0});
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid);
}

TEST_F(X87Test, TheLargerNanWinsWhateverTheOrder) {
  F80 small = {u64{3} << 62 | 1, 0x7fff}, large = {u64{3} << 62 | 2, 0xffff};
  push(small);
  push(large);
  m.run({0xd8, 0xc1});
  EXPECT_EQ(m.st(0), large);
  m.run({0xdd, 0xd8});
  push(large);
  m.run({0xd9, 0xc9});  // fxch
  m.run({0xd8, 0xc1});
  EXPECT_EQ(m.st(0), large);
}

TEST_F(X87Test, ConstantsFollowTheRoundingMode) {
  m.run({0xd9, 0xeb});  // fldpi
  EXPECT_EQ(m.st(0).significand, 0xc90fdaa22168c235u);
  m.cpu.x87.control = 0x0f7f;
  m.run({0xd9, 0xeb});
  EXPECT_EQ(m.st(0).significand, 0xc90fdaa22168c234u);
  EXPECT_EQ(flags(), 0);
}

TEST_F(X87Test, LoadsOfDenormalsAndSignalingNans) {
  m.put(kData, u32{1});
  m.run({0xd9, 0x07});  // fld dword [rdi]
  EXPECT_EQ(m.st(0), (F80{u64{1} << 63, 0x3fff - 149}));
  EXPECT_EQ(flags(), kDenormal);
  clear();
  m.put(kData, u32{0x7f800001});
  m.run({0xd9, 0x07});
  EXPECT_EQ(m.st(0), (F80{0xc000010000000000, 0x7fff}));
  EXPECT_EQ(flags(), kInvalid);
  clear();
  m.put(kData, F80{u64{1} << 63 | 1, 0x7fff});
  m.run({0xdb, 0x2f});  // fld tbyte [rdi] takes what is there
  EXPECT_EQ(m.st(0), (F80{u64{1} << 63 | 1, 0x7fff}));
  EXPECT_EQ(flags(), 0);
}

TEST_F(X87Test, FxtractAndFscaleOfZeroAndInfinity) {
  push(kZero);
  m.run({0xd9, 0xf4});  // fxtract
  EXPECT_EQ(m.st(0), kZero);
  EXPECT_EQ(m.st(1), (F80{u64{1} << 63, 0xffff}));
  EXPECT_EQ(flags(), kZeroDivide);
  clear();
  push(kInfinity);
  m.run({0xd9, 0xf4});
  EXPECT_EQ(m.st(0), kInfinity);
  EXPECT_EQ(m.st(1), kInfinity);
  m.st(0) = kZero;
  m.run({0xd9, 0xfd});  // fscale: zero by infinity
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid);
}

// --- comparison
TEST_F(X87Test, ComparisonsOfQuietNans) {
  push(kDefaultNan);
  m.run({0xdd, 0xe0});  // fucom st(0)
  EXPECT_EQ(flags(), kC0 | kC2 | kC3);
  m.run({0xd8, 0xd0});  // fcom st(0)
  EXPECT_EQ(flags(), kC0 | kC2 | kC3 | kInvalid);
  clear();
  m.run({0xdb, 0xe8});  // fucomi
  EXPECT_EQ(m.flags(), kZF | kPF | kCF);
  EXPECT_EQ(flags(), 0);
  m.run({0xdb, 0xf0});  // fcomi
  EXPECT_EQ(flags(), kInvalid);
}

// --- integers and packed decimals in memory
TEST_F(X87Test, FistpRoundsHalvesByTheMode) {
  const u16 expected[] = {2, 2, 3, 2};
  for (u16 mode = 0; mode < 4; mode++) {
    clear();
    m.cpu.x87.control = static_cast<u16>(kAllMasked | mode << 10);
    push({u64{0xa} << 60, 0x4000});  // 2.5
    m.run({0xdf, 0x1f});             // fistp word [rdi]
    EXPECT_EQ(m.get<u16>(kData), expected[mode]);
    EXPECT_EQ(flags(), mode == 2 ? kPrecision | kC1 : kPrecision);
  }
}

TEST_F(X87Test, FisttpTruncatesInEachMode) {
  m.cpu.x87.control = kAllMasked | 0x800;
  push({u64{0xa} << 60, 0x4000});
  m.run({0xdf, 0x0f});  // fisttp word [rdi]
  EXPECT_EQ(m.get<u16>(kData), 2);
  EXPECT_EQ(flags(), kPrecision);
}

TEST_F(X87Test, FistpOutOfRangeStoresTheIntegerIndefinite) {
  push(integer(0x8000));
  m.run({0xdf, 0x1f});
  EXPECT_EQ(m.get<u16>(kData), 0x8000);
  EXPECT_EQ(flags(), kInvalid);
  clear();
  push(integer(0x8000, true));
  m.run({0xdf, 0x1f});
  EXPECT_EQ(m.get<u16>(kData), 0x8000);
  EXPECT_EQ(flags(), 0);
}

using Decimal = std::array<u8, 10>;
constexpr Decimal kDecimalIndefinite = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff};

TEST_F(X87Test, PackedDecimalRoundTrip) {
  F80 value = integer(123456789012345678, true);
  push(value);
  m.run({0xdf, 0x37});  // fbstp
  EXPECT_EQ(m.get<Decimal>(kData),
            (Decimal{0x78, 0x56, 0x34, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12, 0x80}));
  m.run({0xdf, 0x27});  // fbld
  EXPECT_EQ(m.st(0), value);
}

TEST_F(X87Test, LargestPackedDecimalAndTheNext) {
  push(integer(999999999999999999));
  m.run({0xdf, 0x37});
  EXPECT_EQ(m.get<Decimal>(kData),
            (Decimal{0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0}));
  EXPECT_EQ(flags(), 0);
  push(integer(1000000000000000000));
  m.run({0xdf, 0x37});
  EXPECT_EQ(m.get<Decimal>(kData), kDecimalIndefinite);
  EXPECT_EQ(flags(), kInvalid);
}

TEST_F(X87Test, PackedDecimalOfNanAndMinusZeroAndAHalf) {
  push(kInfinity);
  m.run({0xdf, 0x37});
  EXPECT_EQ(m.get<Decimal>(kData), kDecimalIndefinite);
  clear();
  push({0, 0x8000});
  m.run({0xdf, 0x37});
  EXPECT_EQ(m.get<Decimal>(kData), (Decimal{0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}));
  push({u64{1} << 63, 0x3ffe});
  m.run({0xdf, 0x37});
  EXPECT_EQ(m.get<Decimal>(kData), Decimal{});
  EXPECT_EQ(flags(), kPrecision);
}

// --- remainders
TEST_F(X87Test, FpremLeavesThreeBitsOfTheQuotient) {
  const std::pair<u64, u16> cases[] = {{29, kC0 | kC3 | kC1},  // 7 and 1
                                       {13, kC3 | kC1},        // 3
                                       {17, kC0},              // 4
                                       {33, 0}};               // 8
  for (auto [dividend, codes] : cases) {
    push(integer(4));
    push(integer(dividend));
    m.run({0xd9, 0xf8});  // fprem
    EXPECT_EQ(m.st(0), kOne);
    EXPECT_EQ(flags(), codes);
    m.cpu.x87.valid = 0;
  }
}

TEST_F(X87Test, Fprem1RoundsTheQuotientToNearest) {
  push(integer(4));
  push(integer(31));
  m.run({0xd9, 0xf5});  // fprem1: 8 and -1
  EXPECT_EQ(m.st(0), kMinusOne);
  EXPECT_EQ(flags(), 0);
  m.st(0) = integer(6);
  m.run({0xd9, 0xf5});  // half way: 2 and -2
  EXPECT_EQ(m.st(0), integer(2, true));
  EXPECT_EQ(flags(), kC3);
}

TEST_F(X87Test, FpremOfDistantOperandsIsPartial) {
  push({u64{3} << 62, 0x3fff});        // 1.5
  push({u64{1} << 63, 0x3fff + 200});  // 2^200
  m.run({0xd9, 0xf8});
  EXPECT_EQ(flags(), kC2);
  for (int k = 0; k < 8 && (flags() & kC2); ++k) m.run({0xd9, 0xf8});
  EXPECT_EQ(flags() & kC2, 0);
  EXPECT_EQ(m.st(0), kOne);  // 2^200 = 1 modulo 1.5
}

TEST_F(X87Test, FpremByZeroAndByInfinity) {
  push(kZero);
  push(kOne);
  m.run({0xd9, 0xf8});
  EXPECT_EQ(m.st(0), kDefaultNan);
  EXPECT_EQ(flags(), kInvalid);
  clear();
  m.st(0) = kOne;
  m.st(1) = kInfinity;
  m.run({0xd9, 0xf8});
  EXPECT_EQ(m.st(0), kOne);
  EXPECT_EQ(flags(), 0);
}

// --- environment and state in memory
TEST_F(X87Test, EnvironmentMasksAllExceptionsAfterwards) {
  m.cpu.x87.control = 0x0340;
  m.run({0xd9, 0x37});  // fnstenv
  EXPECT_EQ(m.get<u16>(kData), 0x0340);
  EXPECT_EQ(m.cpu.x87.control, kAllMasked);
}

TEST_F(X87Test, EnvironmentOf28And14Bytes) {
  push(kInfinity);
  push(kZero);
  push(kOne);
  constexpr u16 kTags = 1 << 12 | 2 << 14 | 0x3ff;  // valid, zero, special, five empty
  m.run({0xd9, 0x37});
  EXPECT_EQ(m.get<u32>(kData), 0xffff0000u | kAllMasked);
  EXPECT_EQ(m.get<u32>(kData + 4), 0xffff0000u | 5 << 11);
  EXPECT_EQ(m.get<u32>(kData + 8), 0xffff0000u | kTags);
  m.put(kData + 14, u16{0x5555});
  m.run({0x66, 0xd9, 0x37});
  EXPECT_EQ(m.get<u16>(kData), kAllMasked);
  EXPECT_EQ(m.get<u16>(kData + 2), 5 << 11);
  EXPECT_EQ(m.get<u16>(kData + 4), kTags);
  EXPECT_EQ(m.get<u16>(kData + 14), 0x5555);
}

TEST_F(X87Test, LoadedEnvironmentBringsTopTagsAndPendingExceptions) {
  m.put(kData, u32{0x037e});
  m.put(kData + 4, u32{3 << 11 | kInvalid});
  m.put(kData + 8, u32{0xfcff});  // register 4 alone
  m.run({0xd9, 0x27});            // fldenv
  EXPECT_EQ(m.cpu.x87.top, 3);
  EXPECT_EQ(m.cpu.x87.valid, 0x10);
  EXPECT_EQ(flags(), kInvalid | kPending);
  EXPECT_EQ(m.fault({0x9b}), Vector::kX87);
}

TEST_F(X87Test, SaveAndRestoreOf108And94Bytes) {
  for (bool narrow : {false, true}) {
    m.cpu.x87 = {};
    push(integer(7));
    push(kMinusOne);
    u64 registers = kData + (narrow ? 14 : 28);
    narrow ? m.run({0x66, 0xdd, 0x37}) : m.run({0xdd, 0x37});  // fnsave
    EXPECT_EQ(m.cpu.x87.valid, 0);
    EXPECT_EQ(m.cpu.x87.top, 0);
    EXPECT_EQ(m.get<u64>(registers), kMinusOne.significand);
    EXPECT_EQ(m.get<u16>(registers + 8), kMinusOne.sign_exponent);
    EXPECT_EQ(m.get<u64>(registers + 10), integer(7).significand);
    narrow ? m.run({0x66, 0xdd, 0x27}) : m.run({0xdd, 0x27});  // frstor
    EXPECT_EQ(m.cpu.x87.top, 6);
    EXPECT_EQ(m.st(0), kMinusOne);
    EXPECT_EQ(m.st(1), integer(7));
    EXPECT_EQ(m.cpu.x87.valid, 0xc0);
  }
}

TEST_F(X87Test, FxsaveHoldsTheStackInItsOwnOrder) {
  push(kOne);
  push(kZero);
  m.run({0x48, 0x0f, 0xae, 0x07});
  auto image = m.get<guest::FxsaveImage>(kData);
  EXPECT_EQ(image.tags, 0xc0);
  EXPECT_EQ(image.st[1].sign_exponent, kOne.sign_exponent);
  m.cpu.x87 = {};
  m.run({0x48, 0x0f, 0xae, 0x0f});
  EXPECT_EQ(m.cpu.x87.top, 6);
  EXPECT_EQ(m.st(1), kOne);
}

}  // namespace
}  // namespace gantry::test

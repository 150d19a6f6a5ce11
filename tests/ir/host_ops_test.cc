// What hosts do in one operation against the steps of x86: SHA-256 by four rounds at a time, AES
// with the key first.
#include <random>
#include <vector>

#include "emulator/interp/ir_evaluator.h"
#include "tests/ir/translate_all.h"

namespace gantry::ir {
namespace {

constexpr Emit::HostOps kHost = {
    .four_sha256_rounds = true, .aes_key_first = true, .owes_vectors = true};

constexpr Code kFirst = {0x0f, 0x38, 0xcb, 0xd1};        // sha256rnds2 xmm2, xmm1
constexpr Code kUpper = {0x66, 0x0f, 0x70, 0xc0, 0x0e};  // pshufd xmm0, xmm0, 0x0e
constexpr Code kSecond = {0x0f, 0x38, 0xcb, 0xca};       // sha256rnds2 xmm1, xmm2
constexpr Code kWords = {0x66, 0x0f, 0xfe, 0xc3};        // paddd xmm0, xmm3
// What must not be taken for it: another word, other state.
constexpr Code kLower = {0x66, 0x0f, 0x70, 0xc0, 0x04};  // pshufd xmm0, xmm0, 0x04
constexpr Code kState = {0x66, 0x0f, 0xfe, 0xcb};        // paddd xmm1, xmm3

unsigned calls(const Unit& unit) {
  return static_cast<unsigned>(std::count_if(unit.code.begin(), unit.code.end(),
                                             [](const Inst& i) { return i.op == Op::kApplyVec; }));
}

// The code as operations of the host.
Unit expect_same_unit(const std::vector<Code>& codes) {
  Unit plain = translate_all(codes), fused = translate_all(codes, nullptr, kHost);
  std::mt19937_64 random(7);
  guest::Cpu expected;
  for (guest::V128& xmm : expected.xmm) xmm = {random(), random()};
  alignas(16) u8 memory[32] = {1, 2, 3};
  expected.gpr[5] = reinterpret_cast<u64>(memory);
  guest::Cpu actual = expected;
  interp::evaluate(plain, expected);
  interp::evaluate(fused, actual);
  EXPECT_TRUE(std::equal(expected.xmm, expected.xmm + 16, actual.xmm)) << print(fused);
  return fused;
}
// The calls in it, and those whose results are of use.
unsigned expect_same(const std::vector<Code>& codes) { return calls(expect_same_unit(codes)); }
unsigned expect_useful(const std::vector<Code>& codes) {
  Unit unit = expect_same_unit(codes);
  std::vector<bool> used(unit.code.size());
  unsigned count = 0;
  for (std::size_t n = unit.code.size(); n-- > 0;) {
    const Inst& i = unit.code[n];
    if (info(i.op).effects == kPure && !used[n]) continue;
    count += i.op == Op::kApplyVec;
    for (Value v : i.arg) {
      if (v != kNoValue) used[v] = true;
    }
  }
  return count;
}

TEST(Sha256, ASecondHalfTakesWhatTheFirstHasComputed) {
  EXPECT_EQ(expect_same({kFirst}), 5u);
  EXPECT_EQ(expect_same({kFirst, kUpper, kSecond}), 7u);
}

TEST(Sha256, TheStateStaysInTheHostsForm) {
  std::vector<Code> codes = {kFirst, kUpper, kSecond};
  for (unsigned n = 1; n < 4; n++) {
    codes.insert(codes.end(), {kWords, kFirst, kUpper, kSecond});
    // A sum, the words' upper half, twice two steps of what is new.
    EXPECT_EQ(expect_same(codes), 7 + n * 6);
  }
}

TEST(Sha256, OtherWordsOrStateAreNoSecondHalf) {
  EXPECT_EQ(expect_same({kFirst, kSecond}), 10u);
  EXPECT_EQ(expect_same({kFirst, kLower, kSecond}), 11u);
  EXPECT_EQ(expect_same({kFirst, kUpper, kState, kSecond}), 12u);
  EXPECT_EQ(expect_same({kFirst, kUpper, kSecond, kState, kWords, kFirst}), 14u);
}

TEST(Sha256, TheNextWordsTakeOneCall) {
  static constexpr Code kCopy = {0x66, 0x0f, 0x6f, 0xfe};               // movdqa xmm7, xmm6
  static constexpr Code kAlign = {0x66, 0x0f, 0x3a, 0x0f, 0xfd, 0x04};  // palignr xmm7, xmm5, 4
  static constexpr Code kByFive = {0x66, 0x0f, 0x3a, 0x0f, 0xfd, 0x05};
  static constexpr Code kAdd = {0x66, 0x0f, 0xfe, 0xdf};      // paddd xmm3, xmm7
  static constexpr Code kMessage = {0x0f, 0x38, 0xcd, 0xde};  // sha256msg2 xmm3, xmm6
  static constexpr Code kOther = {0x0f, 0x38, 0xcd, 0xdd};    // sha256msg2 xmm3, xmm5
  static constexpr Code kForget = {0x66, 0x0f, 0x6f, 0xf8};   // movdqa xmm7, xmm0
  EXPECT_EQ(expect_useful({kCopy, kAlign, kAdd, kMessage, kForget}), 1u);
  EXPECT_EQ(expect_useful({kCopy, kByFive, kAdd, kMessage, kForget}), 3u);
  EXPECT_EQ(expect_useful({kCopy, kAlign, kAdd, kOther, kForget}), 3u);
}

unsigned owed(const std::vector<Code>& codes) {
  Unit unit = expect_same_unit(codes);
  auto is = [](const Inst& i) { return i.op == Op::kOweXmm; };
  EXPECT_EQ(static_cast<std::size_t>(std::count_if(unit.code.begin(), unit.code.end(), is)),
            unit.owed.size());
  return static_cast<unsigned>(unit.owed.size());
}

TEST(Owed, IsWhatOnlyAFaultSees) {
  static constexpr Code kAdd = {0x66, 0x0f, 0xfe, 0xc1};         // paddd xmm0, xmm1
  static constexpr Code kUse = {0x66, 0x0f, 0xfe, 0xd0};         // paddd xmm2, xmm0
  static constexpr Code kLoad = {0xf3, 0x0f, 0x6f, 0x45, 0x00};  // movdqu xmm0, [rbp]
  static constexpr Code kLoadAligned = {0x66, 0x0f, 0x6f, 0x45,
                                        0x00};  // movdqa looks at the address first
  static constexpr Code kStore = {0xf3, 0x0f, 0x7f, 0x4d, 0x10};  // movdqu [rbp+16], xmm1
  static constexpr Code kSet = {0x66, 0x0f, 0x6f, 0xc3};          // movdqa xmm0, xmm3
  EXPECT_EQ(owed({kAdd, kLoad}), 1u);
  EXPECT_EQ(owed({kAdd, kStore, kSet}), 1u);
  EXPECT_EQ(owed({kAdd, kLoad, kAdd, kLoad}), 2u);
  EXPECT_EQ(owed({kAdd, kStore}), 0u);
  EXPECT_EQ(owed({kAdd, kSet}), 0u);
  EXPECT_EQ(owed({kAdd, kUse, kLoad}), 0u);
  EXPECT_EQ(owed({kAdd, kLoadAligned}), 0u);
}

TEST(Aes, ARoundTakesTheKeyOfTheOneBefore) {
  static constexpr Code kWhiten = {0x66, 0x0f, 0xef, 0xca};             // pxor xmm1, xmm2
  static constexpr Code kEncrypt = {0x66, 0x0f, 0x38, 0xdc, 0xcb};      // aesenc xmm1, xmm3
  static constexpr Code kEncryptLast = {0x66, 0x0f, 0x38, 0xdd, 0xcc};  // aesenclast xmm1, xmm4
  static constexpr Code kDecrypt = {0x66, 0x0f, 0x38, 0xde, 0xcb};      // aesdec xmm1, xmm3
  static constexpr Code kDecryptLast = {0x66, 0x0f, 0x38, 0xdf, 0xcc};  // aesdeclast xmm1, xmm4
  EXPECT_EQ(expect_useful({kEncrypt}), 2u);
  EXPECT_EQ(expect_useful({kWhiten, kEncrypt, kEncrypt, kEncryptLast}), 4u);
  EXPECT_EQ(expect_useful({kWhiten, kDecrypt, kDecrypt, kDecryptLast}), 4u);
}

}  // namespace
}  // namespace gantry::ir

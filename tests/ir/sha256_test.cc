// SHA-256 by four rounds at a time against the same by two.
#include <random>
#include <vector>

#include "emulator/interp/ir_evaluator.h"
#include "tests/ir/translate_all.h"

namespace gantry::ir {
namespace {

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

// The calls that remain of the code.
unsigned expect_same(const std::vector<Code>& codes) {
  Unit plain = translate_all(codes), fused = translate_all(codes, nullptr, {true});
  std::mt19937_64 random(7);
  guest::Cpu expected;
  for (guest::V128& xmm : expected.xmm) xmm = {random(), random()};
  guest::Cpu actual = expected;
  interp::evaluate(plain, expected);
  interp::evaluate(fused, actual);
  EXPECT_TRUE(std::equal(expected.xmm, expected.xmm + 16, actual.xmm)) << print(fused);
  return calls(fused);
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

}  // namespace
}  // namespace gantry::ir

// What is found is what decoding gives.
#include "emulator/interp/step_cache.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "emulator/x86/decoder.h"
#include "tests/ir/random_insn.h"

namespace gantry::interp {
namespace {

constexpr u64 kRip = 0x401000;

struct Code {
  u8 bytes[40];

  explicit Code(ir::RandomInsns& random) {
    for (u8& byte : bytes) byte = static_cast<u8>(random.number());
  }
  bool decode(u64 rip, Step& step) const {
    if (x86::decode(bytes, rip, step.insn) != x86::DecodeStatus::kOk) return false;
    step.handler = handler_for(step.insn);
    return true;
  }
};

bool operator==(const Step& a, const Step& b) { return a.handler == b.handler && a.insn == b.insn; }

TEST(StepCache, FindsWhatDecodingGives) {
  ir::RandomInsns random(11);
  StepCache cache;
  unsigned found = 0, decoded = 0;
  for (unsigned round = 0; round < 400'000; round++) {
    Code code(random);
    // Opcodes in two bytes are as frequent as the others.
    unsigned at = 0;
    if (random.number() % 2) code.bytes[at++] = 0x40 | (random.number() & 15);
    if (random.number() % 2) code.bytes[at++] = 0x0f;
    Step first, expected, step;
    if (!code.decode(kRip, first)) continue;
    cache.note(code.bytes, first);
    Code other(random);
    std::copy(code.bytes, code.bytes + first.insn.head, other.bytes);
    u64 rip = kRip + random.number() % 4096;
    ASSERT_TRUE(other.decode(rip, expected));
    decoded++;
    if (!cache.find(other.bytes, rip, step)) continue;
    found++;
    ASSERT_TRUE(step == expected) << x86::disassemble(expected.insn);
  }
  EXPECT_GT(found, decoded * 9 / 10);
}

TEST(StepCache, KnowsNothingAtFirst) {
  StepCache cache;
  Step step;
  const u8 zeros[StepCache::kReadAhead] = {};
  EXPECT_FALSE(cache.find(zeros, kRip, step));
}

// Of all that was noted, in any order, nothing is taken for something else.
TEST(StepCache, TellsInstructionsApart) {
  ir::RandomInsns random(12);
  StepCache cache;
  for (unsigned round = 0; round < 400'000; round++) {
    Code code(random);
    Step expected, step;
    if (!code.decode(kRip, expected)) continue;
    if (cache.find(code.bytes, kRip, step)) {
      ASSERT_TRUE(step == expected) << x86::disassemble(expected.insn);
    }
    cache.note(code.bytes, expected);
  }
}

}  // namespace
}  // namespace gantry::interp

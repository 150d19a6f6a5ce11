// The comparison itself: a host that can be asked is asked, and differences are seen.
#include "tests/insn/hardware.h"

#include "emulator/x86/decoder.h"
#include "tests/insn/machine.h"
#include "tests/oracle/emulated.h"

namespace gantry::test {
namespace {

TEST(Hardware, TellsWhatDiffers) {
  static oracle::Case c;
  static oracle::Outcome outcome;
  Machine prepared;
  constexpr u8 kNop[] = {0x90};
  c.bytes[0] = kNop[0];
  c.state.rip = kRip;
  ASSERT_EQ(x86::decode(kNop, kRip, c.insn), x86::DecodeStatus::kOk);
  bool asked = run_on_hardware(c);
#if defined(__x86_64__)
  ASSERT_TRUE(asked);
#endif
  if (!asked) GTEST_SKIP() << "the host is no x86-64 CPU";
  oracle::run_emulated(c, outcome);
  EXPECT_EQ(differences_from_hardware(c, outcome), "");
  outcome.state.gpr[kRbx] ^= 1;
  EXPECT_EQ(differences_from_hardware(c, outcome), "rbx: cpu 0, eval 1");
  outcome.state.gpr[kRbx] ^= 1;
  outcome.data[oracle::kDataSize - 8] = 5;
  EXPECT_EQ(differences_from_hardware(c, outcome), "[10001ff8]: cpu 0, eval 5");
}

}  // namespace
}  // namespace gantry::test

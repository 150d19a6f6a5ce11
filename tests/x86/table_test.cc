// What must hold of the table and of the decoder as a whole.
#include <random>

#include "tests/x86/decode_test.h"

namespace gantry::x86 {
namespace {

// With fewer bytes than the instruction has, the answer is "truncated"; with exactly as many it is
// the same as with more.
TEST(Decoder, NeedsExactlyTheBytesOfTheInstruction) {
  std::mt19937 random(7);
  for (unsigned round = 0; round < 200'000; round++) {
    u8 code[64];
    for (u8& byte : code) byte = static_cast<u8>(random());
    Insn insn, other;
    if (decode(code, kRip, insn) != DecodeStatus::kOk) continue;
    std::span<const u8> bytes(code);
    ASSERT_EQ(decode(bytes.first(insn.length), kRip, other), DecodeStatus::kOk);
    ASSERT_TRUE(insn == other) << disassemble(insn);
    for (unsigned size = 0; size < insn.length; size++) {
      ASSERT_EQ(decode(bytes.first(size), kRip, other), DecodeStatus::kTruncated)
          << disassemble(insn);
    }
  }
}

TEST(OpcodeTable, MnemonicsAreLowerCase) {
  for (unsigned row = 0; row < opcodes().size(); row++) {
    std::string name = row_mnemonic(row);
    EXPECT_FALSE(name.empty()) << row;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/"), std::string::npos)
        << name;
  }
}

TEST(OpcodeTable, LockableRowsWriteTheirFirstOperand) {
  for (const Opcode& row : opcodes()) {
    if (!(row.attributes & kLockable)) continue;
    EXPECT_TRUE(row.op[0].method == Method::kE || row.op[0].method == Method::kM)
        << int{row.opcode};
  }
}

TEST(OpcodeTable, OnlyVexRowsUseVvvv) {
  for (const Opcode& row : opcodes()) {
    if (row.attributes & kUsesVvvv) {
      EXPECT_GE(row.map, Map::kV0F) << int{row.opcode};
    }
  }
}

}  // namespace
}  // namespace gantry::x86

// EFLAGS.AC: which accesses must be aligned (SDM vol. 3, table 6-7).
#include "emulator/interp/alignment.h"

#include <gtest/gtest.h>

#include "emulator/x86/decoder.h"
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

using guest::kRbp;
using guest::kRcx;
using guest::kRdi;
using guest::kRsi;
using guest::kRsp;

class Alignment : public testing::Test {
 protected:
  // The lowest power of two whose multiples are good for `reg`, up to 16.
  unsigned needed(guest::Gpr reg, std::initializer_list<u8> bytes) {
    u8 code[x86::kMaxInsnLength + 1] = {};
    std::copy(bytes.begin(), bytes.end(), code);
    x86::Insn insn;
    EXPECT_EQ(x86::decode(code, 0, insn), x86::DecodeStatus::kOk);
    unsigned alignment = 16;
    while (alignment > 1) {
      machine.cpu.gpr[reg] = reinterpret_cast<u64>(memory) + 64 + alignment / 2;
      if (interp::alignment_fault(machine.cpu, insn)) break;
      alignment /= 2;
    }
    return alignment;
  }

  alignas(64) u8 memory[256] = {};
  Machine machine;
};

TEST_F(Alignment, FollowsTheWidthOfTheOperand) {
  EXPECT_EQ(needed(kRdi, {0x8a, 0x07}), 1u);        // mov al, [rdi]
  EXPECT_EQ(needed(kRdi, {0x66, 0x8b, 0x07}), 2u);  // mov ax, [rdi]
  EXPECT_EQ(needed(kRdi, {0x89, 0x07}), 4u);        // mov [rdi], eax
  EXPECT_EQ(needed(kRdi, {0x48, 0x01, 0x07}), 8u);  // add [rdi], rax
}

TEST_F(Alignment, IsNotCheckedForVectors) {
  EXPECT_EQ(needed(kRdi, {0x0f, 0x10, 0x07}), 1u);              // movups xmm0, [rdi]
  EXPECT_EQ(needed(kRdi, {0xc5, 0xfc, 0x10, 0x07}), 1u);        // vmovups ymm0, [rdi]
  EXPECT_EQ(needed(kRdi, {0xf2, 0x0f, 0x10, 0x07}), 8u);        // movsd xmm0, [rdi]
  EXPECT_EQ(needed(kRdi, {0xc4, 0xe2, 0x79, 0x13, 0x07}), 1u);  // vcvtph2ps xmm0, [rdi]
}

TEST_F(Alignment, IsNotCheckedWithoutAnAccess) {
  EXPECT_EQ(needed(kRdi, {0x48, 0x8d, 0x07}), 1u);  // lea rax, [rdi]
  EXPECT_EQ(needed(kRdi, {0x0f, 0x18, 0x0f}), 1u);  // prefetcht0 [rdi]
  EXPECT_EQ(needed(kRdi, {0x0f, 0x1f, 0x07}), 1u);  // nop [rdi]
}

TEST_F(Alignment, OfX87OperandsAndAreas) {
  EXPECT_EQ(needed(kRdi, {0xdb, 0x2f}), 8u);        // fld tbyte [rdi]
  EXPECT_EQ(needed(kRdi, {0xd9, 0x37}), 4u);        // fnstenv [rdi]
  EXPECT_EQ(needed(kRdi, {0x66, 0xd9, 0x37}), 2u);  // fnstenv [rdi], 14 bytes
  EXPECT_EQ(needed(kRdi, {0x0f, 0xae, 0x07}), 4u);  // fxsave [rdi]; the rest is #GP
}

TEST_F(Alignment, OfAnX87StoreThatDoesNotHappen) {
  EXPECT_EQ(needed(kRdi, {0xd9, 0x1f}), 4u);  // fstp dword [rdi]: a NaN for the empty register
  machine.cpu.x87.control = 0x037e;           // unmasked
  EXPECT_EQ(needed(kRdi, {0xd9, 0x1f}), 1u);
}

TEST_F(Alignment, OfTheStack) {
  EXPECT_EQ(needed(kRsp, {0x50}), 8u);            // push rax
  EXPECT_EQ(needed(kRsp, {0x66, 0x50}), 2u);      // push ax
  EXPECT_EQ(needed(kRsp, {0xc3}), 8u);            // ret
  EXPECT_EQ(needed(kRsp, {0x0f, 0xa1}), 2u);      // pop fs: the selector alone
  EXPECT_EQ(needed(kRbp, {0xc9}), 8u);            // leave
  EXPECT_EQ(needed(kRsp, {0xc8, 1, 0, 0}), 16u);  // enter 1, 0: the new top is never aligned
}

TEST_F(Alignment, OfStrings) {
  machine.cpu.gpr[kRcx] = 1;
  machine.cpu.gpr[kRsi] = reinterpret_cast<u64>(memory);
  EXPECT_EQ(needed(kRdi, {0xa5}), 4u);              // movsd
  EXPECT_EQ(needed(kRdi, {0xf3, 0x48, 0xab}), 8u);  // rep stosq
  machine.cpu.gpr[kRcx] = 0;
  EXPECT_EQ(needed(kRdi, {0xf3, 0x48, 0xab}), 1u);
}

TEST_F(Alignment, OfABitTestFollowsItsIndex) {
  machine.cpu.gpr[guest::kRax] = 8;
  EXPECT_EQ(needed(kRdi, {0x0f, 0xa3, 0x07}), 4u);  // bt [rdi], eax
}

}  // namespace
}  // namespace gantry::test

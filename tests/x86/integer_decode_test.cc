// Prefixes, ModRM and operands of general-purpose instructions.
#include "tests/x86/decode_test.h"

namespace gantry::x86 {
namespace {

TEST(Decode, AddEvGv) {
  Insn insn = decoded({0x01, 0xc8});
  EXPECT_EQ(insn.width, 4);
  expect_operand(insn.op[0], OperandKind::kGpr, 0, 4);
  expect_operand(insn.op[1], OperandKind::kGpr, 1, 4);
  expect_operand(insn.op[2], OperandKind::kNone, 0, 0);
}

TEST(Decode, AddEvGvWithRexW) {
  Insn insn = decoded({0x4d, 0x01, 0xc8});
  EXPECT_EQ(insn.width, 8);
  expect_operand(insn.op[0], OperandKind::kGpr, 8, 8);
  expect_operand(insn.op[1], OperandKind::kGpr, 9, 8);
  EXPECT_EQ(insn.prefixes, kPrefixRex | kPrefixRexW);
}

TEST(Decode, RexWBeatsOperandSizePrefix) { EXPECT_EQ(decoded({0x66, 0x48, 0x01, 0xc8}).width, 8); }

TEST(Decode, RexCountsOnlyBeforeTheOpcode) {
  EXPECT_EQ(decoded({0x48, 0x66, 0x01, 0xc8}).width, 2);
  EXPECT_EQ(text_of({0x48, 0x2e, 0x01, 0xc8}), "add eax, ecx");
}

TEST(Decode, LastRepeatPrefixCounts) {
  EXPECT_EQ(text_of({0xf2, 0xf3, 0xa4}), "rep movsb");
  EXPECT_EQ(text_of({0xf3, 0xf2, 0xa6}), "repne cmpsb");
  EXPECT_EQ(text_of({0xf3, 0xa6}), "repe cmpsb");
}

TEST(Decode, HighByteRegistersWithoutRex) {
  expect_operand(decoded({0x88, 0xe0}).op[1], OperandKind::kHighByte, 0, 1);
  expect_operand(decoded({0x40, 0x88, 0xe0}).op[1], OperandKind::kGpr, 4, 1);
  EXPECT_EQ(text_of({0xb7, 0x01}), "mov bh, 0x1");
}

TEST(Decode, ByteFormsHaveWidthOne) {
  EXPECT_EQ(decoded({0x88, 0xc1}).width, 1);
  EXPECT_EQ(decoded({0xa4}).width, 1);
  EXPECT_EQ(decoded({0x0f, 0x94, 0xc0}).width, 1);
  EXPECT_EQ(decoded({0x0f, 0xb6, 0xc1}).width, 4);
}

TEST(Decode, ImmediatesAreExtended) {
  EXPECT_EQ(decoded({0x83, 0xc0, 0xff}).imm, ~u64{0});
  EXPECT_EQ(decoded({0x48, 0x05, 0, 0, 0, 0x80}).imm, 0xffffffff80000000);
  EXPECT_EQ(decoded({0xc1, 0xe0, 0xff}).imm, 0xffu);
  EXPECT_EQ(decoded({0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}).imm, 0x0807060504030201u);
  EXPECT_EQ(decoded({0x66, 0xb8, 1, 2}).imm, 0x0201u);
}

TEST(Decode, ShiftByOne) {
  Insn insn = decoded({0xd1, 0xe0});
  expect_operand(insn.op[1], OperandKind::kImmediate, 0, 1);
  EXPECT_EQ(insn.imm, 1u);
}

TEST(Decode, SibForms) {
  EXPECT_EQ(text_of({0x8b, 0x44, 0x88, 0xfe}), "mov eax, dword ptr [rax+rcx*4-0x2]");
  EXPECT_EQ(text_of({0x8b, 0x04, 0x24}), "mov eax, dword ptr [rsp]");
  EXPECT_EQ(text_of({0x42, 0x8b, 0x04, 0x20}), "mov eax, dword ptr [rax+r12]");
  EXPECT_EQ(text_of({0x8b, 0x04, 0x25, 0x78, 0x56, 0x34, 0x12}), "mov eax, dword ptr [0x12345678]");
  EXPECT_EQ(text_of({0x41, 0x8b, 0x45, 0x00}), "mov eax, dword ptr [r13]");
}

TEST(Decode, RipRelativeIsAbsolute) {
  Insn insn = decoded({0x8b, 0x05, 0x10, 0, 0, 0});
  EXPECT_TRUE(insn.mem.rip_relative);
  EXPECT_EQ(insn.mem.disp, static_cast<s64>(kRip + 6 + 0x10));
  EXPECT_EQ(insn.mem.base, kNoRegister);
}

TEST(Decode, RipRelativeCountsFromAfterTheImmediate) {
  EXPECT_EQ(decoded({0xc7, 0x05, 0, 0, 0, 0, 1, 2, 3, 4}).mem.disp, static_cast<s64>(kRip + 10));
}

TEST(Decode, AddressSizePrefixTruncatesRipRelative) {
  Insn insn;
  u8 code[] = {0x67, 0x8b, 0x05, 0, 0, 0, 0};
  ASSERT_EQ(decode(code, 0x7fffffff1000, insn), DecodeStatus::kOk);
  EXPECT_EQ(insn.mem.disp, 0xffff1007);
  EXPECT_EQ(insn.mem.address_width, 4);
}

TEST(Decode, SegmentOverrides) {
  EXPECT_EQ(text_of({0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0}), "mov rax, qword ptr fs:[0x28]");
  EXPECT_EQ(decoded({0x65, 0xa4}).mem.segment, 5);
  EXPECT_EQ(decoded({0x2e, 0x8b, 0x00}).mem.segment, kNoRegister);
  EXPECT_EQ(decoded({0x64, 0x2e, 0x8b, 0x00}).mem.segment, 4);
}

TEST(Decode, LeaHasNoSegment) { EXPECT_EQ(text_of({0x64, 0x8d, 0x00}), "lea eax, [rax]"); }

TEST(Decode, MoffsHasEightOrFourBytes) {
  EXPECT_EQ(decoded({0xa1, 1, 2, 3, 4, 5, 6, 7, 8}).mem.disp, 0x0807060504030201);
  EXPECT_EQ(decoded({0x67, 0xa1, 1, 2, 3, 0x84}).mem.disp, 0x84030201);
}

TEST(Decode, NearBranchesAre64BitWhateverThePrefix) {
  EXPECT_EQ(decoded({0xe8, 0xfb, 0xff, 0xff, 0xff}).imm, kRip);
  Insn insn = decoded({0x66, 0xe8, 0, 0, 0, 0});
  EXPECT_EQ(insn.width, 8);
  EXPECT_EQ(insn.imm, kRip + 6);
  EXPECT_EQ(decoded({0x74, 0xfe}).condition(), Condition::kE);
}

TEST(Decode, PushAndPopAre64BitByDefault) {
  EXPECT_EQ(text_of({0x50}), "push rax");
  EXPECT_EQ(text_of({0x66, 0x50}), "push ax");
  EXPECT_EQ(text_of({0x6a, 0xff}), "push 0xffffffffffffffff");
}

TEST(Decode, EnterHasTwoImmediates) {
  Insn insn = decoded({0xc8, 0x34, 0x12, 0x05});
  EXPECT_EQ(insn.imm, 0x1234u);
  EXPECT_EQ(insn.imm2, 5);
  EXPECT_EQ(insn.op[1].kind, OperandKind::kImmediate2);
}

TEST(Decode, NopIsXchgUnderRexB) {
  EXPECT_EQ(text_of({0x90}), "nop");
  EXPECT_EQ(text_of({0x48, 0x90}), "nop");
  EXPECT_EQ(text_of({0x41, 0x90}), "xchg r8d, eax");
  EXPECT_EQ(text_of({0xf3, 0x90}), "pause");
}

TEST(Decode, LockNeedsALockableInstructionAndMemory) {
  EXPECT_EQ(text_of({0xf0, 0x48, 0x01, 0x08}), "lock add qword ptr [rax], rcx");
  EXPECT_EQ(status_of({0xf0, 0x48, 0x01, 0xc8}), DecodeStatus::kInvalid);
  EXPECT_EQ(status_of({0xf0, 0x03, 0x08}), DecodeStatus::kInvalid);
  EXPECT_EQ(status_of({0xf0, 0x39, 0x08}), DecodeStatus::kInvalid);
}

TEST(Decode, MandatoryPrefixesSelectTheInstruction) {
  EXPECT_EQ(text_of({0x0f, 0xbc, 0xc1}), "bsf eax, ecx");
  EXPECT_EQ(text_of({0xf3, 0x0f, 0xbc, 0xc1}), "tzcnt eax, ecx");
  EXPECT_EQ(text_of({0x66, 0xf3, 0x0f, 0xb8, 0xc1}), "popcnt ax, cx");
  EXPECT_EQ(text_of({0xf3, 0x0f, 0x1e, 0xfa}), "endbr64");
}

TEST(Decode, MnemonicsByOperandSize) {
  EXPECT_EQ(text_of({0x66, 0x98}), "cbw");
  EXPECT_EQ(text_of({0x98}), "cwde");
  EXPECT_EQ(text_of({0x48, 0x98}), "cdqe");
  EXPECT_EQ(text_of({0x48, 0x0f, 0xc7, 0x0c, 0x24}), "cmpxchg16b xmmword ptr [rsp]");
}

TEST(Decode, ControlRegistersThatDoNotExist) {
  EXPECT_EQ(text_of({0x0f, 0x20, 0xd8}), "mov rax, cr3");
  EXPECT_EQ(status_of({0x0f, 0x20, 0xc8}), DecodeStatus::kInvalid);
  EXPECT_EQ(status_of({0x44, 0x0f, 0x21, 0xc0}), DecodeStatus::kInvalid);
}

TEST(Decode, InvalidIn64BitMode) {
  for (u8 opcode : {0x06, 0x0e, 0x16, 0x27, 0x37, 0x3f, 0x60, 0x82, 0x9a, 0xce, 0xd6, 0xea}) {
    EXPECT_EQ(status_of({opcode, 0xc0, 0, 0, 0, 0, 0, 0}), DecodeStatus::kInvalid) << int{opcode};
  }
}

TEST(Decode, EvexAndXopAreRefused) {
  EXPECT_EQ(status_of({0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0}), DecodeStatus::kInvalid);
  EXPECT_EQ(status_of({0x8f, 0xe9, 0x78, 0x01, 0xc8}), DecodeStatus::kInvalid);
  EXPECT_EQ(text_of({0x8f, 0xc0}), "pop rax");
}

TEST(Decode, PrivilegedInstructionsHaveRows) {
  Insn insn = decoded({0xf4});
  EXPECT_TRUE(opcodes()[insn.row].attributes & kPrivileged);
  EXPECT_EQ(disassemble(insn), "hlt");
}

TEST(Decode, WhatEndsABlock) {
  EXPECT_TRUE(decoded({0xc3}).ends_block);
  EXPECT_TRUE(decoded({0xf3, 0xa4}).ends_block);
  EXPECT_FALSE(decoded({0xa4}).ends_block);
  EXPECT_FALSE(decoded({0xf3, 0x0f, 0x58, 0xc1}).ends_block);
}

TEST(Decode, FifteenBytesAreTheLimit) {
  std::vector<u8> code(14, 0x66);
  code.push_back(0x90);
  EXPECT_EQ(status_of(code), DecodeStatus::kOk);
  code.insert(code.begin(), 0x66);
  EXPECT_EQ(status_of(code), DecodeStatus::kTooLong);
  EXPECT_EQ(status_of(std::vector<u8>(64, 0x66)), DecodeStatus::kTooLong);
}

TEST(Decode, TruncatedInstructions) {
  EXPECT_EQ(status_of({}), DecodeStatus::kTruncated);
  EXPECT_EQ(status_of({0x66, 0x48}), DecodeStatus::kTruncated);
  EXPECT_EQ(status_of({0x0f}), DecodeStatus::kTruncated);
  EXPECT_EQ(status_of({0x81, 0x05, 0, 0, 0, 0, 1, 2, 3}), DecodeStatus::kTruncated);
}

}  // namespace
}  // namespace gantry::x86

// x87, MMX, SSE and VEX encodings.
#include "tests/x86/decode_test.h"

namespace gantry::x86 {
namespace {

TEST(DecodeX87, TheDestinationComesFirst) {
  EXPECT_EQ(text_of({0xd8, 0xc1}), "fadd st(0), st(1)");
  EXPECT_EQ(text_of({0xdc, 0xc1}), "fadd st(1), st(0)");
  EXPECT_EQ(text_of({0xd8, 0x00}), "fadd st(0), dword ptr [rax]");
  EXPECT_EQ(text_of({0xdb, 0x28}), "fld tbyte ptr [rax]");
}

TEST(DecodeX87, WholeModRmBytes) {
  EXPECT_EQ(text_of({0xd9, 0xe8}), "fld1");
  EXPECT_EQ(text_of({0xdf, 0xe0}), "fnstsw ax");
  EXPECT_EQ(status_of({0xd9, 0xe2}), DecodeStatus::kInvalid);
}

TEST(DecodeX87, EnvironmentSizeFollowsOperandSize) {
  EXPECT_EQ(decoded({0xd9, 0x20}).op[0].width, 28);
  EXPECT_EQ(decoded({0x66, 0xd9, 0x20}).op[0].width, 14);
}

TEST(DecodeSse, ScalarOperandsHaveWidthsOfTheirOwn) {
  Insn insn = decoded({0xf3, 0x0f, 0x10, 0x00});
  EXPECT_EQ(insn.width, 16);
  expect_operand(insn.op[0], OperandKind::kXmm, 0, 16);
  expect_operand(insn.op[1], OperandKind::kMemory, 0, 4);
}

TEST(DecodeSse, F2AndF3Hide66) {
  EXPECT_EQ(text_of({0x66, 0xf2, 0x0f, 0x58, 0xc1}), "addsd xmm0, xmm1");
  EXPECT_EQ(text_of({0x66, 0x0f, 0x58, 0xc1}), "addpd xmm0, xmm1");
}

TEST(DecodeSse, IntegerOperandsFollowRexW) {
  EXPECT_EQ(text_of({0xf2, 0x0f, 0x2a, 0xc0}), "cvtsi2sd xmm0, eax");
  EXPECT_EQ(text_of({0xf2, 0x48, 0x0f, 0x2a, 0xc0}), "cvtsi2sd xmm0, rax");
  EXPECT_EQ(text_of({0x66, 0x48, 0x0f, 0x7e, 0xc0}), "movq rax, xmm0");
  EXPECT_EQ(text_of({0x66, 0x0f, 0xc4, 0x00, 0x01}), "pinsrw xmm0, word ptr [rax], 0x1");
}

TEST(DecodeSse, MmxRegistersIgnoreRex) {
  EXPECT_EQ(text_of({0x4f, 0x0f, 0x6f, 0xc1}), "movq mm0, mm1");
  EXPECT_EQ(text_of({0x4f, 0x66, 0x0f, 0x6f, 0xc1}), "movdqa xmm0, xmm1");
}

TEST(DecodeSse, Aligned) {
  EXPECT_TRUE(decoded({0x0f, 0x58, 0x00}).aligned);
  EXPECT_FALSE(decoded({0x0f, 0x10, 0x00}).aligned);
}

TEST(DecodeSse, ImplicitXmm0IsAnOperand) {
  Insn insn = decoded({0x66, 0x0f, 0x38, 0x10, 0xc1});
  expect_operand(insn.op[2], OperandKind::kXmm, 0, 16);
}

TEST(DecodeVex, VectorLength) {
  EXPECT_EQ(text_of({0xc5, 0xf8, 0x58, 0xc1}), "vaddps xmm0, xmm0, xmm1");
  EXPECT_EQ(text_of({0xc5, 0xfc, 0x58, 0x00}), "vaddps ymm0, ymm0, ymmword ptr [rax]");
  EXPECT_EQ(decoded({0xc5, 0xfc, 0x58, 0xc1}).width, 32);
}

TEST(DecodeVex, HalfOfTheVector) {
  EXPECT_EQ(text_of({0xc4, 0xe2, 0x7d, 0x30, 0x00}), "vpmovzxbw ymm0, xmmword ptr [rax]");
  EXPECT_EQ(text_of({0xc4, 0xe2, 0x7d, 0x31, 0x00}), "vpmovzxbd ymm0, qword ptr [rax]");
}

TEST(DecodeVex, UnusedVvvvMustBeOnes) {
  EXPECT_EQ(text_of({0xc5, 0xf8, 0x28, 0xc1}), "vmovaps xmm0, xmm1");
  EXPECT_EQ(status_of({0xc5, 0xf0, 0x28, 0xc1}), DecodeStatus::kInvalid);
}

TEST(DecodeVex, NoPrefixesBefore) {
  for (u8 prefix : {0x66, 0xf2, 0xf3, 0xf0, 0x48}) {
    EXPECT_EQ(status_of({prefix, 0xc5, 0xf8, 0x28, 0xc1}), DecodeStatus::kInvalid) << int{prefix};
  }
  EXPECT_EQ(text_of({0x64, 0xc5, 0xf8, 0x28, 0x00}), "vmovaps xmm0, xmmword ptr fs:[rax]");
}

TEST(DecodeVex, FourOperands) {
  EXPECT_EQ(text_of({0xc4, 0xe3, 0x71, 0x4a, 0xc2, 0x30}), "vblendvps xmm0, xmm1, xmm2, xmm3");
}

TEST(DecodeVex, GeneralRegisters) {
  Insn insn = decoded({0xc4, 0xe2, 0xf0, 0xf2, 0xc2});
  EXPECT_EQ(insn.width, 8);
  EXPECT_EQ(disassemble(insn), "andn rax, rcx, rdx");
}

TEST(DecodeVex, GathersNeedDistinctRegisters) {
  EXPECT_EQ(text_of({0xc4, 0xe2, 0x71, 0x92, 0x04, 0x50}),
            "vgatherdps xmm0, dword ptr [rax+xmm2*2], xmm1");
  EXPECT_EQ(text_of({0xc4, 0xe2, 0xf5, 0x92, 0x04, 0x50}),
            "vgatherdpd ymm0, qword ptr [rax+xmm2*2], ymm1");
  EXPECT_EQ(status_of({0xc4, 0xe2, 0x79, 0x92, 0x04, 0x50}), DecodeStatus::kInvalid);
  EXPECT_EQ(status_of({0xc4, 0xe2, 0x71, 0x92, 0x00}), DecodeStatus::kInvalid);
}

}  // namespace
}  // namespace gantry::x86

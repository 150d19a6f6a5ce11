// What instructions become in IR, the verifier's rules, and folding. That every row's IR means the
// same as the CPU's instruction is the oracle's business (tests/oracle, --ir).
#include "emulator/ir/ir.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "emulator/interp/ir_evaluator.h"
#include "emulator/ir/emit.h"
#include "tests/ir/translate_all.h"

namespace gantry::ir {
namespace {

unsigned count(const Unit& unit, Op op) {
  unsigned n = 0;
  for (const Inst& inst : unit.code) n += inst.op == op;
  return n;
}

TEST(Emit, AddReadsComputesWritesAndSetsFlags) {
  EXPECT_EQ(print(translate_all({{0x48, 0x01, 0xd8}})),
            "0x1000: add rax, rbx\n"
            "  %1 = GetGpr.8 #3\n"
            "  %2 = GetGpr.8 #0\n"
            "  %3 = Add.8 %2, %1\n"
            "  SetGpr.8 #0 %3\n"
            "  %5 = FlagsOf.8 #1 %2, %1, %3\n"
            "  SetFlags %5\n");
}

TEST(Emit, RegistersAreReadOnceAUnit) {
  // mov rcx, rax; add rcx, rax; mov rdx, rcx
  Unit unit = translate_all({{0x48, 0x89, 0xc1}, {0x48, 0x01, 0xc1}, {0x48, 0x89, 0xca}});
  EXPECT_EQ(count(unit, Op::kGetGpr), 1u);
  EXPECT_EQ(count(unit, Op::kSetGpr), 2u);
}

TEST(Emit, FloatingPointLeavesWhatIsKnownOfRegisters) {
  // addsd xmm0, xmm1; addsd xmm0, xmm1
  Unit unit = translate_all({{0xf2, 0x0f, 0x58, 0xc1}, {0xf2, 0x0f, 0x58, 0xc1}});
  EXPECT_EQ(count(unit, Op::kGetXmm), 2u);
  EXPECT_EQ(count(unit, Op::kApplyFloatVec), 2u);
}

TEST(Emit, FloatingPointOn32BytesIsAnOperationForEachHalf) {
  // vfmadd213pd ymm0, ymm1, ymm2
  Unit unit = translate_all({{0xc4, 0xe2, 0xf5, 0xa8, 0xc2}});
  std::vector<Inst> halves;
  for (const Inst& inst : unit.code) {
    if (inst.op == Op::kApplyFloatVec) halves.push_back(inst);
  }
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(halves[0].aux, 0);
  EXPECT_EQ(halves[1].aux, 1);
  EXPECT_EQ(count(unit, Op::kGetHigh), 3u);
  for (Value v : halves[0].arg) EXPECT_LT(v, unit.code.size());
}

TEST(Emit, AConditionReadsTheFlagsOfTheCompareBefore) {
  // cmp eax, ecx; jb +0
  Unit unit = translate_all({{0x39, 0xc8}, {0x72, 0x00}});
  EXPECT_EQ(count(unit, Op::kGetFlags), 0u);
  EXPECT_EQ(count(unit, Op::kTestFlags), 1u);
  EXPECT_EQ(count(unit, Op::kBranch), 1u);
}

TEST(Emit, FlagsThatNobodyReadsAreNotMade) {
  auto translate_before = [](Code code, u16 live_flags) {
    u8 bytes[x86::kMaxInsnLength + 1] = {};
    std::copy(code.begin(), code.end(), bytes);
    x86::Insn insn;
    EXPECT_EQ(x86::decode(bytes, 0x1000, insn), x86::DecodeStatus::kOk);
    Unit unit;
    Emit emit(unit);
    EXPECT_TRUE(translate(insn, unit, emit, {}, live_flags));
    EXPECT_EQ(verify(unit), "");
    return unit;
  };
  // add eax, ecx
  EXPECT_EQ(count(translate_before({0x01, 0xc8}, guest::kZF), Op::kSetFlags), 1u);
  Unit add = translate_before({0x01, 0xc8}, 0);
  EXPECT_EQ(count(add, Op::kFlagsOf) + count(add, Op::kSetFlags), 0u);
  EXPECT_EQ(add.code.back().op, Op::kSetGpr);
  // cmp eax, ecx: nor what they would be made of
  EXPECT_EQ(count(translate_before({0x39, 0xc8}, guest::kZF), Op::kSub), 1u);
  EXPECT_EQ(count(translate_before({0x39, 0xc8}, 0), Op::kSub), 0u);
  // shl eax, cl: set if the count is not zero
  EXPECT_EQ(count(translate_before({0xd3, 0xe0}, guest::kCF), Op::kFlagsSelect), 1u);
  EXPECT_EQ(count(translate_before({0xd3, 0xe0}, 0), Op::kSetFlags), 0u);
}

TEST(Emit, ARegisterThatIsWrittenTwiceIsWrittenOnce) {
  // mov eax, 1; mov eax, 2
  EXPECT_EQ(count(translate_all({{0xb8, 1, 0, 0, 0}, {0xb8, 2, 0, 0, 0}}), Op::kSetGpr), 1u);
  // xorps xmm0, xmm0; movaps xmm0, xmm1
  EXPECT_EQ(count(translate_all({{0x0f, 0x57, 0xc0}, {0x0f, 0x28, 0xc1}}), Op::kSetXmm), 1u);
}

TEST(Emit, ARegisterIsWrittenBeforeWhatMayFault) {
  // mov eax, 1; mov ecx, [rbx]; mov eax, 2
  Unit unit = translate_all({{0xb8, 1, 0, 0, 0}, {0x8b, 0x0b}, {0xb8, 2, 0, 0, 0}});
  EXPECT_EQ(count(unit, Op::kSetGpr), 3u);
}

TEST(Emit, ARegisterIsWrittenBeforeABodyThatMayNotRun) {
  Unit unit;
  Emit emit(unit);
  auto condition = emit.is_zero(emit.gpr(0));
  emit.set_gpr(1, 8, emit.imm(1));
  emit.when(condition, [&] { emit.set_gpr(1, 8, emit.imm(2)); });
  emit.end();
  EXPECT_EQ(count(unit, Op::kSetGpr), 2u);
}

TEST(Emit, ARegisterIsWrittenBeforeWhatTheInterpreterExecutes) {
  // mov eax, ecx; bswap eax, which is rejected; mov eax, 2; mov eax, 3
  Unit unit = translate_all({{0x89, 0xc8}, {0x0f, 0xc8}, {0xb8, 2, 0, 0, 0}, {0xb8, 3, 0, 0, 0}},
                            [](const Unit&, const Inst& inst) { return inst.op != Op::kBswap; });
  EXPECT_EQ(count(unit, Op::kInterpret), 1u);
  EXPECT_EQ(count(unit, Op::kSetGpr), 2u);
  // And what it held before is known there.
  ASSERT_EQ(unit.barriers.size(), 1u);
  EXPECT_EQ(unit.code[unit.barriers[0].gpr[0]].op, Op::kZext);
}

TEST(Emit, AddressesOfConstantPartsFold) {
  // mov eax, [rbx]: no addition of a zero displacement or segment base
  EXPECT_EQ(count(translate_all({{0x8b, 0x03}}), Op::kAdd), 0u);
  // mov eax, [rbx + rcx * 4 + 16]
  EXPECT_EQ(count(translate_all({{0x8b, 0x44, 0x8b, 0x10}}), Op::kAdd), 2u);
}

TEST(Emit, A32BitResultIsNotExtendedAgain) {
  // add eax, ecx; mov edx, eax
  Unit unit = translate_all({{0x01, 0xc8}, {0x89, 0xc2}});
  EXPECT_EQ(count(unit, Op::kZext), 2u);  // of the two registers as they came
}

TEST(Emit, ReadsOfOneRegisterAreOneValue) {
  // xor eax, eax; sub cl, cl
  Unit unit = translate_all({{0x31, 0xc0}, {0x28, 0xc9}});
  EXPECT_EQ(count(unit, Op::kXor) + count(unit, Op::kSub), 0u);
  // test edx, edx
  EXPECT_EQ(count(translate_all({{0x85, 0xd2}}), Op::kAnd), 0u);
  // test edx, eax
  EXPECT_EQ(count(translate_all({{0x85, 0xc2}}), Op::kAnd), 1u);
}

TEST(Emit, WhatWasInsertedIsReadWithoutTheRest) {
  // sete al; movzx eax, al
  Unit unit = translate_all({{0x0f, 0x94, 0xc0}, {0x0f, 0xb6, 0xc0}});
  EXPECT_EQ(count(unit, Op::kZext), 0u);
  // sete al; movzx eax, ax
  EXPECT_EQ(count(translate_all({{0x0f, 0x94, 0xc0}, {0x0f, 0xb7, 0xc0}}), Op::kZext), 1u);
  auto width_of_anded = [](const Unit& of) {
    for (const Inst& inst : of.code) {
      if (inst.op == Op::kAnd) return of.code[inst.arg[0]].width;
    }
    return u8{0};
  };
  // mov al, cl; and eax, 7
  EXPECT_EQ(width_of_anded(translate_all({{0x88, 0xc8}, {0x83, 0xe0, 0x07}})), 1u);
  // mov al, cl; and eax, 0x107
  EXPECT_EQ(width_of_anded(translate_all({{0x88, 0xc8}, {0x25, 0x07, 0x01, 0, 0}})), 4u);
}

TEST(Emit, OfASumThatNoRegisterHoldsHalfIsComputed) {
  // lea eax, [rdx + 2]
  Unit unit = translate_all({{0x8d, 0x42, 0x02}});
  EXPECT_EQ(count(unit, Op::kZext), 0u);
  // add rax, rcx; mov edx, eax
  EXPECT_EQ(count(translate_all({{0x48, 0x01, 0xc8}, {0x89, 0xc2}}), Op::kAdd), 1u);
}

TEST(Emit, CallsThatMayChangeTheStateEndWhatIsKnown) {
  // mov rcx, rax; cpuid; mov rdx, rax
  Unit unit = translate_all({{0x48, 0x89, 0xc1}, {0x0f, 0xa2}, {0x48, 0x89, 0xc2}});
  EXPECT_EQ(count(unit, Op::kGetGpr), 2u);
}

TEST(Emit, RepeatedComparesAreLeftToTheInterpreter) {
  Unit unit = translate_all({{0xf3, 0xa6}});  // repe cmpsb
  ASSERT_EQ(unit.code.size(), 2u);
  EXPECT_EQ(unit.code[1].op, Op::kInterpret);
}

TEST(Evaluate, AUnitOfSeveralInstructionsRuns) {
  // mov eax, 7; lea rcx, [rax + rax * 2]; sub ecx, 21; sete dl
  Unit unit = translate_all(
      {{0xb8, 7, 0, 0, 0}, {0x48, 0x8d, 0x0c, 0x40}, {0x83, 0xe9, 21}, {0x0f, 0x94, 0xc2}});
  guest::Cpu cpu;
  interp::evaluate(unit, cpu);
  EXPECT_EQ(cpu.gpr[guest::kRcx], 0u);
  EXPECT_EQ(cpu.gpr[guest::kRdx], 1u);
  EXPECT_TRUE(cpu.flags.zf());
}

TEST(Verify, FindsAnArgumentOfAnotherType) {
  Unit unit;
  unit.code.push_back({.op = Op::kGetFlags});
  unit.code.push_back({.op = Op::kSetGpr, .width = 8, .arg = {0, kNoValue}});
  unit.code[1].arg[2] = unit.code[1].arg[3] = kNoValue;
  EXPECT_EQ(verify(unit), "%1 (SetGpr): an argument of another type");
}

TEST(Verify, FindsAnArgumentFromABodyThatHasEnded) {
  Unit unit;
  Emit emit(unit);
  Emit::Int inner;
  emit.when(emit.condition(x86::Condition::kE), [&] { inner = emit.gpr(3); });
  emit.jump(inner);
  EXPECT_NE(verify(unit).find("from the body of an If"), std::string::npos);
}

TEST(Verify, FindsAnOpenIf) {
  Unit unit;
  Emit emit(unit);
  auto zero = emit.condition(x86::Condition::kE);
  Inst open = {.op = Op::kIf};
  open.arg[0] = zero.value;
  unit.code.push_back(open);
  EXPECT_EQ(verify(unit), "the unit ends within an If");
}

TEST(Ops, ThereAreAboutAsManyAsAPersonCanKnow) { EXPECT_LE(op_count(), 150u); }

TEST(Emit, AnAddressIsFoundAlignedOnce) {
  auto checks = [](std::initializer_list<Code> codes) {
    return count(translate_all(codes), Op::kCheckAligned);
  };
  // movaps xmm1, [rax]; movaps xmm2, [rax + 0x20]
  EXPECT_EQ(checks({{0x0f, 0x28, 0x08}, {0x0f, 0x28, 0x50, 0x20}}), 1);
  // movaps xmm1, [rax]; movaps xmm2, [rax + 8]
  EXPECT_EQ(checks({{0x0f, 0x28, 0x08}, {0x0f, 0x28, 0x50, 0x08}}), 2);
  // movaps xmm1, [rax]; vmovaps ymm2, [rax]; movaps xmm1, [rax]
  EXPECT_EQ(checks({{0x0f, 0x28, 0x08}, {0xc5, 0xfc, 0x28, 0x10}, {0x0f, 0x28, 0x08}}), 2);
  // movaps xmm1, [rax]; mov rax, rbx; movaps xmm1, [rax]
  EXPECT_EQ(checks({{0x0f, 0x28, 0x08}, {0x48, 0x89, 0xd8}, {0x0f, 0x28, 0x08}}), 2);
  // movaps xmm1, [rax]; add rax, 0x10; movaps xmm1, [rax]
  EXPECT_EQ(checks({{0x0f, 0x28, 0x08}, {0x48, 0x83, 0xc0, 0x10}, {0x0f, 0x28, 0x08}}), 1);
}

}  // namespace
}  // namespace gantry::ir

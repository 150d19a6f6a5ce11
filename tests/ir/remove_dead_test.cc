// What remove_dead takes out, what it leaves, and that nobody can tell the difference.
#include "emulator/ir/remove_dead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "emulator/interp/ir_evaluator.h"
#include "emulator/ir/emit.h"
#include "emulator/x86/opcode.h"
#include "tests/ir/random_insn.h"
#include "tests/ir/translate_all.h"

namespace gantry::ir {
namespace {

constexpr u16 kAll = guest::kStatusFlags;

// BSWAP is left to the interpreter: it has nothing to do with flags.
bool is_accepted(const Unit&, const Inst& inst) { return inst.op != Op::kBswap; }

// The instructions one after another, without what is dead.
Unit reduce(std::initializer_list<Code> codes, u16 live_flags = kAll) {
  Unit unit = translate_all(codes, is_accepted);
  remove_dead(unit, live_flags);
  EXPECT_EQ(verify(unit), "");
  return unit;
}

auto count(const Unit& unit, Op op) {
  return std::count_if(unit.code.begin(), unit.code.end(),
                       [&](const Inst& inst) { return inst.op == op; });
}

TEST(RemoveDead, FlagsThatAreSetAgainAreDead) {
  // add eax, ecx; sub eax, ecx
  Unit unit = reduce({{0x01, 0xc8}, {0x29, 0xc8}});
  EXPECT_EQ(count(unit, Op::kFlagsOf), 1);
  EXPECT_EQ(count(unit, Op::kSetFlags), 1);
}

TEST(RemoveDead, FlagsThatNobodyReadsAfterItAreDead) {
  EXPECT_EQ(count(reduce({{0x01, 0xc8}}, 0), Op::kSetFlags), 0);
  EXPECT_EQ(count(reduce({{0x01, 0xc8}}, guest::kZF), Op::kSetFlags), 1);
}

TEST(RemoveDead, FlagsThatAConditionReadsStay) {
  // cmp eax, ecx; sete dl; add eax, ecx
  Unit unit = reduce({{0x39, 0xc8}, {0x0f, 0x94, 0xc2}, {0x01, 0xc8}});
  EXPECT_EQ(count(unit, Op::kFlagsOf), 2);
}

TEST(RemoveDead, TheCarryThatIncKeepsStays) {
  // add eax, ecx; inc eax: the carry of the one is that after the other
  EXPECT_EQ(count(reduce({{0x01, 0xc8}, {0xff, 0xc0}}), Op::kFlagsOf), 1);
  EXPECT_EQ(count(reduce({{0x01, 0xc8}, {0xff, 0xc0}}, 0), Op::kFlagsOf), 0);
}

TEST(RemoveDead, FlagsThatAShiftByZeroKeepsStay) {
  // add eax, ecx; shl edx, cl
  EXPECT_EQ(count(reduce({{0x01, 0xc8}, {0xd3, 0xe2}}), Op::kFlagsOf), 1);
}

TEST(RemoveDead, FlagsAcrossAnInterpretedInstructionFollowItsTable) {
  // add eax, ecx; repe cmpsb: it may compare nothing; and pushfq, which reads them
  EXPECT_EQ(count(reduce({{0x01, 0xc8}, {0xf3, 0xa6}}), Op::kSetFlags), 1);
  EXPECT_EQ(count(reduce({{0x01, 0xc8}, {0x9c}, {0x29, 0xc8}}), Op::kFlagsOf), 2);
}

TEST(RemoveDead, FlagsThatAreKeptByWhatReadsThemAnewStay) {
  // add eax, ecx; bswap ecx; and something that keeps some of them
  const Code kAdd = {0x01, 0xc8}, kSwap = {0x0f, 0xc9};
  const Code kShift = {0xd3, 0xe2}, kIncrement = {0xff, 0xc0}, kBitTest = {0x0f, 0xa3, 0xc8};
  for (Code keeps : {kShift, kIncrement, kBitTest}) {
    Unit unit = reduce({kAdd, kSwap, keeps});
    EXPECT_EQ(count(unit, Op::kInterpret), 1);
    EXPECT_EQ(count(unit, Op::kSetFlags), 2) << print(unit);
  }
  EXPECT_EQ(count(reduce({kAdd, kSwap, kAdd}), Op::kSetFlags), 1);
}

TEST(RemoveDead, ARegisterThatIsWrittenTwiceIsWrittenOnce) {
  // mov eax, 1; mov eax, 2
  Unit unit = reduce({{0xb8, 1, 0, 0, 0}, {0xb8, 2, 0, 0, 0}});
  EXPECT_EQ(count(unit, Op::kSetGpr), 1);
  EXPECT_EQ(count(unit, Op::kConst), 1);
  // xorps xmm0, xmm0; movaps xmm0, xmm1
  EXPECT_EQ(count(reduce({{0x0f, 0x57, 0xc0}, {0x0f, 0x28, 0xc1}}), Op::kSetXmm), 1);
}

TEST(RemoveDead, ARegisterIsWrittenBeforeWhatMayFault) {
  // mov eax, 1; mov ecx, [rbx]; mov eax, 2
  Unit unit = reduce({{0xb8, 1, 0, 0, 0}, {0x8b, 0x0b}, {0xb8, 2, 0, 0, 0}});
  EXPECT_EQ(count(unit, Op::kSetGpr), 3);
}

TEST(RemoveDead, ALoadThatNobodyNeedsStillFaults) {
  // mov eax, [rbx]; mov eax, 1
  Unit unit = reduce({{0x8b, 0x03}, {0xb8, 1, 0, 0, 0}});
  EXPECT_EQ(count(unit, Op::kLoad), 1);
}

// Flags are set, and again where RAX is zero; `both_ways` where it is not, too.
Unit flags_set_within_if(u16 live_flags, bool both_ways) {
  Unit unit;
  Emit emit(unit);
  auto set = [&](FlagKind kind) {
    emit.set_flags(emit.flags_of(kind, 8, emit.gpr(1), emit.gpr(2), emit.gpr(3)));
  };
  auto condition = emit.is_zero(emit.gpr(0));
  set(FlagKind::kAdd);
  if (both_ways) {
    emit.if_else(condition, [&] { set(FlagKind::kSub); }, [&] { set(FlagKind::kLogic); });
  } else {
    emit.when(condition, [&] { set(FlagKind::kSub); });
  }
  remove_dead(unit, live_flags);
  EXPECT_EQ(verify(unit), "");
  return unit;
}

TEST(RemoveDead, FlagsBeforeABodyThatMayNotRunStay) {
  EXPECT_EQ(count(flags_set_within_if(kAll, false), Op::kSetFlags), 2);
  EXPECT_EQ(count(flags_set_within_if(kAll, true), Op::kSetFlags), 3);
  EXPECT_EQ(count(flags_set_within_if(0, true), Op::kSetFlags), 0);
}

TEST(RemoveDead, RegistersBeforeABodyThatMayNotRunStay) {
  Unit unit;
  Emit emit(unit);
  auto condition = emit.is_zero(emit.gpr(0));
  emit.set_gpr(1, 8, emit.imm(1));
  emit.when(condition, [&] { emit.set_gpr(1, 8, emit.imm(2)); });
  remove_dead(unit, kAll);
  EXPECT_EQ(count(unit, Op::kSetGpr), 2);
}

// --- random code

// Neither memory nor what ends a unit: it runs to its end whatever the registers hold.
bool is_straight(const Inst& inst) {
  constexpr u8 kLeaves = kReadsMemory | kWritesMemory | kMayFault;
  if (inst.op == Op::kApplyFloatInt || inst.op == Op::kApplyFloatVec) return true;
  if (inst.op == Op::kSetRip || inst.op == Op::kBranch || inst.op == Op::kExit) return false;
  return !(info(inst.op).effects & kLeaves);
}

// The time and random numbers.
bool is_never_twice_the_same(const Insn& insn) {
  std::string_view name = x86::row_semantics(insn.row);
  return name.starts_with("RDTSC") || name == "RDRAND" || name == "RDSEED";
}

// Appends one that is straight code, if the next random bytes are.
void append_random(RandomInsns& insns, Unit& unit, Emit& emit) {
  std::optional<Insn> insn = insns.next(0x1000);
  if (!insn || is_never_twice_the_same(*insn)) return;
  Unit alone;
  Emit emit_alone(alone);
  EXPECT_TRUE(translate(*insn, alone, emit_alone));
  if (std::all_of(alone.code.begin(), alone.code.end(), is_straight)) translate(*insn, unit, emit);
}

Unit random_unit(RandomInsns& insns) {
  Unit unit;
  Emit emit(unit);
  while (unit.insns.size() < 12) append_random(insns, unit, emit);
  return unit;
}

guest::Cpu random_state(RandomInsns& insns) {
  guest::Cpu cpu;
  for (u64& gpr : cpu.gpr) gpr = insns.number();
  for (guest::V128& xmm : cpu.xmm) xmm = {insns.number(), insns.number()};
  for (guest::V128& high : cpu.ymm_high) high = {insns.number(), insns.number()};
  cpu.flags = guest::LazyFlags::raw(insns.number() & kAll);
  return cpu;
}

// Registers but the flags.
bool equal(const guest::Cpu& a, const guest::Cpu& b) {
  return std::equal(a.gpr, a.gpr + 16, b.gpr) && std::equal(a.xmm, a.xmm + 16, b.xmm) &&
         std::equal(a.ymm_high, a.ymm_high + 16, b.ymm_high) && a.mxcsr == b.mxcsr &&
         a.system_flags == b.system_flags && a.rip == b.rip;
}

TEST(RemoveDead, NobodyCanTellInRandomCode) {
  RandomInsns insns(2);
  unsigned units_reduced = 0;
  for (unsigned n = 0; n < 4000 && !HasFailure(); n++) {
    Unit unit = random_unit(insns);
    Unit reduced = unit;
    u16 live_flags = static_cast<u16>(insns.number()) & kAll;
    remove_dead(reduced, live_flags);
    units_reduced += count(reduced, Op::kNop) > 0;
    guest::Cpu before = random_state(insns), expected = before, actual = before;
    interp::evaluate(unit, expected);
    interp::evaluate(reduced, actual);
    EXPECT_TRUE(equal(expected, actual)) << print(unit) << "reduced:\n" << print(reduced);
    EXPECT_EQ((expected.flags.bits() ^ actual.flags.bits()) & live_flags, 0u) << print(unit);
  }
  EXPECT_GT(units_reduced, 3000u);
}

}  // namespace
}  // namespace gantry::ir

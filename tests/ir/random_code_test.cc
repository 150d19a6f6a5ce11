// Random instructions one after another in a unit are what they are alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "emulator/interp/ir_evaluator.h"
#include "emulator/ir/emit.h"
#include "emulator/x86/flag_effect.h"
#include "emulator/x86/opcode.h"
#include "tests/ir/random_insn.h"

namespace gantry::ir {
namespace {

constexpr u16 kAll = guest::kStatusFlags;

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

Unit translate_alone(const Insn& insn) {
  Unit unit;
  Emit emit(unit);
  EXPECT_TRUE(translate(insn, unit, emit));
  return unit;
}

// Instructions that are straight code.
std::vector<Insn> random_code(RandomInsns& insns) {
  std::vector<Insn> code;
  while (code.size() < 12) {
    std::optional<Insn> insn = insns.next(0x1000);
    if (!insn || is_never_twice_the_same(*insn)) continue;
    Unit unit = translate_alone(*insn);
    if (std::all_of(unit.code.begin(), unit.code.end(), is_straight)) code.push_back(*insn);
  }
  return code;
}

// As one unit, after which those of the flags are read.
Unit translate_together(const std::vector<Insn>& code, u16 live_flags) {
  std::vector<u16> live_after(code.size());
  for (std::size_t n = code.size(); n-- > 0;) {
    live_after[n] = live_flags;
    live_flags = x86::flag_effect(code[n]).live_before(live_flags);
  }
  Unit unit;
  Emit emit(unit);
  for (std::size_t n = 0; n < code.size(); n++) {
    EXPECT_TRUE(translate(code[n], unit, emit, {}, live_after[n]));
  }
  EXPECT_EQ(verify(unit), "");
  return unit;
}

bool has_removed(const Unit& unit) {
  return std::any_of(unit.code.begin(), unit.code.end(),
                     [](const Inst& inst) { return inst.op == Op::kNop; });
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

TEST(RandomCode, OneUnitIsWhatItsInstructionsAre) {
  RandomInsns insns(2);
  unsigned units_reduced = 0;
  for (unsigned n = 0; n < 4000 && !testing::Test::HasFailure(); n++) {
    std::vector<Insn> code = random_code(insns);
    u16 live_flags = static_cast<u16>(insns.number()) & kAll;
    Unit unit = translate_together(code, live_flags);
    units_reduced += has_removed(unit);
    guest::Cpu expected = random_state(insns), actual = expected;
    for (const Insn& insn : code) interp::evaluate(translate_alone(insn), expected);
    interp::evaluate(unit, actual);
    EXPECT_TRUE(equal(expected, actual)) << print(unit);
    EXPECT_EQ((expected.flags.bits() ^ actual.flags.bits()) & live_flags, 0u) << print(unit);
  }
  EXPECT_GT(units_reduced, 1000u);
}

}  // namespace
}  // namespace gantry::ir

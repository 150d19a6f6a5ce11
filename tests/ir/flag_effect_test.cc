// What x86/flag_effect.h says about instructions, against their IR.
#include "emulator/x86/flag_effect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "emulator/ir/emit.h"
#include "emulator/x86/opcode.h"
#include "tests/ir/random_insn.h"

namespace gantry::ir {
namespace {

using x86::FlagEffect;

constexpr u16 kAll = guest::kStatusFlags;

// Walks the IR of one instruction. Of each value of type Flags it knows which flags are still those
// that the instruction found.
class FlagWalk {
 public:
  explicit FlagWalk(const Unit& unit) : found_(unit.code.size()) {
    for (std::size_t v = 0; v < unit.code.size(); v++) visit(unit.code[v], found_[v]);
  }

  // Exactly those that it reads, and those that it writes whatever the operands are.
  const FlagEffect& effect() const { return effect_; }

 private:
  u16 found_in(const Inst& i, unsigned argument) const { return found_[i.arg[argument]]; }

  void visit(const Inst& i, u16& found) {
    switch (i.op) {
      case Op::kGetFlags:
        found = kAll & ~effect_.writes;
        return;
      case Op::kFlagsIncDec:
        found = found_in(i, 2) & guest::kCF;
        return;
      case Op::kFlagsUpdate:
        found = static_cast<u16>(found_in(i, 0) & ~i.imm);
        return;
      case Op::kFlagsSelect:
        found = found_in(i, 1) | found_in(i, 2);
        return;
      default:
        return use(i);
    }
  }

  void use(const Inst& i) {
    switch (i.op) {
      case Op::kTestFlags:
        effect_.reads |= found_in(i, 0) & x86::flags_read_by(static_cast<Condition>(i.aux));
        return;
      case Op::kTestAf:
        effect_.reads |= found_in(i, 0) & guest::kAF;
        return;
      case Op::kFlagBits:
        effect_.reads |= found_in(i, 0);
        return;
      case Op::kSetFlags:
        if (depth_ == 0) effect_.writes = kAll;
        effect_.writes &= static_cast<u16>(~found_in(i, 0));
        return;
      case Op::kIf:
        depth_++;
        return;
      case Op::kEndIf:
        depth_--;
        return;
      default:
        return;
    }
  }

  std::vector<u16> found_;
  FlagEffect effect_;
  unsigned depth_ = 0;
};

// False where flags may be used out of the IR's sight.
bool translate_alone(const Insn& insn, Unit& unit) {
  unit.clear();
  Emit emit(unit);
  EXPECT_TRUE(translate(insn, unit, emit));
  return std::none_of(unit.code.begin(), unit.code.end(),
                      [](const Inst& i) { return i.op == Op::kInterpret || i.op == Op::kCallCpu; });
}

TEST(FlagEffect, IsThatOfTheIr) {
  constexpr u64 kRip = 0x1000;
  RandomInsns insns(1);
  std::set<u16> rows, wrong_rows;
  Unit unit;
  for (unsigned n = 0; n < 1'000'000; n++) {
    std::optional<Insn> insn = insns.next(kRip);
    if (!insn || wrong_rows.contains(insn->row) || !translate_alone(*insn, unit)) continue;
    FlagEffect actual = FlagWalk(unit).effect();
    FlagEffect told = x86::flag_effect(*insn);
    rows.insert(insn->row);
    if ((actual.reads & ~told.reads) == 0 && (told.writes & ~actual.writes) == 0) continue;
    wrong_rows.insert(insn->row);
    ADD_FAILURE() << x86::disassemble(*insn) << std::hex << " reads " << actual.reads << ", not "
                  << told.reads << "; writes " << actual.writes << ", not " << told.writes << '\n'
                  << print(unit);
  }
  EXPECT_GT(rows.size(), 980u);
  for (unsigned row = 0; row < x86::opcodes().size(); row++) {
    Insn any;
    any.row = static_cast<u16>(row);
    if (x86::flag_effect(any).writes == 0) continue;
    EXPECT_TRUE(rows.contains(any.row)) << x86::row_mnemonic(row) << " did not come up";
  }
}

}  // namespace
}  // namespace gantry::ir

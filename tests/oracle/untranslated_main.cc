// Lists what the ARM64 code generator leaves to the interpreter, on any machine: the rows of the
// opcode table, how many of so many random forms, and the first operation that is refused.
//
//   untranslated [--without HOST-FEATURES] [--cases N]
//
// On a machine that is not ARM64 the host has no features.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "emulator/ir/emit.h"
#include "emulator/jit/aarch64/features.h"
#include "emulator/jit/aarch64/lowering.h"
#include "tests/oracle/generator.h"

namespace gantry::oracle {
namespace {

// What is refused, or nullptr. Loops over string instructions have no IR.
const char* refused(const x86::Insn& insn) {
  static ir::Unit unit;
  unit.clear();
  ir::Emit emit(unit);
  ir::translate(insn, unit, emit);
  for (const ir::Inst& inst : unit.code) {
    bool lowered = inst.op != ir::Op::kInterpret && aarch64::can_lower(unit, inst);
    if (!lowered) return ir::info(inst.op).name;
  }
  return nullptr;
}

// Returns whether a case was refused.
bool list_row(unsigned row, u64 cases) {
  static Case c;
  u64 generated = 0, left = 0;
  const char* first = nullptr;
  for (u64 number = 0; number < cases; number++) {
    if (!generate(1, row, number, c) || c.refused) continue;
    generated++;
    const char* name = refused(c.insn);
    if (!name) continue;
    left++;
    if (!first) first = name;
  }
  if (left != 0) {
    std::printf("%5u  %-20s %4lu of %4lu  %s\n", row, x86::row_mnemonic(row), left, generated,
                first);
  }
  return left != 0;
}

int run(int argc, char** argv) {
  const char* without = "";
  u64 cases = 100;
  for (int i = 1; i < argc; i++) {
    if (!std::strcmp(argv[i], "--without") && i + 1 < argc) {
      without = argv[++i];
    } else if (!std::strcmp(argv[i], "--cases") && i + 1 < argc) {
      cases = std::strtoull(argv[++i], nullptr, 0);
    } else {
      std::fprintf(stderr, "usage: untranslated [--without HOST-FEATURES] [--cases N]\n");
      return 2;
    }
  }
  if (!aarch64::prepare_features(without)) return 2;
  unsigned rows = 0, listed = 0;
  for (unsigned row = 0; row < x86::opcodes().size(); row++) {
    if (!x86::row_has_semantics(row)) continue;
    rows++;
    listed += list_row(row, cases);
  }
  std::printf("%u of %u rows\n", listed, rows);
  return 0;
}

}  // namespace
}  // namespace gantry::oracle

int main(int argc, char** argv) { return gantry::oracle::run(argc, argv); }

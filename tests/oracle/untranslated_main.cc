// Lists what the ARM64 code generator leaves to the interpreter, on any machine: the rows of the
// opcode table, how many of so many random forms, and the first operation that is refused.
//
//   untranslated [--without HOST-FEATURES] [--cases N]
//
// On a machine that is not ARM64 the host has no features. Or what of the code that was executed is
// a call of a C++ function or left to the interpreter, where the host has all features:
//
//   gantry-x64 --dump=counts PROGRAM 2>&1 | untranslated --counts
//
// Its first line is the number of instructions and that of the IR's operations. Each of the others
// is a number of instructions, `call`, `loop` (of few iterations, the interpreter does more) or
// `interpreter`, the operation, and the instruction.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "emulator/ir/emit.h"
#include "emulator/jit/aarch64/features.h"
#include "emulator/jit/aarch64/functions.h"
#include "emulator/jit/aarch64/lowering.h"
#include "emulator/x86/decoder.h"
#include "tests/oracle/generator.h"

namespace gantry::oracle {
namespace {

// The instruction alone. Loops over string instructions have no IR.
const ir::Unit& ir_of(const x86::Insn& insn) {
  static ir::Unit unit;
  unit.clear();
  const aarch64::Features& host = aarch64::features();
  ir::Emit emit(unit, {.four_sha256_rounds = host.sha2, .aes_key_first = host.aes});
  ir::translate(insn, unit, emit);
  return unit;
}

// What is refused, or nullptr.
const char* refused(const x86::Insn& insn) {
  const ir::Unit& unit = ir_of(insn);
  for (const ir::Inst& inst : unit.code) {
    bool lowered = inst.op != ir::Op::kInterpret && aarch64::can_lower(unit, inst);
    if (!lowered) return ir::info(inst.op).name;
  }
  return nullptr;
}

// What is lowered to a call, or nullptr.
const char* called(const x86::Insn& insn) {
  const ir::Unit& unit = ir_of(insn);
  for (const ir::Inst& inst : unit.code) {
    bool applies = inst.op == ir::Op::kApplyInt || inst.op == ir::Op::kApplyVec;
    bool calls = inst.op == ir::Op::kCall || (applies && !aarch64::native_function(unit, inst));
    if (calls) return ir::info(inst.op).name;
  }
  return nullptr;
}

// REP MOVS and REP STOS, which are loops of few iterations.
bool is_short_loop(const x86::Insn& insn) {
  u8 operation = insn.opcode & 0xfe;
  return insn.is_repeated_string() && (operation == 0xa4 || operation == 0xaa);
}

// How the instruction is executed, empty where all of it is the host's code.
std::string lowering_of(const x86::Insn& insn) {
  if (const char* op = refused(insn)) {
    return std::string(is_short_loop(insn) ? "loop " : "interpreter ") + op + " " +
           x86::row_mnemonic(insn.row);
  }
  if (const char* op = called(insn)) {
    return std::string("call ") + op + " " + x86::row_mnemonic(insn.row);
  }
  return {};
}

std::vector<u8> bytes_of(const std::string& hex) {
  std::vector<u8> bytes;
  for (std::size_t n = 0; n + 1 < hex.size(); n += 2) {
    bytes.push_back(static_cast<u8>(std::stoi(hex.substr(n, 2), nullptr, 16)));
  }
  return bytes;
}

// The lines of --dump=counts on standard input.
int list_executed() {
  aarch64::assume_all_features();
  std::map<std::string, u64> times;
  u64 total = 0, count;
  std::string word, hex;
  while (std::cin >> word) {
    if (word != "count" || !(std::cin >> count >> hex)) continue;
    std::vector<u8> code = bytes_of(hex);
    x86::Insn insn;
    for (std::size_t at = 0; at < code.size(); at += insn.length) {
      if (x86::decode({&code[at], code.size() - at}, at, insn) != x86::DecodeStatus::kOk) return 1;
      total += count;
      times[lowering_of(insn)] += count;
    }
  }
  times.erase(std::string());
  std::printf("%lu %u\n", total, ir::op_count());
  for (const auto& [lowering, n] : times) std::printf("%lu %s\n", n, lowering.c_str());
  return 0;
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
    if (!std::strcmp(argv[i], "--counts") && argc == 2) return list_executed();
    if (!std::strcmp(argv[i], "--without") && i + 1 < argc) {
      without = argv[++i];
    } else if (!std::strcmp(argv[i], "--cases") && i + 1 < argc) {
      cases = std::strtoull(argv[++i], nullptr, 0);
    } else {
      std::fprintf(stderr,
                   "usage: untranslated [--without HOST-FEATURES] [--cases N] | --counts\n");
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

#include "tests/oracle/undefined.h"

#include <string_view>

namespace gantry::oracle {
namespace {

using guest::kAF;
using guest::kCF;
using guest::kOF;
using guest::kPF;
using guest::kSF;
using guest::kZF;

struct Undefined {
  std::string_view semantics;
  u64 flags;
};

constexpr Undefined kUndefined[] = {
    {"MUL", kSF | kZF | kAF | kPF},
    {"IMUL1", kSF | kZF | kAF | kPF},
    {"IMUL2", kSF | kZF | kAF | kPF},
    {"IMUL3", kSF | kZF | kAF | kPF},
    {"DIV", guest::kStatusFlags},
    {"IDIV", guest::kStatusFlags},
    {"AND", kAF},
    {"OR", kAF},
    {"XOR", kAF},
    {"TEST", kAF},
    {"BSF", kCF | kOF | kSF | kAF | kPF},
    {"BSR", kCF | kOF | kSF | kAF | kPF},
    {"BT", kOF | kSF | kAF | kPF},
    {"BTS", kOF | kSF | kAF | kPF},
    {"BTR", kOF | kSF | kAF | kPF},
    {"BTC", kOF | kSF | kAF | kPF},
    {"LZCNT", kOF | kSF | kAF | kPF},
    {"TZCNT", kOF | kSF | kAF | kPF},
    {"ANDN", kAF | kPF},
    {"BLSI", kAF | kPF},
    {"BLSMSK", kAF | kPF},
    {"BLSR", kAF | kPF},
    {"BZHI", kAF | kPF},
    {"BEXTR", kAF | kPF | kSF},
};

bool is_rotate(std::string_view name) {
  return name == "ROL" || name == "ROR" || name == "RCL" || name == "RCR";
}

bool is_shift(std::string_view name) { return name == "SHL" || name == "SHR" || name == "SAR"; }
bool is_double_shift(std::string_view name) { return name == "SHLD" || name == "SHRD"; }

// OF is defined for counts of one, CF for counts within the operand.
u64 undefined_shift_flags(const Case& c, std::string_view name) {
  const auto& operand = c.insn.op[is_double_shift(name) ? 2 : 1];
  u64 count = operand.kind == x86::OperandKind::kImmediate ? c.insn.imm : c.state.gpr[guest::kRcx];
  unsigned bits = c.insn.width * 8u;
  count &= bits == 64 ? 63 : 31;
  if (count == 0) return 0;
  u64 flags = count == 1 ? 0 : kOF;
  if (is_rotate(name)) return flags;
  if (is_double_shift(name) && count > bits) return guest::kStatusFlags;
  return flags | kAF | (count > bits ? kCF : 0);
}

}  // namespace

u64 undefined_flags(const Case& c) {
  if (c.refused) return 0;
  std::string_view semantics = x86::row_semantics(c.insn.row);
  if (is_rotate(semantics) || is_shift(semantics) || is_double_shift(semantics)) {
    return undefined_shift_flags(c, semantics);
  }
  for (const Undefined& u : kUndefined) {
    if (u.semantics == semantics) return u.flags;
  }
  return 0;
}

}  // namespace gantry::oracle

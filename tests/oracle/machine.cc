#include "tests/oracle/machine.h"

#include <algorithm>
#include <string_view>

namespace gantry::oracle {
namespace {

using x86::OperandKind;

bool always(const Case&) { return true; }

bool has_operand_size(const Case& c) { return c.insn.prefixes & x86::kPrefixOpSize; }

bool faults_often(const Case& c) {
  u64 rsp = c.state.gpr[guest::kRsp];
  return rsp < kDataBase || rsp >= kReadOnlyBase;
}

struct Peculiarity {
  std::string_view semantics;  // a trailing * stands for any ending
  bool (*applies)(const Case&);
};

constexpr Peculiarity kPeculiarities[] = {
    // Which of several NaNs the sum of products gives, and in which order it is added.
    {"DPPS", always},
    {"DPPD", always},
    // Whether bytes that are not stored must be writable.
    {"MASKMOVQ", always},
    {"MASKMOVDQU", always},
    // Intel ignores 66 in front of a near branch; AMD truncates RIP to 16 bits.
    {"JMP_NEAR", has_operand_size},
    {"CALL_NEAR", has_operand_size},
    {"JCC", has_operand_size},
    {"RET", has_operand_size},
    {"LOOP*", has_operand_size},
    {"JRCXZ", has_operand_size},
    // AMD's far branches know no 64-bit offsets.
    {"JMP_FAR", always},
    {"CALL_FAR", always},
    {"LOAD_FAR", always},
    // The order of accesses to a stack frame, which shows where more than one faults.
    {"RET_FAR", faults_often},
    {"IRET", faults_often},
    // Where the manual's results are undefined and Intel's CPUs still agree on them.
    {"BSF", always},
    {"BSR", always},
    {"SHLD", always},
    {"SHRD", always},
    // The last bit of an approximation.
    {"F2XM1", always},
    {"FYL2X", always},
    {"FYL2XP1", always},
    {"FPTAN", always},
    {"FPATAN", always},
    {"FSIN", always},
    {"FCOS", always},
    {"FSINCOS", always},
    // AMD saves x87 pointers only while an exception is pending, and its MXCSR mask differs.
    {"FXSAVE", always},
    {"FXRSTOR", always},
    {"XSAVE", always},
    {"XSAVEOPT", always},
    {"XSAVEC", always},
    {"XRSTOR", always},
    // Loading a null selector clears the base on Intel's CPUs alone.
    {"MOV_SEG", always},
    {"POP_SEG", always},
};

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

bool is_intels_way(const Case& c) {
  std::string_view name = x86::row_semantics(c.insn.row);
  return std::any_of(
      std::begin(kPeculiarities), std::end(kPeculiarities),
      [&](const Peculiarity& p) { return matches(p.semantics, name) && p.applies(c); });
}

}  // namespace gantry::oracle

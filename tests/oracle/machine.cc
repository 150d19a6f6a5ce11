#include "tests/oracle/machine.h"

#include <algorithm>
#include <string_view>

#include "emulator/guest/flags.h"

namespace gantry::oracle {
namespace {

using x86::OperandKind;

bool always(const Case&) { return true; }

bool has_memory(const Case& c) {
  return std::any_of(std::begin(c.insn.op), std::end(c.insn.op),
                     [](const auto& operand) { return operand.kind == OperandKind::kMemory; });
}

bool is_prefetch(const Case& c) { return c.insn.opcode == 0x0d; }

bool is_repeated(const Case& c) { return c.insn.repeated(); }

bool has_operand_size(const Case& c) { return c.insn.prefixes & x86::kPrefixOpSize; }

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
    // The address that is reported when one of the elements stored cannot be.
    {"VMASKMOV*", has_memory},
    {"VPMASKMOV*", has_memory},
    // What a gather that faults leaves in the mask, of which AMD reads and clears the sign bits
    // alone.
    {"VGATHER*", always},
    {"VPGATHER*", always},
    // Which exceptions are flagged: AMD looks at the result before it is rounded.
    {"VCVTPS2PH", always},
    // Whether the memory operand must be aligned.
    {"SHA*", has_memory},
    // Whether TOP becomes 0 when an MMX register is stored.
    {"MOVD", has_memory},
    {"MOVQ", has_memory},
    {"MOVNTQ", has_memory},
    // What a store has changed that faults.
    {"FST", has_memory},
    {"FSTP", has_memory},
    {"FIST*", has_memory},
    {"FBSTP", has_memory},
    // Bit 17, "misaligned exception mask", can be set.
    {"LDMXCSR", always},
    // Intel ignores 66 in front of a near branch; AMD truncates RIP to 16 bits.
    {"JMP_NEAR", has_operand_size},
    // Whether the return address is written before a target that is not canonical is refused.
    {"CALL_NEAR", always},
    {"JCC", has_operand_size},
    {"RET", has_operand_size},
    {"LOOP*", has_operand_size},
    // F3 and F2 in front of LOOPE and LOOPNE choose the condition.
    {"LOOP*", is_repeated},
    // No iteration at all: which registers and flags change nevertheless.
    {"MOVS", is_repeated},
    {"CMPS", is_repeated},
    {"SCAS", is_repeated},
    {"LODS", is_repeated},
    {"STOS", is_repeated},
    // F3 90 with REX.B exchanges R8 and RAX; 0F 0D with a register is undefined.
    {"PAUSE", always},
    {"NOP", is_prefetch},
    // Where a virtual machine says that the trap was.
    {"INT1", always},
    {"JRCXZ", has_operand_size},
    // AMD's far branches know no 64-bit offsets.
    {"JMP_FAR", always},
    {"CALL_FAR", always},
    {"LOAD_FAR", always},
    // The order of accesses to a stack frame, which shows where more than one faults.
    {"RET_FAR", always},
    {"IRET", always},
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

bool is_intel() {
  static const bool is = __builtin_cpu_is("intel");
  return is;
}

bool is_comparable(const Case& c) {
  if (is_intel()) return true;
  // Which of several exceptions a refused encoding raises, and which accesses must be aligned.
  if (c.refused || (c.state.rflags & guest::kAC)) return false;
  std::string_view name = x86::row_semantics(c.insn.row);
  return std::none_of(
      std::begin(kPeculiarities), std::end(kPeculiarities),
      [&](const Peculiarity& p) { return matches(p.semantics, name) && p.applies(c); });
}

void adopt_pointers(State& cpu, const State& eval) {
  if (is_intel()) return;
  cpu.fx.rip = eval.fx.rip;
  cpu.fx.rdp = eval.fx.rdp;
  cpu.fx.opcode = eval.fx.opcode;
}

}  // namespace gantry::oracle

#include <algorithm>
#include <string_view>

#include "emulator/guest/xsave.h"
#include "emulator/x86/opcode.h"
#include "tests/insn/hardware.h"
#include "tests/oracle/compare.h"
#include "tests/oracle/emulated.h"
#include "tests/oracle/native.h"

namespace gantry::test {
namespace {

oracle::Outcome answer;

// Time, identity and randomness, which are each machine's own; approximations; system calls, which
// are the kernel's; SSE4a, which Intel's CPUs lack.
constexpr std::string_view kNotComparable[] = {
    "CPUID",    "RDTSC",   "RDTSCP",  "RDPID",   "RDRAND",  "RDSEED", "XGETBV",
    "RCPPS",    "RCPSS",   "RSQRTPS", "RSQRTSS", "VRCPPS",  "VRCPSS", "VRSQRTPS",
    "VRSQRTSS", "SYSCALL", "EXTRQ",   "INSERTQ", "MOVNTSS", "MOVNTSD"};

// A CPU may hold a component to be in use that is in its initial state (SDM vol. 1, section 13.6).
bool depends_on_use(const oracle::Case& c, std::string_view name) {
  constexpr u64 kAll = guest::kX87State | guest::kSseState | guest::kAvxState;
  if (!name.starts_with("XSAVE")) return false;
  guest::Cpu cpu;
  oracle::load_state(cpu, c.state);
  return guest::state_in_use(cpu) != kAll;
}

// A trap after the instruction is not the instruction's.
bool is_comparable(const oracle::Case& c) {
  if (c.state.rflags & guest::kTF) return false;
  if (c.refused) return true;
  std::string_view name = x86::row_semantics(c.insn.row);
  if (name == "INT" && c.insn.imm == 0x80) return false;
  if (x86::opcodes()[c.insn.row].map >= x86::Map::kV0F && !oracle::has_ymm()) return false;
  bool listed = std::find(std::begin(kNotComparable), std::end(kNotComparable), name) !=
                std::end(kNotComparable);
  return !listed && !depends_on_use(c, name);
}

}  // namespace

void prepare_hardware() { oracle::prepare_native(); }

bool run_on_hardware(const oracle::Case& c) {
  if (!is_comparable(c)) return false;
  oracle::write_code(c.state.rip, {c.bytes, c.insn.length});
  oracle::run_native(c.state, answer);
  return true;
}

std::string differences_from_hardware(const oracle::Case& c, const oracle::Outcome& outcome) {
  return oracle::differences(c, answer, outcome);
}

}  // namespace gantry::test

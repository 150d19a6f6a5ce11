#include <string_view>

#include "emulator/guest/flags.h"
#include "emulator/guest/xsave.h"
#include "tests/insn/hardware.h"
#include "tests/oracle/emulated.h"
#include "tests/oracle/machine.h"
#include "tests/oracle/native.h"
#include "tests/oracle/specified.h"

namespace gantry::test {
namespace {

oracle::Outcome answer;

// A CPU may hold a component to be in use that is in its initial state (SDM vol. 1, section 13.6).
bool depends_on_use(const oracle::Case& c) {
  constexpr u64 kAll = guest::kX87State | guest::kSseState | guest::kAvxState;
  if (!std::string_view(x86::row_semantics(c.insn.row)).starts_with("XSAVE")) return false;
  guest::Cpu cpu;
  oracle::load_state(cpu, c.state);
  return guest::state_in_use(cpu) != kAll;
}

// Not a system call, which is the kernel's, and not what would trap after the instruction. Of the
// instructions that are not asked for here the tests' expectations say what they do: SSE4a, which
// Intel's CPUs lack, random numbers, time, identity.
bool can_ask(const oracle::Case& c) {
  if (c.state.rflags & guest::kTF) return false;
  if (c.refused) return true;
  // A test hides features, which the CPU does not.
  if (guest::xcr0() == 0 || depends_on_use(c)) return false;
  unsigned row = c.insn.row;
  if (x86::row_semantics(row) == std::string_view("INT") && c.insn.imm == 0x80) return false;
  return oracle::is_comparable(c) && oracle::cpu_has(row) && !oracle::has_reference(row);
}

}  // namespace

void prepare_hardware() { oracle::prepare_native(); }

bool run_on_hardware(const oracle::Case& c) {
  if (!can_ask(c)) return false;
  oracle::run_native(c, answer);
  return true;
}

std::string differences_from_hardware(const oracle::Case& c, const oracle::Outcome& outcome) {
  oracle::adopt_pointers(answer.state, outcome.state);
  return oracle::judge(c, answer, outcome);
}

}  // namespace gantry::test

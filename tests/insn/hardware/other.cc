// No x86-64: nothing to compare with.
#include "tests/insn/hardware.h"
#include "tests/oracle/emulated.h"

namespace gantry::test {

void prepare_hardware() { oracle::prepare_emulated(); }

bool run_on_hardware(const oracle::Case&) { return false; }

std::string differences_from_hardware(const oracle::Case&, const oracle::Outcome&) { return {}; }

}  // namespace gantry::test

#include "emulator/guest/cpu.h"

#include "emulator/base/check.h"

namespace gantry::guest {

void raise(Cpu& cpu, const Fault& fault) {
  CHECK(cpu.recovery != nullptr);
  cpu.fault = fault;
  std::longjmp(*cpu.recovery, 1);
}

}  // namespace gantry::guest

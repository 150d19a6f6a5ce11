// How debuggers find what called translated code.
#pragma once

#include <vector>

#include "emulator/base/types.h"

namespace gantry::aarch64 {

// DWARF call frame instructions (DWARF 4, section 6.4.2; register numbers of the DWARF for the Arm
// 64-bit Architecture, section 4.1), with factors 1 and -1, that hold in all units: their frame is
// the stubs'.
std::vector<u8> frame_rules();

}  // namespace gantry::aarch64

// Names of guest code, for those who look at its translation.
#pragma once

#include <string>

#include "emulator/base/types.h"

namespace gantry {

// "symbol" or "symbol+0x12" where the ELF file that is mapped at `rip` has one, "libc.so.6+0x1234"
// (an offset in the file) where it has none, else "guest:401000". Reads the file, and keeps what it
// found.
std::string code_name(u64 rip);

}  // namespace gantry

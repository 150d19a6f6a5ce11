// REP MOVS and REP STOS, at the speed of memcpy where that cannot be told from single iterations.
#pragma once

#include "emulator/guest/cpu.h"

namespace gantry::sem {

// Move or store elements of `width` bytes until rCX (of `address_width` bytes) is zero or, after at
// least one, cpu.interrupt is set. Registers are right after each access that may fault.
void repeat_move(guest::Cpu& cpu, u64 width, u64 address_width, u64 source_base);
void repeat_store(guest::Cpu& cpu, u64 width, u64 address_width);

}  // namespace gantry::sem

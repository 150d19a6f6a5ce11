// What `perf` needs to name translated code: a file with a line for each unit, its address and size
// and what it is (Linux, tools/perf/Documentation/jit-interface.txt). Guest code is
// "guest:ADDRESS", that of the unit's first instruction; all numbers are hexadecimal.
#pragma once

#include "emulator/base/types.h"

namespace gantry {

// Where the lines go; -1, as at first: nowhere. The descriptor should append.
void set_perf_map_descriptor(int descriptor);
int perf_map_descriptor();

// `bytes` of code at `code` are the translation of that at `rip`, or our own where that is 0. One
// write(2), whose failure costs a name and no more. Async-signal-safe.
void add_to_perf_map(const void* code, u64 bytes, u64 rip);

}  // namespace gantry

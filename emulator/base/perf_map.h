// What `perf` needs to name translated code: a file with a line for each unit, its address and size
// and its name (Linux, tools/perf/Documentation/jit-interface.txt). Numbers are hexadecimal.
#pragma once

#include <string>

#include "emulator/base/types.h"

namespace gantry {

// Where the lines go; -1, as at first: nowhere. The descriptor should append.
void set_perf_map_descriptor(int descriptor);
int perf_map_descriptor();

// `bytes` of code at `code` have this name. One write(2), whose failure costs a name and no more.
void add_to_perf_map(const void* code, u64 bytes, const std::string& name);

}  // namespace gantry

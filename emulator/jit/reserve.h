// Address space for tables and code that grow from their beginning.
#pragma once

#include "emulator/base/types.h"

namespace gantry::jit {

constexpr u64 kWhole = ~u64{0};

// Private zeroed memory, which the host gives page by page as it is used; null when there is no
// room. Its first `in_small_pages` bytes come in small pages also where huge ones are the rule
// (madvise(2), MADV_NOHUGEPAGE): to clear 2 MiB for each table takes longer than most programs run.
void* reserve(u64 bytes, int protection, u64 in_small_pages = kWhole);

}  // namespace gantry::jit

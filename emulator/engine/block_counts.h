// How often blocks are interpreted, for --dump=counts.
#pragma once

#include <atomic>

#include "emulator/engine/block_cache.h"

namespace gantry::engine {

// The number of the block's code, which all blocks of the same bytes share. What it refers to stays
// where it is.
std::atomic<u64>& count_of(const Block& block);

// Logs "count N BYTES" for each: how often, and its code in hexadecimal.
void log_block_counts();

// Around fork(2). The child has executed nothing yet.
void lock_block_counts();
void unlock_block_counts(bool is_child);

}  // namespace gantry::engine

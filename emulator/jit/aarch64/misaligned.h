// What ordered accesses become where they meet addresses that are not aligned.
#pragma once

#include <span>

#include "emulator/base/types.h"

namespace gantry::aarch64 {

constexpr unsigned kMisalignedWords = 3;

// The load or store `word` at `pc` with a barrier beside it, then back behind it: code for `place`,
// written to `code`. False when the word is no ordered access as lower_memory.cc makes them, or too
// far away.
bool emit_misaligned(u32 word, u64 pc, u64 place, std::span<u32, kMisalignedWords> code);

}  // namespace gantry::aarch64

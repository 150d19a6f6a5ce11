// Which code is worth translating, and which blocks make one unit.
#pragma once

#include "emulator/engine/thread.h"

namespace gantry::engine {

// Notes that the block is about to be executed. The code that it was translated to, nullptr when it
// is to be interpreted: it has not run often enough, or cannot be translated.
const void* translated_code(Thread& thread, Block& block);

// Runs translated code until something else is due: see run_blocks.
void run_translated(Thread& thread, const void* code);

}  // namespace gantry::engine

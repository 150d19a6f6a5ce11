// Which code is worth translating, and which blocks make one unit.
#pragma once

#include "emulator/engine/thread.h"

namespace gantry::engine {

// A block is interpreted as often before it is translated: most code of short programs never is.
constexpr u32 kHot = 16;
// The same where later processes get the translation, too.
constexpr u32 kHotStored = 6;

// Translates the block, if the thread may, with those around it that are worth it.
void translate(Thread& thread, Block& block);

// Notes that the block is about to be executed. The code that it was translated to, nullptr when it
// is to be interpreted: it has not run often enough, or cannot be translated.
inline const void* translated_code(Thread& thread, Block& block) {
  if (!block.entry.code && block.runs++ == thread.hot) [[unlikely]]
    translate(thread, block);
  return block.entry.code;
}

// Runs translated code until it leads to a block without, which is the result, or to where there is
// no block yet, or something else is due: nullptr. MXCSR has_usual_controls(), or they were adapted
// to.
Block* run_translated(Thread& thread, const void* code);

}  // namespace gantry::engine

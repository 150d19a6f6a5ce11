// What --dump shows.
#pragma once

#include <string_view>

#include "emulator/jit/backend.h"

namespace gantry::engine {

// Reads a list of guest, ir, host and counts, separated by commas. False when there is another
// word.
bool parse_dump(std::string_view list, jit::Dump& dump);

// From now on blocks are logged when they are decoded, for engines that do not translate: guest
// code and IR, as options.translation.dump asks.
void dump_decoded_blocks();

}  // namespace gantry::engine

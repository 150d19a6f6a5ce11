// The options of `gantry run` that other commands which start a container have as well.
#pragma once

#include <CLI/CLI.hpp>

#include "shim/embedded/options.h"

namespace gantry {

// Of the root file system and the program; the caller sees to it that `options` lives as long as
// the parser.
void add_container_options(CLI::App& command, RunOptions& options);
// Of the words behind the options: what follows "--". An error of the parser when nothing says what
// the root file system is.
void take_command(RunOptions& options, const std::vector<std::string>& words);

}  // namespace gantry

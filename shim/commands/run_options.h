// The options of `gantry run` that other commands which start a container have as well.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shim/embedded/run.h"

namespace gantry {

// Of the root file system and the program; the caller sees to it that `options` lives as long as
// the parser.
void add_container_options(CLI::App& command, RunOptions& options);
// Of the words behind the options: what follows "--". An error of the parser when nothing says what
// the root file system is.
void take_command(RunOptions& options, const std::vector<std::string>& words);

// run(the configuration), or kOwnError after the reason why there is none was written to standard
// error.
int run_with_config(const std::optional<std::string>& path,
                    const std::function<int(const Config&)>& run);

}  // namespace gantry

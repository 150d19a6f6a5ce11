// The subcommands of `gantry`: one file each, and one row in kCommands (programs/gantry.cc).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"

namespace gantry {

// What the program does once its command line is read; its exit status.
using Action = std::function<int()>;

struct Invocation {
  std::optional<std::string> config;  // --config
  std::vector<std::string> words;     // what follows the first "--", as it is
  Action action;                      // set by the subcommand that was given
  int usage_status = 2;               // exit status for a command line that cannot be read
};

// Describes a subcommand to the parser. What it parses into lives as long as `app`.
using AddCommand = void (*)(CLI::App& app, Invocation& invocation);

void add_inspect(CLI::App& app, Invocation& invocation);
void add_features(CLI::App& app, Invocation& invocation);
void add_run(CLI::App& app, Invocation& invocation);
void add_image(CLI::App& app, Invocation& invocation);
void add_doctor(CLI::App& app, Invocation& invocation);
void add_profile(CLI::App& app, Invocation& invocation);
void add_install(CLI::App& app, Invocation& invocation);
void add_uninstall(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_cache(CLI::App& app, Invocation& invocation);
void add_binfmt(CLI::App& app, Invocation& invocation);
void add_completion(CLI::App& app, Invocation& invocation);

// Adds a subcommand to `to`. Only here, as CLI11 would have the whole parser compiled wherever an
// App is made.
CLI::App* add_command(CLI::App& to, const std::string& name, const std::string& description);

// --engine, which takes names of container engines and may be repeated.
void add_engine_option(CLI::App& command, std::vector<std::string>& engines);

// The words with the separator between any two.
std::string joined(const std::vector<std::string>& words, const char* separator = " ");

// Exit status of a command: 0, or 1 after the error was written to standard error.
int report(const Result<void>& result);

}  // namespace gantry

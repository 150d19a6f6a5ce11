// The command line that runc and crun share: [GLOBAL FLAGS] COMMAND [FLAGS] [ARGUMENTS].
//
// It is read only as far as rewriting needs, and words are kept as they were written, so that what
// is handed on is what was given: the two runtimes have different flags, and their next versions
// will have more. (A parser library would have to know every flag to tell a value from a command.)
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"

namespace gantry {

using Words = std::vector<std::string>;

// One flag as found among words: `name` without dashes, `first` is the index of its word and
// `count` is 2 when the value is the next word.
struct Flag {
  std::string name;
  std::optional<std::string> value;
  std::size_t first = 0;
  std::size_t count = 1;
};

struct FlagList {
  std::vector<Flag> flags;
  std::vector<std::size_t> positional;  // indices of the other words

  // The last one of that name; null when absent.
  const Flag* find(std::string_view name) const;
  std::string value_of(std::string_view name, std::string fallback = "") const;
};

struct CommandLine {
  Words globals;                      // without our own flags
  FlagList global_flags;              // of `globals`
  std::optional<std::string> config;  // our own --config
  std::string command;                // empty when there is none
  Words arguments;                    // after the command
};

// `words` without the program's name. Fails when our own flag lacks its value.
Result<CommandLine> parse_command_line(std::span<const std::string> words);

// The flags of create, run and restore: they may stand before and after the container's name.
FlagList parse_create_flags(const Words& arguments);
// The flags of exec, which end at the container's name.
FlagList parse_exec_flags(const Words& arguments);

}  // namespace gantry

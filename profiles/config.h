// The administrator's configuration file.
#pragma once

#include <string>
#include <vector>

#include "emulator/base/result.h"

namespace gantry {

namespace config_type {
using Path = std::string;
using Bool = bool;
using Options = std::vector<std::string>;
struct Cpu {
  std::string choice;  // empty: the emulator's default
};
}  // namespace config_type

struct Config {
#define KEY(name, type, default_value, meaning) config_type::type name = default_value;
#include "profiles/keys.def"
#undef KEY
};

constexpr const char* kDefaultConfigPath = "/etc/gantry/config.yaml";

// Reads a file. Unknown, repeated and mistyped keys are errors that give file, line and column,
// and for an unknown key the nearest known one. A file that everyone may write is refused: it
// names programs that run as the caller.
Result<Config> load_config(const std::string& path);

// The same for text; `name` stands for the file in messages.
Result<Config> parse_config(const std::string& text, const std::string& name);

// One paragraph a key, for --help.
std::string describe_config_keys();

}  // namespace gantry

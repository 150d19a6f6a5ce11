// The administrator's configuration files.
#pragma once

#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "profiles/keys.h"

namespace gantry {

constexpr const char* kConfigDirectory = "/etc/gantry";

struct Config : Keys {
  std::vector<std::string> files;  // that were read, in order
};

// Reads one file. Errors: profiles/document.h.
Result<Config> load_config(const std::string& path);

// Reads config.yaml of a directory, and then conf.d/*.yaml below it in the order of their names:
// where several have a key the last one counts. Files that do not exist have no keys.
Result<Config> load_config_directory(const std::string& directory);

// The same for a text; `name` stands for the file in messages.
Result<Config> parse_config(const std::string& text, const std::string& name);

// One paragraph a key, for --help.
std::string describe_config_keys();

}  // namespace gantry

// Additions to a TOML file of someone else's: what is there keeps its text, comments and order.
#pragma once

#include <toml++/toml.h>

#include <string>

#include "emulator/base/result.h"

namespace gantry::install {

// Errors give file, line and column.
Result<toml::table> parse_toml(const std::string& text, const std::string& name);

// What to do where a key has another value already.
enum class Conflict { kRefuse, kReplace };

// `text` with every key of `addition` (a TOML text, too). A list gains the elements that it lacks.
// Fails where the file is written in a way that leaves no place for an addition; the result is
// parsed and compared before it is returned.
Result<std::string> add_to_toml(const std::string& text, const std::string& name,
                                const std::string& addition, Conflict conflict = Conflict::kRefuse);

}  // namespace gantry::install

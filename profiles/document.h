// YAML files that hold keys.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "profiles/keys.h"

namespace gantry {

// The keys of a text, of which `file` is the name in messages. Unknown, repeated and mistyped keys
// are errors that give file, line and column, and for an unknown key the nearest one that may stand
// in one of the places; so are keys that stand elsewhere. Keys of place kMatch are known in the
// mapping `match` alone.
Result<Keys> parse_keys(const std::string& text, const std::string& file,
                        std::span<const KeyPlace> places);

// The same for a file. One that everyone may write is refused: it says how programs run.
Result<Keys> load_keys(const std::string& path, std::span<const KeyPlace> places);

// The absolute paths of the files of a directory whose names end in ".yaml", in the order of their
// names. None when there is no such directory; EPERM when everyone may write to it.
Result<std::vector<std::string>> yaml_files_in(const std::string& directory);

}  // namespace gantry

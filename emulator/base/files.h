// Small helpers for files of the host.
#pragma once

#include <string>

namespace gantry {

// The whole of a file, also one whose size is not known before (proc(5)); what was read until then
// on an error, so nothing when it cannot be opened.
std::string read_whole_file(const std::string& path);

}  // namespace gantry

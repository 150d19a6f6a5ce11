// Directories of the caller's own.
#pragma once

#include <string>

#include "emulator/base/result.h"

namespace gantry {

// The value of `variable` where it is an absolute path, else what `below_home` ("/.cache") is in
// HOME (XDG Base Directory Specification). Not for those who have more rights than their caller.
Result<std::string> home_directory(const char* variable, const char* below_home);

}  // namespace gantry

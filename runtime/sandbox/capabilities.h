// Capability sets by name (capabilities(7)), through libcap.
#pragma once

#include "emulator/base/result.h"
#include "runtime/sandbox/sandbox.h"

namespace gantry::sandbox {

// Leaves only `names` in the caller's bounding set.
Result<void> bound_capabilities(const std::vector<std::string>& names);

// The caller's other sets. Call it after the user id was changed with PR_SET_KEEPCAPS.
Result<void> set_capabilities(const Capabilities& capabilities);

}  // namespace gantry::sandbox

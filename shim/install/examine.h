// What `gantry doctor` looks at around the machine itself: engines and what they really read,
// entries of binfmt_misc, how the emulator's file lies, and whether an amd64 program runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shim/doctor.h"

namespace gantry::install {

// `engines` are the names of those to look at, which then have to be there; empty or "all": those
// that are.
std::vector<Finding> examine_surroundings(const std::optional<std::string>& config_path,
                                          const std::vector<std::string>& engines);

}  // namespace gantry::install

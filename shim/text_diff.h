// Line differences between two texts, in unified form without file headers.
#pragma once

#include <string>

namespace gantry {

// Changed lines with three lines around them. Equal texts give an empty string.
std::string unified_diff(const std::string& before, const std::string& after);

}  // namespace gantry

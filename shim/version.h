#pragma once

namespace gantry {

// "0.1.0"
const char* gantry_version();

}  // namespace gantry

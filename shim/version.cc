#include "shim/version.h"

namespace gantry {

const char* gantry_version() { return GANTRY_VERSION; }

}  // namespace gantry

// What is said on standard error while an image is unpacked.
#pragma once

#include "oci/image/store.h"

namespace gantry {

// On a terminal one line that changes, elsewhere a line a layer; nothing at all if `is_quiet`.
ShowProgress progress_printer(bool is_quiet);

}  // namespace gantry

// `gantry run`, from its words to the container's end.
#pragma once

#include "shim/embedded/options.h"
#include "shim/settings.h"

namespace gantry {

// The exit status: the program's, or 125, 126, 127 as podman-run(1), "Exit Status", has them, after
// the reason was written to standard error.
int run_container(RunOptions options, const Config& config);

}  // namespace gantry

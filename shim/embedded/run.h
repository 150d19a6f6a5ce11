// `gantry run`, from its words to the container's end.
#pragma once

#include <functional>
#include <string>

#include "profiles/select.h"
#include "shim/embedded/options.h"
#include "shim/settings.h"

namespace gantry {

// The exit status after an error of our own, as podman-run(1), "Exit Status", has it.
constexpr int kOwnError = 125;

// The exit status: the program's, or kOwnError, 126, 127 as podman-run(1), "Exit Status", has them,
// after the reason was written to standard error.
int run_container(RunOptions options, const Config& config);

// Names a directory of the caller's for the code that is translated in a container of this image.
// The container's processes of its first user write there; its files then are that user's.
using OpenCodeStore = std::function<Result<std::string>(const ImageFacts& image)>;
// The same, with the container's code stored.
int run_container(RunOptions options, const Config& config, const OpenCodeStore& open_code_store);

}  // namespace gantry

// The root file system of a container: a directory of the caller's, or an image of the store under
// a layer of the container's own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oci/image/store.h"
#include "runtime/sandbox/sandbox.h"
#include "shim/embedded/options.h"
#include "shim/embedded/run_directory.h"

namespace gantry {

struct ContainerRoot {
  sandbox::Root root;
  std::vector<std::string> digests;  // of the image: "sha256:…"; none without one
  Json config;                       // the image's; null without one
  UniqueFd held;                     // the image, as long as the container runs
};

// Unpacks the image where that is needed.
Result<ContainerRoot> prepare_root(const RunOptions& options, const sandbox::Identity& identity,
                                   const std::string& data, const RunDirectory& directory);

}  // namespace gantry

// The OCI document of a container that `gantry run` makes: what podman would write for the same
// words, so that everything that edits such documents serves here too.
#pragma once

#include "oci/edits/plan.h"
#include "oci/json.h"
#include "runtime/sandbox/identity.h"
#include "shim/embedded/image_config.h"
#include "shim/embedded/options.h"

namespace gantry {

struct SpecInputs {
  const RunOptions& options;
  const ImageConfig& image;
  const sandbox::Identity& identity;
  std::string rootfs;  // absolute
  std::string files;   // a directory with what the container gets as /etc/hosts and so on
};

struct Container {
  Json spec;
  std::string program;  // for execve(2)
};

// Reads the root file system, so it runs as the container's root. Errors carry find_program()'s
// codes for what becomes exit status 126 or 127.
Result<Container> make_container(const SpecInputs& inputs, const Emulator& emulator);

}  // namespace gantry

// What an image says of how it wants to be run (OCI image-spec, config.md, "config").
#pragma once

#include <string>
#include <vector>

#include "oci/json.h"

namespace gantry {

struct ImageConfig {
  std::vector<std::string> entrypoint, command, environment;
  std::string directory, user;
};

// `image` is the image's configuration document; null stands for a root file system without one.
Result<ImageConfig> read_image_config(const Json& image);

}  // namespace gantry

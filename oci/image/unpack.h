// A layer applied to a directory (OCI image-spec, layer.md).
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "emulator/base/descriptor.h"
#include "oci/image/stream.h"

namespace gantry {

struct UnpackOptions {
  // Owners that do not exist here become root, and device nodes are left out: in a user namespace.
  bool is_in_user_namespace = false;
};

// Applies the tar archive in `tar` to the directory `root`. Names are resolved inside of it
// (openat2(2), RESOLVE_IN_ROOT): neither "..", nor a link, nor a whiteout leads out. Refused: names
// with "..", whiteouts of nothing, what needs more space than there is.
Result<void> apply_layer(int root, ByteStream& tar, const UnpackOptions& options);

}  // namespace gantry

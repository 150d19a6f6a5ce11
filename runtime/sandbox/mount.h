// The container's file systems, made detached (fsopen(2), open_tree(2)) and then moved into place
// on descriptors, so that no path of the image is looked up twice.
#pragma once

#include <string>
#include <vector>

#include "emulator/base/descriptor.h"
#include "runtime/sandbox/sandbox.h"

namespace gantry::sandbox {

// All of them: the root file system with everything mounted in it, as the caller's new root
// directory (pivot_root(2)); nothing of the host's is left to be seen. The caller is in a mount
// namespace of its own. Linux 5.12 or later.
Result<void> make_file_systems(const Plan& plan);

// A new pseudo-terminal of the container's /dev/pts as its /dev/console.
struct Terminal {
  UniqueFd master, slave;
};
Result<Terminal> make_terminal();

// Whether the kernel lets the caller mount such an overlay.
Result<void> try_overlay(const Root& root, const Identity& identity);

}  // namespace gantry::sandbox

// Whole directory trees, on descriptors: no symbolic link in them is followed.
#pragma once

#include <string>

#include "emulator/base/descriptor.h"

namespace gantry {

// Removes `name` in `directory` with everything below it, however deep. Nothing is an error that is
// not there.
Result<void> remove_tree(int directory, const std::string& name);

// Everything in the directory `from` into the directory `to`: owner, mode, times, extended
// attributes, hard links; file contents shared where the file system can (ioctl_ficlone(2)).
// Device nodes are left out where the caller may not make them.
Result<void> copy_tree(int from, int to);

}  // namespace gantry

// mount_setattr(2), fsopen(2) and relatives with errors in words.
#pragma once

#include <string>
#include <vector>

#include "emulator/base/descriptor.h"
#include "emulator/base/types.h"

namespace gantry::sandbox {

// The options of one mount, as in mounts[].options of config.json.
struct MountOptions {
  u64 set = 0;  // MOUNT_ATTR_…
  u64 clear = 0;
  bool is_bind = false;
  bool is_recursive = false;
  std::vector<std::string> parameters;  // the file system's own, name[=value]
};

// Fails for those of runtimes' own making.
Result<MountOptions> parse_mount_options(const std::vector<std::string>& options);

// A detached copy of what is mounted at `source`, private, with the options' attributes.
Result<UniqueFd> clone_tree(const std::string& source, const MountOptions& options);

// A detached new file system.
Result<UniqueFd> new_file_system(const std::string& type, const std::string& source,
                                 const MountOptions& options);

// Mounts it over the file or directory behind `place`.
Result<void> attach(int mount, int place);

Result<void> set_attributes(int place, u64 set, u64 clear, u64 propagation, bool is_recursive);

}  // namespace gantry::sandbox

// The user of a container's process, as its own /etc/passwd and /etc/group name it.
#pragma once

#include <string>
#include <vector>

#include "emulator/base/types.h"
#include "oci/guest_view.h"

namespace gantry {

struct ContainerUser {
  u32 user = 0;
  u32 group = 0;
  std::vector<u32> groups;  // supplementary
  std::string home = "/";
};

// `text` is USER[:GROUP], names or numbers; empty is root. A number needs no entry in the files; a
// name does. Fails with EINVAL for anything else.
Result<ContainerUser> find_user(const GuestView& view, const std::string& text);

}  // namespace gantry

// Who the container's users are on this host, and work done as them.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/base/types.h"

namespace gantry::sandbox {

// One line of uid_map or gid_map (user_namespaces(7)).
struct IdRange {
  u32 inside = 0;
  u32 outside = 0;
  u32 count = 0;
};

struct Identity {
  bool has_user_namespace = false;  // false: ids are the host's
  std::vector<IdRange> users, groups;

  // More than one id, so newuidmap(1) and newgidmap(1) have to write the maps.
  bool needs_helpers() const { return users.size() > 1 || groups.size() > 1; }
  bool maps_user(u32 id) const;
  bool maps_group(u32 id) const;
};

// Who may mount is the host's root: no user namespace. Everyone else is root in one of their own,
// with the other ids that /etc/subuid and /etc/subgid give them, if newuidmap and newgidmap are
// installed.
Result<Identity> own_identity();

// fork(2) into new namespaces (CLONE_NEW…), 0 in the child. When `identity` has a user namespace it
// is added; the child has no rights in it before map_ids().
Result<pid_t> fork_into(u64 namespaces, const Identity& identity);

// Writes the maps of a child that is in a user namespace of its own and waits.
Result<void> map_ids(pid_t child, const Identity& identity);

// In the child: becomes root of the namespace, after the maps are written.
Result<void> become_root();

// Runs `work` as the container's root would see the world and hands its text back: in a child in a
// user namespace, or, where there is none, here.
using Work = std::function<Result<std::string>()>;
Result<std::string> run_as_container_root(const Identity& identity, const Work& work);

}  // namespace gantry::sandbox

// The "mounts" of config.json (OCI runtime-spec, config.md, "Mounts").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci/json.h"

namespace gantry {

struct Mount {
  std::string destination;  // as written
  std::string type;
  std::string source;
  std::vector<std::string> options;

  bool has_option(std::string_view option) const;
  // Shows a file or directory of the host.
  bool is_bind() const;
  bool is_tmpfs() const { return type == "tmpfs" && !is_bind(); }
  // Host paths whose content it shows, the uppermost first: one of a bind mount, the layers of an
  // overlay (podman's `-v DIR:DIR:O`). Empty for other filesystems.
  std::vector<std::string> layers() const;
  // A tmpfs that starts as a copy of what it covers (an extension of runc, taken up by crun).
  bool copies_up() const { return is_tmpfs() && has_option("tmpcopyup"); }
};

// In the order in which they are mounted.
Result<std::vector<Mount>> read_mounts(const Json& spec);

// An absolute path without "", "." and ".." components, resolved as text alone; no trailing slash
// except for "/" itself.
std::string lexical_path(std::string_view path);

// Whether `path` is `ancestor` or lies below it; both as lexical_path() gives them.
bool is_at_or_below(std::string_view path, std::string_view ancestor);

}  // namespace gantry

// Where a container's own files lie while it runs: DATA/runs/NAME, locked as long as its owner
// lives.
#pragma once

#include <string>

#include "emulator/base/descriptor.h"
#include "runtime/sandbox/identity.h"

namespace gantry {

// `chosen` (--data) unless it is empty, then /var/lib/gantry for root, else $XDG_DATA_HOME/gantry
// or ~/.local/share/gantry.
Result<std::string> data_directory(const std::string& chosen);

class RunDirectory {
 public:
  // Makes one, and removes those whose owners were killed. `identity` is that of the containers.
  static Result<RunDirectory> make(const std::string& data, const sandbox::Identity& identity);

  RunDirectory(RunDirectory&&) = default;
  RunDirectory& operator=(RunDirectory&&) = delete;
  // Removes it.
  ~RunDirectory();

  const std::string& path() const { return path_; }
  // Twelve digits, as engines name containers that have no name.
  const std::string& name() const { return name_; }

 private:
  RunDirectory() = default;

  std::string runs_, name_, path_;
  const sandbox::Identity* identity_ = nullptr;
  UniqueFd lock_;
};

}  // namespace gantry

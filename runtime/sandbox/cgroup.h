// Limits of a container, as a cgroup of its own (cgroups(7), version 2).
#pragma once

#include <string>
#include <utility>

#include "runtime/sandbox/sandbox.h"

namespace gantry::sandbox {

// Removed with the object, when the container's processes are gone.
class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(Cgroup&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  Cgroup& operator=(Cgroup&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~Cgroup();

  // Makes one with these limits. Fails, with what to do about it, where the controllers are not
  // there or not delegated: a limit is never left out.
  static Result<Cgroup> make(const Resources& resources);

  Result<void> add(pid_t process) const;

 private:
  explicit Cgroup(std::string path) : path_(std::move(path)) {}
  std::string path_;  // empty: none
};

}  // namespace gantry::sandbox

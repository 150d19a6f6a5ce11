// A bundle: a directory with config.json and, as a rule, the root filesystem
// (OCI runtime-spec, bundle.md).
#pragma once

#include <sys/stat.h>

#include <string>

#include "emulator/base/descriptor.h"
#include "oci/guest_view.h"
#include "oci/json.h"

namespace gantry {

class Bundle {
 public:
  // Reads `config` (relative to `directory`, "config.json" unless crun's --config says otherwise).
  static Result<Bundle> open(const std::string& directory,
                             const std::string& config = "config.json");

  const Json& spec() const { return spec_; }

  // The files the container will see.
  Result<GuestView> view() const;

  // Writes `spec` over the document. The low-level runtime is then given the bundle's own path:
  // engines compare it (containerd's `state`), relative paths in the document stay right, hooks
  // find the document they are told of, and nothing needs to be removed later. A copy in a state
  // directory would need all of that, and a `delete` that has not been exec'ed away.
  Result<void> store(const Json& spec) const;

 private:
  UniqueFd directory_;
  UniqueFd config_directory_;
  std::string config_name_;
  struct stat status_ = {};
  Json spec_;
};

}  // namespace gantry

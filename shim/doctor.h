// What `gantry doctor` looks at on this machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace gantry {

enum class Health { kGood, kWarning, kBroken };

struct Finding {
  Health health;
  std::string subject;
  std::string text;  // what was found and, unless good, what to do
};

std::vector<Finding> examine_machine(const std::optional<std::string>& config_path);

// Podman's version, on which it depends how the runtime is chosen.
Finding examine_podman();

// Exit status: 0 all good, 1 something broken, 3 warnings only.
int exit_status(const std::vector<Finding>& findings);

}  // namespace gantry

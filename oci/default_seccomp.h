// The seccomp profile of containers that `gantry run` makes, in the terms of the OCI runtime-spec.
#pragma once

#include <set>
#include <string>

#include "oci/json.h"

namespace gantry {

// The value of linux.seccomp for a container with these capabilities (by name, CAP_CHOWN). It is
// written for x86-64 programs; extend_seccomp() makes it fit this machine and the emulator.
Json default_seccomp(const std::set<std::string>& capabilities);

}  // namespace gantry

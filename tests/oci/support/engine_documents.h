// What engines write into config.json of a container without options: tests/seccomp/run has
// Debian's engines write it, and calls these tests with the folder in $GANTRY_ENGINE_DOCUMENTS.
#pragma once

#include <string>
#include <vector>

#include "oci/json.h"

namespace gantry::test {

struct EngineDocument {
  std::string name;  // of engine and suite: "containerd_trixie"
  Json spec;
};

// None unless there is such a folder.
std::vector<EngineDocument> engine_documents();

}  // namespace gantry::test

// From the OCI document to what the sandbox is told.
#pragma once

#include "oci/json.h"
#include "runtime/sandbox/sandbox.h"

namespace gantry {

// Everything but root and identity. `spec` is make_container()'s.
Result<sandbox::Plan> plan_sandbox(const Json& spec);

}  // namespace gantry

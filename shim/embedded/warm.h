// `gantry cache warm`: a container whose translated code becomes a shared store.
#pragma once

#include <string>

#include "shim/embedded/options.h"
#include "shim/settings.h"

namespace gantry {

struct WarmOptions {
  RunOptions run;
  std::string name;  // of the store, where it is not the image's alone; may be empty
};

// Runs the program and adds what was translated to the image's store, or to that of the name. The
// exit status: the program's; 125 when it is 0 and nothing was stored, after the reason was written
// to standard error.
int warm_code_store(const WarmOptions& options, const Config& config);

// Removes what the runs of callers that were killed have left in a folder of stores.
Result<void> remove_abandoned_stores(const std::string& folder);
// Removes a store. Containers that use it go on without.
Result<void> remove_store(const std::string& folder, const std::string& id);

}  // namespace gantry

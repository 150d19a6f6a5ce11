// What gantry-runtime does before it hands over.
#pragma once

#include <string>

#include "oci/bundle.h"
#include "oci/edits/plan.h"
#include "shim/command_line.h"
#include "shim/settings.h"

namespace gantry {

// create, run, restore: rewrites the bundle's config.json if that is needed, with the profiles that
// fit its programs. Says in `note` what was decided.
Result<void> rewrite_bundle(const CommandLine& line, const Settings& settings, Emulator emulator,
                            std::string& note);

// exec: changes the arguments, or names a rewritten process document in them, if that is needed.
Result<void> rewrite_exec(CommandLine& line, const Settings& settings, Emulator emulator,
                          std::string& note);

}  // namespace gantry

// What gantry-runtime does before it hands over.
#pragma once

#include <string>

#include "oci/bundle.h"
#include "oci/edits/plan.h"
#include "shim/command_line.h"
#include "shim/settings.h"

namespace gantry {

// The document that the low-level runtime should get for this bundle; null when it should get the
// bundle as it is.
Result<Json> edited_spec(const Bundle& bundle, const Emulator& emulator);

// create, run, restore: rewrites the bundle's config.json if that is needed. Says in `note` what
// was decided.
Result<void> rewrite_bundle(const CommandLine& line, const Emulator& emulator, std::string& note);

// exec: changes the arguments, or names a rewritten process document in them, if that is needed.
Result<void> rewrite_exec(CommandLine& line, const Settings& settings, const Emulator& emulator,
                          std::string& note);

}  // namespace gantry

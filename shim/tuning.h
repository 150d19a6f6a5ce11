// Profiles applied: the emulator's options for one program.
#pragma once

#include <string>

#include "oci/edits/plan.h"
#include "profiles/select.h"
#include "shim/settings.h"

namespace gantry {

// The profiles of the configured directories.
Result<std::vector<Profile>> load_profiles(const Config& config);

// What selection needs to know of a program that was found in `view`.
ProgramFacts program_facts_of(const GuestView& view, const Program& program);

// How a program is started whose best profile is `choice` (null: none).
LaunchSettings launch_settings_of(const Config& config, const Candidate* choice);

// Has the emulator start each program of the container as the profile that fits it best asks for.
// Profiles are loaded when the first program needs them, so that native containers never depend on
// them. `image` is called only when a profile asks for it.
void apply_profiles(Emulator& emulator, const Config& config, std::function<ImageFacts()> image);

}  // namespace gantry

// The edits that put the emulator into a container. Each does one thing to the document, keeps
// every key it does not know, and leaves the order of keys as it is.
#pragma once

#include "oci/edits/plan.h"
#include "oci/json.h"

namespace gantry {

using Edit = void (*)(Json& spec, const Plan& plan);

// mounts: the emulator and stored code, read-only, and a tmpfs to hold them when there is none.
void mount_emulator(Json& spec, const Plan& plan);
// process.args: the emulator and its options before the program.
void prefix_process(Json& spec, const Plan& plan);
// hooks.startContainer: those that are x86-64 programs, which run inside the container.
void prefix_hooks(Json& spec, const Plan& plan);
// linux.seccomp: what the guest's permitted calls become on this machine, and what the emulator
// needs.
void extend_seccomp(Json& spec, const Plan& plan);

// All of them.
void apply_edits(Json& spec, const Plan& plan);

// The arguments with a launch applied.
void apply_launch(Json& args, const Launch& launch);

}  // namespace gantry

#include "oci/edits/edits.h"

namespace gantry {
namespace {

constexpr Edit kEdits[] = {mount_emulator, prefix_process, prefix_hooks, extend_seccomp};

}  // namespace

void apply_edits(Json& spec, const Plan& plan) {
  for (Edit edit : kEdits) edit(spec, plan);
}

}  // namespace gantry

// CRI-O: a drop-in with a handler.
#include <cerrno>

#include "shim/install/engines.h"

namespace gantry::install {

Result<std::vector<Wanted>> plan_crio(const Target& target, const ReadOriginal&) {
  if (target.rootless) {
    return make_error(ENOTSUP, "CRI-O has no configuration of a user: install without --rootless");
  }
  std::string text = deploy_text("crio/gantry.conf", target);
  // Native containers are handed on, so that this does all that platform_runtime_paths of the
  // present default handler would, whose other keys a drop-in would have to repeat.
  if (target.as_default) text += "\n[crio.runtime]\ndefault_runtime = \"gantry\"\n";
  return std::vector<Wanted>{{"/etc/crio/crio.conf.d/50-gantry.conf", text, true}};
}

}  // namespace gantry::install

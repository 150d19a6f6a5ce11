#include "shim/embedded/image_config.h"

#include <cerrno>

namespace gantry {

Result<ImageConfig> read_image_config(const Json& image) {
  ImageConfig result;
  const Json* config = member(image, "config");
  if (!config || config->is_null()) return result;
  TRY_ASSIGN(result.entrypoint, string_list(member(*config, "Entrypoint"), "config.Entrypoint"));
  TRY_ASSIGN(result.command, string_list(member(*config, "Cmd"), "config.Cmd"));
  TRY_ASSIGN(result.environment, string_list(member(*config, "Env"), "config.Env"));
  if (auto* directory = string_member(*config, "WorkingDir")) result.directory = *directory;
  if (auto* user = string_member(*config, "User")) result.user = *user;
  return result;
}

}  // namespace gantry

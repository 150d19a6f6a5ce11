#include "shim/home.h"

#include <cerrno>
#include <cstdlib>

namespace gantry {

Result<std::string> home_directory(const char* variable, const char* below_home) {
  const char* value = std::getenv(variable);
  if (value && value[0] == '/') return std::string(value);
  const char* home = std::getenv("HOME");
  if (home && home[0] == '/') return std::string(home) + below_home;
  return make_error(ENOENT, "HOME does not say where your files are");
}

}  // namespace gantry

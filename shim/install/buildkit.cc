// BuildKit: buildkitd.toml has no drop-in directory and knows one runtime only.
#include <elf.h>

#include "oci/program_file.h"
#include "shim/install/engines.h"
#include "shim/install/toml_edit.h"

namespace gantry::install {
namespace {

// Of this machine and, where that is another one, of ours.
std::string platforms() {
  switch (host_machine()) {
    case EM_X86_64:
      return "\"linux/amd64\"";
    case EM_RISCV:
      return "\"linux/riscv64\", \"linux/amd64\"";
    case EM_LOONGARCH:
      return "\"linux/loong64\", \"linux/amd64\"";
    default:
      return "\"linux/arm64\", \"linux/amd64\"";
  }
}

}  // namespace

Result<std::vector<Wanted>> plan_buildkit(const Target& target, const ReadOriginal& read) {
  std::string path = target.config("/etc/buildkit", "/buildkit") + "/buildkitd.toml";
  TRY_ASSIGN(std::string present, read(path));
  std::string addition = with_replaced(deploy_text("buildkit/buildkitd.toml", target),
                                       "\"linux/arm64\", \"linux/amd64\"", platforms());
  TRY_ASSIGN(std::string text, add_to_toml(present, path, addition));
  return std::vector<Wanted>{{path, text, false}};
}

}  // namespace gantry::install

// Podman: a drop-in of containers.conf(5), which also says what the runtime can do.
#include <sstream>

#include "shim/install/engines.h"
#include "shim/install/toml_edit.h"

namespace gantry::install {
namespace {

constexpr const char* kLists[] = {"runtime_supports_json", "runtime_supports_nocgroup"};

// In the order in which podman reads them; ours is left out.
std::vector<std::string> config_files(const Target& target, const std::string& ours) {
  std::vector<std::string> files = {"/usr/share/containers/containers.conf",
                                    "/etc/containers/containers.conf"};
  std::vector<std::string> folders = {"/etc/containers/containers.conf.d"};
  if (target.rootless) {
    folders.push_back(target.config_home + "/containers/containers.conf.d");
    files.push_back(target.config_home + "/containers/containers.conf");
  }
  for (const std::string& folder : folders) {
    for (const std::string& name : target.tree->list(folder)) {
      std::string path = folder + "/" + name;
      if (name.ends_with(".conf") && path != ours) files.push_back(path);
    }
  }
  return files;
}

// A drop-in replaces a list as a whole; so ours has to hold what the machine's lists hold.
Result<std::string> lists_of(const std::string& text, const std::string& file) {
  TRY_ASSIGN(toml::table document, parse_toml(text, file));
  std::ostringstream addition;
  addition << "[engine]\n";
  for (const char* key : kLists) {
    const toml::array* list = document["engine"][key].as_array();
    if (!list) continue;
    toml::array words;
    for (const toml::node& element : *list) {
      if (element.is_string()) words.push_back(element);
    }
    addition << key << " = " << words << "\n";
  }
  return addition.str();
}

}  // namespace

Result<std::vector<Wanted>> plan_podman(const Target& target, const ReadOriginal& read) {
  std::string path =
      target.config("/etc/containers", "/containers") + "/containers.conf.d/gantry.conf";
  std::string text = deploy_text("podman/gantry.conf", target);
  for (const std::string& file : config_files(target, path)) {
    TRY_ASSIGN(std::string present, read(file));
    TRY_ASSIGN(std::string lists, lists_of(present, file));
    TRY_ASSIGN(text, add_to_toml(text, path, lists));
  }
  if (target.as_default) {
    TRY_ASSIGN(text, add_to_toml(text, path, "[engine]\nruntime = \"gantry-runtime\"\n"));
  }
  return std::vector<Wanted>{{path, text, true}};
}

}  // namespace gantry::install

// containerd: a handler for the CRI, in a drop-in where that works.
//
// Before 2.0 an imported file replaces a plugin's whole section of the main file (the network's
// folders, registries, other handlers), so there the tables are added to the main file. From 2.0 on
// sections are merged. A drop-in of a higher version than the main file's keeps that from being
// brought up to date, or is refused, so it takes over the version.
#include <cstdlib>

#include "shim/install/engines.h"
#include "shim/install/toml_edit.h"

namespace gantry::install {
namespace {

constexpr const char* kRepeated = "\n# The handlers of a file replace";

constexpr const char* kV1 = "plugins.cri.";
constexpr const char* kV2 = "plugins.\"io.containerd.grpc.v1.cri\".";
constexpr const char* kV3 = "plugins.\"io.containerd.cri.v1.runtime\".";

// Whether a handler of this document has its cgroups made by systemd; then all have to.
bool has_systemd_cgroups(const toml::table& table) {
  for (const auto& [key, value] : table) {
    if (key.str() == "SystemdCgroup" && value.value_or(false)) return true;
    const toml::table* inner = value.as_table();
    if (inner && has_systemd_cgroups(*inner)) return true;
  }
  return false;
}

struct Present {
  std::string path;
  std::string text;
  toml::table document;
  bool systemd_cgroups = false;
};

Result<Present> read_present(const Target& target, const std::string& folder,
                             const std::string& ours, const ReadOriginal& read) {
  Present present;
  present.path = folder + "/config.toml";
  TRY_ASSIGN(present.text, read(present.path));
  TRY_ASSIGN(present.document, parse_toml(present.text, present.path));
  present.systemd_cgroups = has_systemd_cgroups(present.document);
  for (const std::string& name : target.tree->list(folder + "/conf.d")) {
    std::string path = folder + "/conf.d/" + name;
    if (path == ours || !name.ends_with(".toml")) continue;
    TRY_ASSIGN(std::string text, read(path));
    TRY_ASSIGN(toml::table document, parse_toml(text, path));
    present.systemd_cgroups = present.systemd_cgroups || has_systemd_cgroups(document);
  }
  return present;
}

bool is_empty(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

bool has_handlers(const toml::table& document) {
  for (const char* plugin : {"cri", "io.containerd.grpc.v1.cri"}) {
    if (document["plugins"][plugin]["containerd"]["runtimes"].is_table()) return true;
  }
  return false;
}

std::string handler(const char* name, int64_t version, const Present& present,
                    const Target& target) {
  std::string text = deploy_text(name, target);
  if (version < 3) text = with_replaced(text, kV3, kV2);
  if (version < 2) text = with_replaced(text, kV2, kV1);
  text = with_replaced(text, "version = 3", "version = " + std::to_string(version));
  if (version < 2) text = with_replaced(text, "version = 2\n\n", "");
  if (present.systemd_cgroups) {
    text = with_replaced(text, "SystemdCgroup = false", "SystemdCgroup = true");
  }
  return text;
}

std::string default_handler(int64_t version) {
  const char* prefix = version < 2 ? kV1 : version < 3 ? kV2 : kV3;
  return "[" + std::string(prefix) + "containerd]\ndefault_runtime_name = \"gantry\"\n";
}

Result<std::vector<Wanted>> plan_main_file(const Target& target, const Present& present) {
  // A file without a version is of version 1.
  int64_t version = present.document["version"].value_or(is_empty(present.text) ? int64_t{2} : 1);
  std::string addition = handler("containerd/config-1.toml", version, present, target);
  if (has_handlers(present.document)) addition.resize(addition.find(kRepeated));
  TRY_ASSIGN(std::string text, add_to_toml(present.text, present.path, addition));
  if (target.as_default) {
    TRY_ASSIGN(text, add_to_toml(text, present.path, default_handler(version), Conflict::kReplace));
  }
  return std::vector<Wanted>{{present.path, text, false}};
}

Result<std::vector<Wanted>> plan_drop_in(const Target& target, const Present& present,
                                         const std::string& folder, const std::string& ours) {
  // A file without a version is of the present one. Version 4 moved nothing that is needed here,
  // and lower versions are brought up to it.
  int64_t version = std::min(present.document["version"].value_or(int64_t{3}), int64_t{3});
  std::string text = handler("containerd/gantry.toml", version, present, target);
  if (target.as_default) {
    TRY_ASSIGN(text, add_to_toml(text, ours, default_handler(version)));
  }
  std::string imports = "imports = [\"" + folder + "/conf.d/*.toml\"]\n";
  if (is_empty(present.text)) imports = "version = 3\n" + imports;
  TRY_ASSIGN(std::string main, add_to_toml(present.text, present.path, imports));
  return std::vector<Wanted>{{ours, text, true}, {present.path, main, false}};
}

}  // namespace

Result<std::vector<Wanted>> plan_containerd(const Target& target, const ReadOriginal& read) {
  std::string folder = target.config("/etc/containerd", "/containerd");
  std::string ours = folder + "/conf.d/gantry.toml";
  TRY_ASSIGN(Present present, read_present(target, folder, ours, read));
  // Where containerd cannot be asked, what every version understands.
  bool merges = target.version_of_containerd.empty()
                    ? present.document["version"].value_or(int64_t{1}) >= 3
                    : std::atoi(target.version_of_containerd.c_str()) >= 2;
  return merges ? plan_drop_in(target, present, folder, ours) : plan_main_file(target, present);
}

}  // namespace gantry::install

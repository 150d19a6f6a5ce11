#include "tests/oci/runtime/container.h"

#include <unistd.h>

#include <filesystem>
#include <sstream>

namespace gantry::test {

std::string low_level_path(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return "";
}

ProbeContainer::ProbeContainer() {
  std::filesystem::copy_file(PROBE, bundle.rootfs("/bin/probe"));
  Json& process = bundle.config["process"];
  process["args"] = {"probe", "one", "exit=7"};
  process["noNewPrivileges"] = true;
  process["capabilities"] = {{"bounding", {"CAP_KILL", "CAP_CHOWN"}},
                             {"permitted", {"CAP_KILL", "CAP_CHOWN"}},
                             {"effective", {"CAP_KILL", "CAP_CHOWN"}}};
  bundle.config["hostname"] = "probe-host";
  bundle.config["linux"]["namespaces"].push_back({{"type", "uts"}});
}

std::string ProbeContainer::command(const std::string& runtime) const {
  std::string flags = " --root " + bundle.path() + "/state";
  // crun then neither makes cgroups nor loads BPF programs, for which some machines lack rights.
  if (runtime_.ends_with("crun")) flags += " --cgroup-manager=disabled";
  return runtime + flags;
}

std::string ProbeContainer::ours() const {
  return command(std::string(GANTRY_RUNTIME " --config ") + bundle.path() + "/config.yaml");
}

void ProbeContainer::configure(const std::string& lines) const {
  write_file(bundle.path() + "/config.yaml", "runtime: " + runtime_ + "\n" + lines);
}

void ProbeContainer::expect_native() const { configure("emulator: " STAND_IN_EMULATOR "\n"); }

void ProbeContainer::emulate() const {
  configure("emulator: " STAND_IN_EMULATOR "\nemulate_native: true\n");
}

Ended ProbeContainer::shell(const std::string& script) const {
  return run_in_private_world({"/bin/sh", "-c", script});
}

Ended ProbeContainer::start(const std::string& command) const {
  bundle.write_config();
  return shell(command + " run --bundle " + bundle.directory() + " gantry-test");
}

std::string without_lines(const std::string& text, const std::string& what) {
  std::istringstream stream(text);
  std::string kept;
  for (std::string line; std::getline(stream, line);) {
    if (line.find(what) == std::string::npos) kept += line + "\n";
  }
  return kept;
}

}  // namespace gantry::test

#include "shim/install/engines.h"

namespace gantry::install {
namespace {

constexpr const char* kProgramFolders[] = {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/",
                                           "/usr/local/sbin/"};

constexpr Engine kEngines[] = {
    {"podman", "podman", plan_podman, nullptr, nullptr},
    {"docker", "dockerd", plan_docker, "systemctl reload docker",
     "systemctl daemon-reload && systemctl restart docker", "docker.pid"},
    {"containerd", "containerd", plan_containerd, "systemctl restart containerd",
     "systemctl restart containerd"},
    {"crio", "crio", plan_crio, "systemctl reload crio", "systemctl reload crio", nullptr, "crio"},
    {"buildkit", "buildkitd", plan_buildkit, "systemctl restart buildkit",
     "systemctl restart buildkit"},
};

}  // namespace

std::span<const Engine> engines() { return kEngines; }

const Engine* find_engine(const std::string& name) {
  for (const Engine& engine : kEngines) {
    if (name == engine.name) return &engine;
  }
  return nullptr;
}

bool is_present(const Engine& engine, const Tree& tree) {
  for (const char* folder : kProgramFolders) {
    if (tree.exists(std::string(folder) + engine.program)) return true;
  }
  return false;
}

std::string with_replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace gantry::install

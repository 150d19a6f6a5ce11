// How each container engine is told of gantry-runtime: the files it reads, and what they have to
// say. One row an engine; nothing here writes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "shim/install/tree.h"

namespace gantry::install {

struct Target {
  const Tree* tree = nullptr;
  bool rootless = false;
  bool as_default = false;
  std::string config_home;            // $XDG_CONFIG_HOME, absolute; for rootless installations
  std::string runtime;                // gantry-runtime as the engines see it
  std::string version_of_containerd;  // "1.7.24"; empty where it cannot be asked

  // The directory of a system-wide installation, or the same in the user's configuration.
  std::string config(const std::string& system, const std::string& user) const {
    return rootless ? config_home + user : system;
  }
};

// What a file has to be.
struct Wanted {
  std::string path;
  std::string text;
  // The file is ours as a whole: a drop-in. Otherwise it is an engine's, with our lines in it.
  bool drop_in = false;
};

// The text of a file as it was before any installation; empty when there was none.
using ReadOriginal = std::function<Result<std::string>(const std::string& path)>;

struct Engine {
  const char* name;
  const char* program;  // that is looked for to see whether the engine is there
  Result<std::vector<Wanted>> (*plan)(const Target& target, const ReadOriginal& read);
  const char* apply;          // what has it read its files again; null: it does anyway
  const char* apply_default;  // the same when a default of --set-as-default comes or goes
  // Where SIGHUP does it: the file below /run with the number of the main process, or the unit that
  // reloads. Null for those that have to be started anew: SIGHUP would end some of them.
  const char* pid_file = nullptr;
  const char* reloading_unit = nullptr;
};

std::span<const Engine> engines();
const Engine* find_engine(const std::string& name);
bool is_present(const Engine& engine, const Tree& tree);

Result<std::vector<Wanted>> plan_podman(const Target& target, const ReadOriginal& read);
Result<std::vector<Wanted>> plan_docker(const Target& target, const ReadOriginal& read);
Result<std::vector<Wanted>> plan_containerd(const Target& target, const ReadOriginal& read);
Result<std::vector<Wanted>> plan_crio(const Target& target, const ReadOriginal& read);
Result<std::vector<Wanted>> plan_buildkit(const Target& target, const ReadOriginal& read);

// The text of deploy/NAME, with the target's runtime in it.
std::string deploy_text(const char* name, const Target& target);

std::string with_replaced(std::string text, const std::string& from, const std::string& to);

}  // namespace gantry::install

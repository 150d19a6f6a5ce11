#include "shim/commands/command.h"

#include <cstdio>

#include "shim/install/engines.h"

namespace gantry {

CLI::App* add_command(CLI::App& to, const std::string& name, const std::string& description) {
  return to.add_subcommand(name, description);
}

void add_engine_option(CLI::App& command, std::vector<std::string>& engines) {
  std::vector<std::string> names = {"all"};
  for (const install::Engine& engine : install::engines()) names.push_back(engine.name);
  command
      .add_option("--engine", engines,
                  "podman, docker, containerd, crio, buildkit or all (default: those that are "
                  "there); may be repeated")
      ->type_name("ENGINE")
      ->check(CLI::IsMember(names));
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

int report(const Result<void>& result) {
  if (result) return 0;
  std::fprintf(stderr, "gantry: %s\n", result.error().message.c_str());
  return 1;
}

}  // namespace gantry

#include <cstdio>

#include "oci/json.h"
#include "oci/program_file.h"
#include "shim/commands/command.h"
#include "shim/settings.h"
#include "shim/version.h"

namespace gantry {
namespace {

Result<void> features(const std::optional<std::string>& config) {
  TRY_ASSIGN(Settings settings, load_settings(config));
  TRY_ASSIGN(Emulator emulator, find_emulator(settings.config));
  Json answer = {
      {"version", gantry_version()},
      {"host", machine_name(host_machine())},
      {"guests", Json::array()},
      {"emulator", emulator.path.empty() ? Json() : Json(emulator.path)},
      {"lowLevelRuntime", settings.low_level_runtime},
      {"rewrites", {"create", "run", "exec", "restore"}},
  };
  if (emulator.has_guests() && !emulator.path.empty()) answer["guests"].push_back("linux/amd64");
  std::printf("%s\n", answer.dump(2).c_str());
  return {};
}

}  // namespace

void add_features(CLI::App& app, Invocation& invocation) {
  auto* command = add_command(app, "features", "what this installation can do, as JSON");
  command->callback([&invocation] {
    invocation.action = [&invocation] { return report(features(invocation.config)); };
  });
}

}  // namespace gantry

// gantry: the person's tool.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "oci/bundle.h"
#include "oci/edits/edits.h"
#include "oci/edits/plan.h"
#include "oci/program_file.h"
#include "shim/doctor.h"
#include "shim/settings.h"
#include "shim/text_diff.h"
#include "shim/version.h"

namespace gantry {
namespace {

constexpr int kUsage = 2;

struct Options {
  std::optional<std::string> config;
  std::string bundle;
  bool diff = false;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void describe(const Plan& plan) {
  std::printf("emulator:  %s, mounted read-only at %s\n", plan.emulator.c_str(),
              plan.place.path.c_str());
  if (!plan.place.tmpfs.empty()) std::printf("tmpfs:     %s\n", plan.place.tmpfs.c_str());
  if (plan.process) std::printf("program:   %s\n", joined(plan.process->words).c_str());
  for (const HookLaunch& hook : plan.hooks) {
    std::printf("hook:      %s\n", joined(hook.launch.words).c_str());
  }
}

Result<void> inspect(const Options& options) {
  TRY_ASSIGN(Settings settings, load_settings(options.config));
  TRY_ASSIGN(Emulator emulator, find_emulator(settings.config));
  TRY_ASSIGN(Bundle bundle, Bundle::open(options.bundle));
  TRY_ASSIGN(GuestView view, bundle.view());
  TRY_ASSIGN(auto plan, plan_container(bundle.spec(), view, emulator));
  if (!plan) {
    if (!options.diff) std::printf("nothing would change: no program of it needs the emulator\n");
    return {};
  }
  if (!options.diff) {
    describe(*plan);
    return {};
  }
  Json spec = bundle.spec();
  apply_edits(spec, *plan);
  std::fputs(unified_diff(bundle.spec().dump(2), spec.dump(2)).c_str(), stdout);
  return {};
}

Result<void> features(const Options& options) {
  TRY_ASSIGN(Settings settings, load_settings(options.config));
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

int doctor(const Options& options) {
  constexpr const char* kWords[] = {"good", "warning", "broken"};
  std::vector<Finding> findings = examine_machine(options.config);
  for (const Finding& finding : findings) {
    std::printf("%-8s %-14s %s\n", kWords[static_cast<int>(finding.health)],
                finding.subject.c_str(), finding.text.c_str());
  }
  return exit_status(findings);
}

int report(const Result<void>& result) {
  if (result) return 0;
  std::fprintf(stderr, "gantry: %s\n", result.error().message.c_str());
  return 1;
}

int main_program(int argc, char** argv) {
  Options options;
  CLI::App app("Gantry: x86-64 (linux/amd64) containers on this machine.", "gantry");
  app.set_version_flag("--version,-v", std::string("gantry version ") + gantry_version());
  app.require_subcommand(1);
  app.add_option(
      "--config", options.config,
      std::string("configuration file (default: ") + kDefaultConfigPath + " where it exists)");
  app.footer("Keys of the configuration file:\n" + describe_config_keys());

  auto* inspect_command =
      app.add_subcommand("inspect", "show what gantry-runtime would change in a bundle");
  inspect_command->add_option("BUNDLE", options.bundle, "the bundle's directory")->required();
  inspect_command->add_flag("--diff", options.diff, "as a line difference of config.json");
  auto* features_command = app.add_subcommand("features", "what this installation can do, as JSON");
  app.add_subcommand("doctor",
                     "look for what would keep containers from running\n"
                     "(exit status 0: good, 1: broken, 3: warnings)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (inspect_command->parsed()) return report(inspect(options));
  if (features_command->parsed()) return report(features(options));
  return doctor(options);
}

}  // namespace
}  // namespace gantry

int main(int argc, char** argv) {
  try {
    return gantry::main_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gantry: unexpected: %s\n", error.what());
    return 1;
  }
}

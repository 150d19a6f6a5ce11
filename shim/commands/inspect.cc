#include <cstdio>
#include <memory>

#include "emulator/base/format.h"
#include "oci/bundle.h"
#include "oci/edits/edits.h"
#include "oci/edits/plan.h"
#include "shim/commands/command.h"
#include "shim/image_facts.h"
#include "shim/settings.h"
#include "shim/text_diff.h"
#include "shim/tuning.h"

namespace gantry {
namespace {

struct Options {
  std::string bundle;
  bool diff = false;
};

void describe(const char* what, const Launch& launch) {
  std::printf("%-10s %s\n", (std::string(what) + ":").c_str(),
              printable(joined(launch.words)).c_str());
  const std::string& profile = launch.profile;
  std::printf("profile:   %s\n", profile.empty() ? "none fits" : printable(profile).c_str());
  const std::string& remark = launch.code_store_remark;
  if (!remark.empty()) std::printf("cache:     %s\n", remark.c_str());
}

void describe(const Plan& plan) {
  std::printf("emulator:  %s, mounted read-only at %s\n", plan.emulator.c_str(),
              plan.place.path.c_str());
  if (!plan.place.tmpfs.empty()) std::printf("tmpfs:     %s\n", plan.place.tmpfs.c_str());
  if (plan.process) describe("program", *plan.process);
  for (const HookLaunch& hook : plan.hooks) describe("hook", hook.launch);
}

Result<void> inspect(const std::optional<std::string>& config, const Options& options) {
  TRY_ASSIGN(Settings settings, load_settings(config));
  TRY_ASSIGN(Emulator emulator, find_emulator(settings.config));
  TRY_ASSIGN(Bundle bundle, Bundle::open(options.bundle));
  TRY_ASSIGN(GuestView view, bundle.view());
  apply_profiles(emulator, settings.config,
                 [&] { return image_facts_of(options.bundle, bundle.spec()); });
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

}  // namespace

void add_inspect(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(app, "inspect", "show what gantry-runtime would change in a bundle");
  command->add_option("BUNDLE", options->bundle, "the bundle's directory")->required();
  command->add_flag("--diff", options->diff, "as a line difference of config.json");
  command->callback([&invocation, options] {
    invocation.action = [&invocation, options] {
      return report(inspect(invocation.config, *options));
    };
  });
}

}  // namespace gantry

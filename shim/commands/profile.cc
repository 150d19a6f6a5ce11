#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "emulator/base/format.h"
#include "oci/bundle.h"
#include "shim/commands/command.h"
#include "shim/image_facts.h"
#include "shim/settings.h"
#include "shim/tuning.h"

namespace gantry {
namespace {

using Words = std::vector<std::string>;

struct Options {
  std::string name;    // show
  Words files;         // validate
  std::string bundle;  // match
  ImageFacts image;    // match, by flags
  ProgramFacts program;
};

constexpr const char* kNoProfile = "no profile fits: the configuration alone counts\n";

const char* origin_of(const Profile& profile) {
  return profile.is_administrators ? "administrator" : "built-in";
}

Result<void> list(const Config& config) {
  TRY_ASSIGN(std::vector<Profile> profiles, load_profiles(config));
  for (const Profile& profile : profiles) {
    std::printf("%-24s %-14s %s\n", profile.called().c_str(), origin_of(profile),
                profile.description.value_or("").c_str());
  }
  return {};
}

Result<void> show(const Config& config, const std::string& name) {
  TRY_ASSIGN(std::vector<Profile> profiles, load_profiles(config));
  for (const Profile& profile : profiles) {
    if (profile.called() != name) continue;
    std::printf("# %s (%s)\n", profile.file.c_str(), origin_of(profile));
    for (const std::string& option : emulator_options_of(profile)) {
      std::printf("# gantry-x64 %s\n", option.c_str());
    }
    std::fflush(stdout);
    std::cout << std::ifstream(profile.file).rdbuf();
    return {};
  }
  return make_error(ENOENT, "there is no profile `%s`; see gantry profile list", name.c_str());
}

// Without files: all that would be loaded.
Result<void> validate(const std::optional<std::string>& config_path, const Words& files) {
  for (const std::string& file : files) {
    TRY_ASSIGN(Profile profile, load_profile(file, true));
    std::printf("%s: good (%s)\n", file.c_str(), profile.called().c_str());
  }
  if (!files.empty()) return {};
  TRY_ASSIGN(Config config, read_settings_file(config_path));
  TRY_ASSIGN(std::vector<Profile> profiles, load_profiles(config));
  for (const Profile& profile : profiles) {
    std::printf("%s: good (%s)\n", profile.file.c_str(), profile.called().c_str());
  }
  return {};
}

void print_match(const Config& config, const std::vector<Profile>& profiles,
                 const ImageFacts& image, const ProgramFacts& program) {
  std::vector<Candidate> fitting = fitting_profiles(profiles, image, program);
  std::string refusal = refusal_of_name(profiles, image);
  if (!refusal.empty()) std::printf("not used: %s\n", printable(refusal).c_str());
  if (fitting.empty()) std::fputs(kNoProfile, stdout);
  for (const Candidate& candidate : fitting) {
    std::printf("%-9s %s: %s\n", &candidate == &fitting.front() ? "used:" : "weaker:",
                candidate.profile->called().c_str(), printable(candidate.text).c_str());
  }
  LaunchSettings settings = launch_settings_of(config, fitting.empty() ? nullptr : &fitting[0]);
  for (const std::string& option : settings.options) std::printf("option:   %s\n", option.c_str());
  for (const std::string& word : settings.arguments) std::printf("argument: %s\n", word.c_str());
}

// The programs of a bundle, as gantry-runtime sees them.
Result<void> match_bundle(const Config& config, const std::vector<Profile>& profiles,
                          const std::string& directory) {
  TRY_ASSIGN(Emulator emulator, find_emulator(config));
  TRY_ASSIGN(Bundle bundle, Bundle::open(directory));
  TRY_ASSIGN(GuestView view, bundle.view());
  ImageFacts image = image_facts_of(directory, bundle.spec());
  bool any = false;
  emulator.find_settings = [&](const GuestView& files,
                               const Program& program) -> Result<LaunchSettings> {
    any = true;
    std::printf("program:  %s\n", printable(program.path).c_str());
    print_match(config, profiles, image, program_facts_of(files, program));
    return LaunchSettings();
  };
  TRY_ASSIGN(auto plan, plan_container(bundle.spec(), view, emulator));
  if (!any) std::printf("no program of the bundle needs the emulator%s\n", plan ? " any more" : "");
  return {};
}

Result<void> match(const Config& config, const Options& options) {
  TRY_ASSIGN(std::vector<Profile> profiles, load_profiles(config));
  if (!options.bundle.empty()) return match_bundle(config, profiles, options.bundle);
  print_match(config, profiles, options.image, options.program);
  return {};
}

Result<void> keys() {
  for (const Key& key : all_keys()) {
    constexpr const char* kPlaces[] = {"configuration", "both", "profile", "match"};
    std::printf("%-14s %-29s %s%s%s\n    %s\n", kPlaces[static_cast<std::size_t>(key.place)],
                key.name, key.shape, *key.option ? "; gantry-x64 " : "", key.option, key.meaning);
  }
  return {};
}

using Run = Result<void> (*)(const Config& config, const Options& options);

CLI::App* add(CLI::App& group, Invocation& invocation, const std::shared_ptr<Options>& options,
              const char* name, const char* meaning, Run run) {
  auto* command = add_command(group, name, meaning);
  command->callback([&invocation, options, run] {
    invocation.action = [&invocation, options, run] {
      Result<Config> config = read_settings_file(invocation.config);
      return report(config ? run(*config, *options) : config.take_error());
    };
  });
  return command;
}

void add_match(CLI::App& group, Invocation& invocation, const std::shared_ptr<Options>& options) {
  auto* command =
      add(group, invocation, options, "match",
          "which profile a program gets and why, and which others fit less well", match);
  auto* bundle =
      command->add_option("--bundle", options->bundle, "of a bundle's programs")->type_name("DIR");
  for (CLI::Option* fact :
       {command->add_option("--image", options->image.references, "an image's reference")
            ->type_name("NAME"),
        command->add_option("--digest", options->image.digests, "an image's digest, sha256:...")
            ->type_name("DIGEST"),
        command
            ->add_option("--named", options->image.named,
                         std::string("the value of ") + kProfileAnnotation)
            ->type_name("NAME"),
        command->add_option("--program", options->program.paths, "a program's path")
            ->type_name("PATH"),
        command->add_option("--build-id", options->program.build_id, "its build ID")
            ->type_name("ID")}) {
    fact->excludes(bundle);
  }
}

}  // namespace

void add_profile(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  CLI::App& group = *add_command(app, "profile", "what images and programs need, and why");
  group.require_subcommand(1);
  add(group, invocation, options, "list", "all profiles, in the order in which equals count",
      [](const Config& config, const Options&) { return list(config); });
  add(group, invocation, options, "show", "a profile's file and what it gives to the emulator",
      [](const Config& config, const Options& given) { return show(config, given.name); })
      ->add_option("NAME", options->name, "the profile")
      ->required();
  auto* check = add_command(group, "validate", "look for mistakes in profiles");
  check->add_option("FILE", options->files, "profiles (default: all that would be loaded)");
  check->callback([&invocation, options] {
    invocation.action = [&invocation, options] {
      return report(validate(invocation.config, options->files));
    };
  });
  add_match(group, invocation, options);
  add_command(group, "keys", "the keys of profiles and of the configuration file")
      ->callback([&invocation] { invocation.action = [] { return report(keys()); }; });
}

}  // namespace gantry

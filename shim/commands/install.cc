// install, uninstall, status.
#include "shim/install/install.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "shim/commands/command.h"
#include "shim/install/reload.h"

namespace gantry {
namespace {

using install::Condition;
using install::Options;
using install::Reload;
using install::Report;
using install::Step;

constexpr int kSomethingKept = 1;
constexpr int kChanged = 3;

void print_step(const Step& step, bool dry_run) {
  constexpr const char* kDone[] = {"created", "changed", "removed", "restored", "as it is", "kept"};
  constexpr const char* kWould[] = {"create", "change", "remove", "restore", "leave", "keep"};
  std::printf("%-9s %-11s %s%s%s\n", (dry_run ? kWould : kDone)[step.kind], step.part.c_str(),
              step.path.c_str(), step.reason.empty() ? "" : ": ", step.reason.c_str());
}

void print_report(const Report& report, bool dry_run) {
  if (report.recovered) std::printf("an interrupted installation was taken back first\n");
  for (const Step& step : report.steps) print_step(step, dry_run);
  for (const std::string& difference : report.differences) std::fputs(difference.c_str(), stdout);
}

void print_advice(const install::Engine& engine, const Options& options, bool changes_default) {
  const char* command = changes_default ? engine.apply_default : engine.apply;
  if (!command) return;
  std::string text = command;
  if (options.place.rootless) {
    text = install::with_replaced(text, "systemctl ", "systemctl --user ");
  }
  std::printf("%s reads its configuration after: %s\n", engine.name, text.c_str());
}

// --reload. What needs more than a reload is left to the advice.
Result<void> reload(const install::Engine& engine, const Options& options, bool changes_default) {
  Reload way = install::find_reload(engine, options.place.rootless);
  bool is_enough = !changes_default || engine.apply == engine.apply_default;
  if (!engine.apply) return {};
  if (way.kind == Reload::kNeedsRestart || !is_enough) {
    print_advice(engine, options, changes_default);
  }
  if (way.kind == Reload::kNeedsRestart) return {};
  if (way.kind == Reload::kNotRunning) {
    std::printf("%s does not run: it reads its configuration when it starts\n", engine.name);
    return {};
  }
  if (!options.dry_run) TRY(install::reload_engine(way, options.place.rootless));
  std::printf("%s %s its configuration again: %s\n", engine.name,
              options.dry_run ? "would read" : "reads", way.text.c_str());
  return {};
}

// Nothing is restarted here: that ends containers, at a time which the administrator chooses.
int tell_engines(const Report& report, const Options& options) {
  int status = 0;
  for (const std::string& name : report.engines) {
    const install::Engine& engine = *install::find_engine(name);
    bool changes_default = options.as_default || report.changes_default_of(name);
    if (options.reloads) {
      status = std::max(status, gantry::report(reload(engine, options, changes_default)));
    } else if (!options.dry_run) {
      print_advice(engine, options, changes_default);
    }
  }
  return status;
}

int run_install(const Options& options) {
  Result<Report> report = install::install(options);
  if (!report) return gantry::report(report.error());
  print_report(*report, options.dry_run);
  if (!options.dry_run && report->engines.empty()) {
    std::printf("no container engine was found here; name one with --engine\n");
  }
  return tell_engines(*report, options);
}

int run_uninstall(const Options& options) {
  Result<Report> report = install::uninstall(options);
  if (!report) return gantry::report(report.error());
  print_report(*report, options.dry_run);
  if (report->steps.empty()) std::printf("nothing is installed\n");
  int status = tell_engines(*report, options);
  return report->has_kept() ? kSomethingKept : status;
}

int run_status(const Options& options) {
  constexpr const char* kConditions[] = {"as installed", "changed", "missing"};
  Result<install::Status> status = install::status(options.place);
  if (!status) return report(status.error());
  bool all_good = !status->interrupted;
  for (const install::StatusRow& row : status->files) {
    all_good = all_good && row.condition == Condition::kAsInstalled;
    std::printf("%-13s %-11s %s\n", kConditions[static_cast<int>(row.condition)], row.part.c_str(),
                row.path.c_str());
  }
  for (const std::string& engine : status->present_engines) {
    auto is_part = [&](const install::StatusRow& row) { return row.part == engine; };
    if (std::none_of(status->files.begin(), status->files.end(), is_part)) {
      std::printf("%-13s %-11s gantry install --engine %s\n", "not told", engine.c_str(),
                  engine.c_str());
    }
  }
  if (status->interrupted) {
    std::printf("an installation was interrupted; the next install or uninstall takes it back\n");
  }
  if (status->files.empty() && !status->interrupted) {
    std::printf("nothing is installed\n");
    return 1;
  }
  return all_good ? 0 : kChanged;
}

void add_place(CLI::App& command, Options& options) {
  command.add_flag("--rootless", options.place.rootless,
                   "for yourself alone: files in your home directory");
  command
      .add_option("--root", options.place.root,
                  "the machine's files are below DIR, as when an image of one is built")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--prefix", options.place.prefix,
                  "programs below DIR (default: /usr/local for commands, /usr for the emulator)")
      ->type_name("DIR");
}

void add_engines(CLI::App& command, Options& options) {
  add_engine_option(command, options.engines);
  command.add_flag("--dry-run", options.dry_run, "only say what would be done");
  command
      .add_flag("--reload", options.reloads,
                "have running engines read their configuration again where that is possible "
                "without a restart: docker, crio")
      ->excludes(command.get_option("--root"));
}

using Run = int (*)(const Options& options);

CLI::App* add(CLI::App& app, Invocation& invocation, const char* name, const char* description,
              const std::shared_ptr<Options>& options, Run run) {
  auto* command = add_command(app, name, description);
  add_place(*command, *options);
  command->callback([&invocation, options, run] {
    invocation.action = [options, run] { return run(*options); };
  });
  return command;
}

}  // namespace

void add_install(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add(app, invocation, "install",
                      "put the programs in place and tell container engines of gantry-runtime",
                      options, run_install);
  add_engines(*command, *options);
  command->add_flag("--set-as-default", options->as_default,
                    "use it for every container; native ones are handed on as they are");
}

void add_uninstall(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add(app, invocation, "uninstall",
                      "put back what was there before `install`\n"
                      "(exit status 1: something was left in place, as it says)",
                      options, run_uninstall);
  add_engines(*command, *options);
  command->add_flag("--force", options->force, "also remove emulators that running containers use");
}

void add_status(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  add(app, invocation, "status",
      "what is installed, and whether it is as it was installed\n"
      "(exit status 0: it is, 1: nothing is installed, 3: something changed)",
      options, run_status);
}

}  // namespace gantry

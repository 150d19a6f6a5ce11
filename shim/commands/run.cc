// gantry run: a container without an engine.
#include "shim/embedded/run.h"

#include <memory>

#include "shim/commands/command.h"
#include "shim/commands/run_options.h"
#include "shim/settings.h"

namespace gantry {
namespace {

void add_root_options(CLI::App& run, RunOptions& options) {
  auto* rootfs = run.add_option("--rootfs", options.rootfs,
                                "directory that is the root file system; it is written to")
                     ->type_name("DIR");
  auto* image = run.add_option("--image", options.image,
                               "OCI layout (directory or archive) or archive of `docker save`, "
                               "PATH[:NAME]; unpacked once, never changed")
                    ->type_name("PATH");
  rootfs->excludes(image);
  run.add_option("--data", options.data,
                 "where images and runs are kept (default: /var/lib/gantry for root, else "
                 "$XDG_DATA_HOME/gantry)")
      ->type_name("DIR");
  run.add_option("--platform", options.platform, "image of an index that is chosen")
      ->type_name("OS/ARCH")
      ->capture_default_str();
  run.add_flag("--read-only", options.is_read_only, "the root file system cannot be written");
  run.add_option("-v,--bind,--volume", options.binds, "shows SRC of this machine at DST")
      ->type_name("SRC:DST[:ro]")
      ->allow_extra_args(false);
  run.add_option("--tmpfs", options.tmpfs, "an empty file system in memory")
      ->type_name("DST[:OPTIONS]")
      ->allow_extra_args(false);
}

void add_process_options(CLI::App& run, RunOptions& options) {
  run.add_option("-e,--env", options.environment, "a variable; without VALUE with its value here")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
  run.add_option("-w,--workdir", options.directory, "working directory in the container")
      ->type_name("DIR");
  run.add_option("-u,--user", options.user, "names of the container or numbers")
      ->type_name("USER[:GROUP]");
  run.add_option("--entrypoint", options.entrypoint, "program instead of the image's")
      ->type_name("PROGRAM");
  run.add_flag("-t,--tty", options.has_terminal, "with a terminal of its own");
  run.add_flag("-i,--interactive", options.has_input, "with this standard input");
  run.add_option("--hostname", options.host_name, "host name")->type_name("NAME");
  // The container's changes are always removed with it.
  run.add_flag("--rm", options.removes, "accepted, as every run cleans up after itself");
}

void add_limit_options(CLI::App& run, RunOptions& options) {
  run.add_option("--network", options.network, "none: a loopback interface only; host: this host's")
      ->check(CLI::IsMember({"none", "host"}))
      ->capture_default_str();
  run.add_option("-m,--memory", options.memory, "limit of memory, as 512m (cgroup version 2)")
      ->type_name("SIZE");
  run.add_option("--pids,--pids-limit", options.processes,
                 "limit of processes and threads (cgroup version 2)")
      ->type_name("NUMBER")
      ->check(CLI::PositiveNumber);
  run.add_option("--ulimit", options.limits, "resource limit, as nofile=1024:4096")
      ->type_name("NAME=SOFT[:HARD]")
      ->allow_extra_args(false);
  run.add_option("--cap-add", options.added_capabilities, "capability to add")
      ->type_name("CAP")
      ->allow_extra_args(false);
  run.add_option("--cap-drop", options.dropped_capabilities, "capability to drop, or all")
      ->type_name("CAP")
      ->allow_extra_args(false);
  run.add_option("--security-opt", options.security, "no-new-privileges or seccomp=unconfined")
      ->type_name("OPTION")
      ->allow_extra_args(false);
}

// As with podman, of an option that is given twice the last counts, unless it makes a list.
void let_last_count(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_items_expected_max() == 1) option->take_last();
  }
}

}  // namespace

void add_container_options(CLI::App& command, RunOptions& options) {
  add_root_options(command, options);
  add_process_options(command, options);
  command.add_flag("-q,--quiet", options.is_quiet, "no progress while an image is unpacked");
  let_last_count(command);
}

void take_command(RunOptions& options, const std::vector<std::string>& words) {
  options.command = words;
  if (options.rootfs.empty() && options.image.empty()) {
    throw CLI::RequiredError("--rootfs or --image");
  }
}

int run_with_config(const std::optional<std::string>& path,
                    const std::function<int(const Config&)>& run) {
  Result<Config> config = read_settings_file(path);
  if (config) return run(*config);
  std::fprintf(stderr, "gantry: %s\n", config.error().message.c_str());
  return kOwnError;
}

void add_run(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* run = add_command(
      app, "run",
      "run a container without an engine: gantry run --rootfs DIR|--image PATH [OPTIONS] "
      "[-- PROGRAM [ARGS…]]");
  add_container_options(*run, *options);
  add_limit_options(*run, *options);
  run->add_flag("--show-spec", options->shows_spec,
                "print the container's document (OCI runtime-spec) and do not run it");
  let_last_count(*run);
  run->preparse_callback([&invocation](std::size_t) { invocation.usage_status = kOwnError; });
  run->callback([&invocation, options] {
    take_command(*options, invocation.words);
    invocation.action = [&invocation, options] {
      return run_with_config(invocation.config,
                             [&](const Config& config) { return run_container(*options, config); });
    };
  });
}

}  // namespace gantry

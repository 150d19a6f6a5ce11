// gantry-runtime: the OCI runtime. Same command line as runc(8) and crun(1).

#include <cstdio>
#include <exception>
#include <string>

#include "emulator/base/log.h"
#include "shim/command_line.h"
#include "shim/low_level.h"
#include "shim/rewrite.h"
#include "shim/runtime_log.h"
#include "shim/settings.h"
#include "shim/version.h"

namespace gantry {
namespace {

constexpr const char* kHelp = R"(Usage: gantry-runtime [GLOBAL FLAGS] COMMAND [FLAGS] [ARGUMENTS]

The OCI runtime for x86-64 (linux/amd64) containers on this machine. It takes the command line of
runc and crun, puts the emulator gantry-x64 into a container whose program is an x86-64 one, and
lets crun (or else runc) do the work. Other containers reach crun unchanged.

Commands that may be rewritten:
  create, run, restore   the bundle's config.json, when its program is an x86-64 one
  exec                   the process document or command, in such a container
All others (start, state, kill, delete, list, ps, pause, resume, update, events, checkpoint,
features, spec, ...) are handed on as they are; COMMAND --help is the low-level runtime's.

Global flags, as --flag=VALUE or --flag VALUE:
  --config FILE          our configuration (default: config.yaml and conf.d/*.yaml in /etc/gantry)
  --root DIR             where the low-level runtime keeps its state
  --log FILE             write errors to FILE too (default: standard error)
  --log-format FORMAT    text (default) or json
  --log-level LEVEL      debug: say what was decided (crun)
  --debug                the same
  --systemd-cgroup       use systemd for cgroups
  --cgroup-manager NAME  cgroupfs, systemd or disabled (crun)
  --rootless VALUE       true, false or auto
  --version, -v          our version and the low-level runtime's
  --help, -h             this text
Flags that are not listed are handed on.

Keys of the configuration file:
)";

void note(const RuntimeLog& log, const CommandLine& line, const std::string& text) {
  log.debug("gantry-runtime " + line.command + ": " + text);
}

Result<void> rewrite(CommandLine& line, const Settings& settings, const RuntimeLog& log) {
  bool is_exec = line.command == "exec";
  bool is_create = line.command == "create" || line.command == "run" || line.command == "restore";
  if (!is_exec && !is_create) return {};
  // podman probes commands with --help and with flags that lack a value.
  FlagList flags = is_exec ? parse_exec_flags(line.arguments) : parse_create_flags(line.arguments);
  if (flags.positional.empty() || flags.find("help")) return {};
  TRY_ASSIGN(Emulator emulator, find_emulator(settings.config));
  if (!emulator.has_guests()) return {};
  std::string text;
  TRY(is_exec ? rewrite_exec(line, settings, std::move(emulator), text)
              : rewrite_bundle(line, settings, std::move(emulator), text));
  note(log, line, text);
  return {};
}

Error hand_over(const CommandLine& line, const Settings& settings) {
  Words words = line.globals;
  if (!line.command.empty()) words.push_back(line.command);
  words.insert(words.end(), line.arguments.begin(), line.arguments.end());
  return exec_program(settings.low_level_runtime, words);
}

Result<void> print_version(const CommandLine& line, const Settings& settings) {
  std::printf("gantry-runtime version %s\n", gantry_version());
  TRY_ASSIGN(Output output, run_program(settings.low_level_runtime, query_globals(line)));
  std::fputs(output.text.c_str(), stdout);
  return {};
}

// Returns only when there is nothing to hand over.
Result<void> run(CommandLine& line, const RuntimeLog& log) {
  bool asks_version = line.command.empty() && line.global_flags.find("version");
  bool asks_help = line.global_flags.find("help") || (line.command.empty() && !asks_version);
  if (asks_help || line.command == "help") {
    std::printf("%s%s", kHelp, describe_config_keys().c_str());
    return {};
  }
  TRY_ASSIGN(Settings settings, load_settings(line.config));
  if (asks_version) return print_version(line, settings);
  TRY(rewrite(line, settings, log));
  return hand_over(line, settings);
}

// The status of runc and crun, whose exec leaves 1 to the program.
int fail(const RuntimeLog& log, const std::string& command, const std::string& message) {
  log.error(message);
  return command == "exec" ? 255 : 1;
}

int main_program(int count, char** values) {
  Words words(values + 1, values + count);
  Result<CommandLine> line = parse_command_line(words);
  if (!line) return fail(RuntimeLog(FlagList()), "", line.error().message);
  RuntimeLog log(line->global_flags);
  // Libraries report what they cannot do (no memory) by exceptions.
  try {
    Result<void> result = run(*line, log);
    return result ? 0 : fail(log, line->command, result.error().message);
  } catch (const std::exception& error) {
    return fail(log, line->command, std::string("unexpected: ") + error.what());
  }
}

}  // namespace
}  // namespace gantry

int main(int argc, char** argv) { return argc > 0 ? gantry::main_program(argc, argv) : 1; }

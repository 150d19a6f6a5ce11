// binfmt register, unregister, status.
#include "shim/install/binfmt.h"

#include <cstdio>
#include <memory>

#include "shim/commands/command.h"
#include "shim/settings.h"

namespace gantry {
namespace {

using install::BinfmtEntry;
using install::PlaceOptions;

constexpr int kNotRegistered = 1;
constexpr int kConflicts = 3;

Result<Emulator> emulator_of(const std::optional<std::string>& config) {
  TRY_ASSIGN(Config read, read_settings_file(config));
  TRY_ASSIGN(Emulator emulator, find_emulator(read));
  if (!emulator.path.empty()) return emulator;
  return make_error(ENOENT, "gantry-x64 was not found: run `gantry install`");
}

Result<void> register_entry(const std::optional<std::string>& config, const PlaceOptions& place) {
  TRY_ASSIGN(Config read, read_settings_file(config));
  TRY_ASSIGN(Emulator emulator, place.is_this_machine() ? emulator_of(config)
                                                        : install::emulator_in_tree(place, read));
  return install::register_binfmt(place, emulator);
}

void print_entry(const BinfmtEntry& entry, const std::string& emulator) {
  const char* what = entry.is_ours() ? "" : "  (not ours)";
  if (entry.is_ours() && entry.interpreter != emulator) what = "  (not the newest emulator)";
  std::printf("%-9s %-16s %s flags %s%s\n", entry.enabled ? "enabled" : "disabled",
              entry.name.c_str(), entry.interpreter.c_str(), entry.flags.c_str(), what);
}

// The kernel asks the entry that was registered last, and systemd-binfmt registers in the order of
// the files' names.
void print_conflict(const BinfmtEntry& entry) {
  std::printf(
      "%s starts x86-64 programs, too, and is left alone. To disable it now:\n"
      "  echo 0 >/proc/sys/fs/binfmt_misc/%s\n"
      "and at boot, where a file in /usr/lib/binfmt.d registers it:\n"
      "  ln -s /dev/null /etc/binfmt.d/%s.conf\n",
      entry.name.c_str(), entry.name.c_str(), entry.name.c_str());
}

// Of a machine that does not run: what its kernel will be told.
Result<int> print_boot_status(const PlaceOptions& place) {
  TRY_ASSIGN(std::string file, install::boot_file(place));
  if (file.empty()) {
    std::printf("gantry is not registered: gantry binfmt register --root %s\n", place.root.c_str());
    return kNotRegistered;
  }
  std::printf("%s registers gantry when the machine starts\n", file.c_str());
  return 0;
}

Result<int> print_status(const std::optional<std::string>& config, const PlaceOptions& place) {
  if (!place.is_this_machine()) return print_boot_status(place);
  TRY_ASSIGN(std::vector<BinfmtEntry> entries, install::x86_64_entries());
  Result<Emulator> emulator = emulator_of(config);
  std::string path = emulator ? emulator->path : "";
  bool is_registered = false, has_conflicts = false;
  for (const BinfmtEntry& entry : entries) {
    print_entry(entry, path);
    is_registered = is_registered || (entry.is_ours() && entry.enabled);
    bool is_conflict = !entry.is_ours() && entry.enabled;
    has_conflicts = has_conflicts || is_conflict;
    if (is_conflict) print_conflict(entry);
  }
  if (!is_registered) std::printf("gantry is not registered: gantry binfmt register\n");
  return !is_registered ? kNotRegistered : has_conflicts ? kConflicts : 0;
}

int status(const std::optional<std::string>& config, const PlaceOptions& place) {
  Result<int> result = print_status(config, place);
  return result ? *result : report(result.error());
}

}  // namespace

void add_binfmt(CLI::App& app, Invocation& invocation) {
  auto place = std::make_shared<PlaceOptions>();
  auto* command = add_command(app, "binfmt",
                              "have the kernel start x86-64 programs by the emulator, which gives\n"
                              "set-user-ID programs (sudo) of containers their rights");
  command->require_subcommand(1);
  auto add = [&](const char* name, const char* text, auto run) {
    auto* action = add_command(*command, name, text);
    action
        ->add_option("--root", place->root,
                     "the machine's files are below DIR, as when an image of one is built")
        ->type_name("DIR")
        ->check(CLI::ExistingDirectory);
    action->callback([&invocation, run] { invocation.action = run; });
  };
  add("register", "now, and in /etc/binfmt.d for the next boot; with --root only the latter",
      [&invocation, place] {
        Result<void> done = register_entry(invocation.config, *place);
        return done ? status(invocation.config, *place) : report(done);
      });
  add("unregister", "take both back",
      [place] { return report(install::unregister_binfmt(*place)); });
  add("status",
      "entries for x86-64 programs\n(exit status 1: ours is not there, 3: another is, too)",
      [&invocation, place] { return status(invocation.config, *place); });
}

}  // namespace gantry

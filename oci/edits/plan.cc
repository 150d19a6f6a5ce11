#include "oci/edits/plan.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "oci/mount.h"

namespace gantry {
namespace {

// The init programs that engines bind over the container for --init, followed by "--" and the
// image's command. They are programs of this host, so what is looked at is the command.
constexpr std::array<std::string_view, 4> kEngineInits = {"/run/podman-init", "/dev/init",
                                                          "/sbin/docker-init", "/dev/docker-init"};

bool is_engine_init(const GuestView& view, const std::vector<std::string>& args) {
  if (args.size() < 3 || args[1] != "--") return false;
  if (std::find(kEngineInits.begin(), kEngineInits.end(), args[0]) == kEngineInits.end()) {
    return false;
  }
  const Mount* mount = view.covering(args[0]);
  return mount && mount->is_bind() && mount->destination == args[0];
}

// Hooks that run before the program is started and may put it in place (config.md, "POSIX-platform
// Hooks").
constexpr std::array<const char*, 3> kPreparingHooks = {"prestart", "createRuntime",
                                                        "createContainer"};

bool has_preparing_hooks(const Json& spec) {
  const Json* hooks = member(spec, "hooks");
  if (!hooks) return false;
  return std::any_of(kPreparingHooks.begin(), kPreparingHooks.end(), [&](const char* kind) {
    const Json* list = member(*hooks, kind);
    return list && list->is_array() && !list->empty();
  });
}

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

Result<std::string> working_directory(const Json& process, const GuestView& view) {
  const Json* value = member(process, "cwd");
  if (!value) return std::string("/");
  const std::string* directory = value->get_ptr<const std::string*>();
  if (!directory) return make_error(EINVAL, "process.cwd is not a string");
  // A descriptor of the runtime's, reached through /proc/self/fd, would be a directory of the host.
  if (view.is_in_proc(*directory)) {
    return make_error(EINVAL, "refused: process.cwd `%s` lies in a proc filesystem",
                      directory->c_str());
  }
  return *directory;
}

// What execve of `query` would need: nothing when the program is native, or of a kind that is not
// ours to judge.
Result<std::optional<Program>> find_guest(const ProgramQuery& query, const GuestView& view,
                                          const Emulator& emulator, bool may_appear) {
  Result<Program> program = find_program(view, query);
  if (!program) {
    int code = program.error().code;
    if (code == EXDEV || (code == ENOENT && may_appear)) return std::optional<Program>();
    return program.take_error();
  }
  if (!emulator.must_emulate(program->file)) return std::optional<Program>();
  return std::optional<Program>(std::move(*program));
}

struct Surroundings {
  const GuestView& view;
  const Emulator& emulator;
  const Place& place;
  bool programs_may_appear;
  CodeStoreMount code_store = {};  // to be mounted

  bool starts_already(const std::string& name) const {
    return !place.path.empty() && name == place.path;
  }
};

// The emulator's options to use stored code. In a container that exists there is only what was
// mounted when it was created.
std::vector<std::string> use_code_store(Surroundings& around, const CodeStoreMount& wanted) {
  if (wanted.source.empty()) return {};
  std::string mounted = around.place.code_store;
  if (!around.place.is_mounted) {
    if (around.code_store.source.empty()) around.code_store = wanted;
    mounted = around.code_store.source;
  }
  if (mounted != wanted.source) return {};
  std::vector<std::string> options = {"--code-store=" + around.place.code_directory()};
  if (!wanted.is_writable) options.push_back("--code-store-read-only");
  return options;
}

// gantry-x64's own command line: options end at the first word that is not one.
Result<std::optional<Launch>> launch_of(Surroundings& around, std::size_t index,
                                        const std::string& argv0, const Program& program) {
  LaunchSettings settings = {around.emulator.options, {}, ""};
  if (around.emulator.find_settings) {
    TRY_ASSIGN(settings, around.emulator.find_settings(around.view, program));
  }
  Launch launch = {index, {around.place.path}, settings.profile, settings.code_store_remark};
  append(launch.words, use_code_store(around, settings.code_store));
  append(launch.words, settings.options);
  std::string path = program.path.starts_with('-') ? "./" + program.path : program.path;
  if (argv0 != path) launch.words.push_back("--argv0=" + argv0);
  launch.words.push_back(std::move(path));
  append(launch.words, settings.arguments);
  return std::optional(std::move(launch));
}

Result<std::optional<Launch>> plan_args(const Json& process, Surroundings& around) {
  TRY_ASSIGN(auto args, string_list(member(process, "args"), "process.args"));
  if (args.empty()) return make_error(EINVAL, "process.args is empty: no program to start");
  ProgramQuery query;
  std::size_t index = is_engine_init(around.view, args) ? 2 : 0;
  query.name = args[index];
  TRY_ASSIGN(query.directory, working_directory(process, around.view));
  TRY_ASSIGN(query.environment, string_list(member(process, "env"), "process.env"));
  if (around.starts_already(query.name)) return std::optional<Launch>();
  TRY_ASSIGN(auto program,
             find_guest(query, around.view, around.emulator, around.programs_may_appear));
  if (!program) return std::optional<Launch>();
  return launch_of(around, index, query.name, *program);
}

// config.md, "POSIX-platform Hooks": path is absolute, args are as execv's, argv[0] included.
Result<std::optional<Launch>> plan_hook(const Json& hook, Surroundings& around) {
  ProgramQuery query;
  const std::string* path = string_member(hook, "path");
  if (!path) return make_error(EINVAL, "a startContainer hook has no path");
  query.name = *path;
  if (around.starts_already(query.name)) return std::optional<Launch>();
  TRY_ASSIGN(auto args, string_list(member(hook, "args"), "hooks.startContainer[].args"));
  TRY_ASSIGN(auto program, find_guest(query, around.view, around.emulator, true));
  if (!program) return std::optional<Launch>();
  const std::string& argv0 = args.empty() ? query.name : args[0];
  return launch_of(around, 0, argv0, *program);
}

Result<std::vector<HookLaunch>> plan_hooks(const Json& spec, Surroundings& around) {
  std::vector<HookLaunch> launches;
  const Json* hooks = member(spec, "hooks");
  const Json* list = hooks ? member(*hooks, "startContainer") : nullptr;
  if (!list || !list->is_array()) return launches;
  for (std::size_t i = 0; i < list->size(); i++) {
    TRY_ASSIGN(auto launch, plan_hook((*list)[i], around));
    if (launch) launches.push_back({i, std::move(*launch)});
  }
  return launches;
}

}  // namespace

bool Emulator::has_guests() const { return machine != EM_X86_64 || emulate_native; }

bool Emulator::must_emulate(const ProgramFile& program) const {
  // ELFCLASS32 with this machine is the x32 ABI, which the emulator refuses by name.
  return program.format == ProgramFormat::kElf && program.machine == EM_X86_64 && has_guests();
}

Result<std::optional<Launch>> plan_process(const Json& process, const GuestView& view,
                                           const Emulator& emulator, const Place& place) {
  Surroundings around = {view, emulator, place, false};
  return plan_args(process, around);
}

Result<std::optional<Plan>> plan_container(const Json& spec, const GuestView& view,
                                           const Emulator& emulator) {
  const Json* process = member(spec, "process");
  // Optional in the specification: such a container is created and never started.
  if (!process) return std::optional<Plan>();
  if (!process->is_object()) return make_error(EINVAL, "process is not an object");
  TRY_ASSIGN(std::vector<Mount> mounts, read_mounts(spec));
  Result<Place> place = choose_place(view, mounts);
  // Without a place the programs are looked at all the same: native ones need none.
  Place found = place ? *place : Place();
  Surroundings around = {view, emulator, found, has_preparing_hooks(spec)};
  Plan plan;
  TRY_ASSIGN(plan.process, plan_args(*process, around));
  TRY_ASSIGN(plan.hooks, plan_hooks(spec, around));
  if (!plan.process && plan.hooks.empty()) return std::optional<Plan>();
  if (!place) return place.take_error();
  if (emulator.path.empty()) {
    return make_error(ENOENT,
                      "the container runs an x86-64 program and gantry-x64 was not found; set "
                      "`emulator` in the configuration file");
  }
  plan.place = std::move(*place);
  plan.code_store = std::move(around.code_store);
  plan.emulator = emulator.path;
  return std::optional(std::move(plan));
}

}  // namespace gantry

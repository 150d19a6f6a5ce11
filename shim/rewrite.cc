#include "shim/rewrite.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "emulator/base/descriptor.h"
#include "oci/edits/edits.h"
#include "oci/json.h"
#include "shim/image_facts.h"
#include "shim/low_level.h"
#include "shim/tuning.h"

namespace gantry {
namespace {

// Process documents have no mounts and are short.
constexpr std::size_t kMaxProcessBytes = kMaxJsonBytes;

// The container that an exec is for.
struct Container {
  std::string bundle;
  Json spec;
  GuestView view;
  Place emulator;
};

// The root of a running container, mounts and all; its files are then resolved as in a bundle.
Result<UniqueFd> open_container_root(const Json& state) {
  const Json* pid = member(state, "pid");
  if (!pid || !pid->is_number_integer() || pid->get<s64>() <= 0) {
    return make_error(ESRCH, "not running");
  }
  return open_at(AT_FDCWD, "/proc/" + std::to_string(pid->get<s64>()) + "/root",
                 O_PATH | O_DIRECTORY);
}

Result<Json> query_state(const CommandLine& line, const Settings& settings,
                         const std::string& name) {
  Words words = query_globals(line);
  words.insert(words.end(), {"state", name});
  TRY_ASSIGN(Output output, run_program(settings.low_level_runtime, words));
  if (output.status != 0) return make_error(ENOENT, "no container `%s`", name.c_str());
  return parse_json(output.text, "the state of container " + name);
}

// Nothing when the container does not exist, is not running, or was not rewritten by us: then the
// low-level runtime alone has the say.
Result<std::optional<Container>> find_container(const CommandLine& line, const Settings& settings,
                                                const std::string& name) {
  std::optional<Container> none;
  Result<Json> state = query_state(line, settings, name);
  const std::string* directory = state ? string_member(*state, "bundle") : nullptr;
  if (!directory) return none;
  Result<Bundle> bundle = Bundle::open(*directory);
  if (!bundle) return none;
  TRY_ASSIGN(std::vector<Mount> mounts, read_mounts(bundle->spec()));
  std::optional<Place> emulator = mounted_place(mounts);
  if (!emulator) return none;
  Result<UniqueFd> root = open_container_root(*state);
  if (!root) return none;
  return std::optional<Container>(Container{
      *directory, bundle->spec(), GuestView::of_root(std::move(*root)), std::move(*emulator)});
}

Result<Json> read_process(const std::string& path) {
  TRY_ASSIGN(UniqueFd fd, open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY));
  Result<std::string> text = read_all(fd.get(), kMaxProcessBytes);
  if (!text)
    return make_error(text.error().code, "%s: %s", path.c_str(), text.error().message.c_str());
  TRY_ASSIGN(Json process, parse_json(*text, path));
  if (!process.is_object()) return make_error(EINVAL, "%s is not a JSON object", path.c_str());
  return process;
}

std::string remarks_on(const Launch& launch) {
  std::string text = launch.profile.empty() ? "" : "; profile " + launch.profile;
  return launch.code_store_remark.empty() ? text : text + "; " + launch.code_store_remark;
}

unsigned preserved_descriptors(const FlagList& flags) {
  std::string text = flags.value_of("preserve-fds", "0");
  unsigned count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

// Puts the document where the low-level runtime can read it and nothing is left to remove: into a
// sealed memfd. The descriptor is the only one of ours that outlives execve; it lies above those
// that --preserve-fds hands to the container, so that the low-level runtime closes it.
Result<std::string> hand_over_process(const Json& process, const FlagList& flags) {
  TRY_ASSIGN(UniqueFd fd, sealed_memfd("gantry-process", to_text(process)));
  int above = static_cast<int>(std::min(preserved_descriptors(flags), 512u)) + 100;
  int kept = ::fcntl(fd.get(), F_DUPFD, above);
  if (kept < 0) return make_system_error(errno, "cannot keep the process document");
  return "/proc/self/fd/" + std::to_string(kept);
}

Result<void> rewrite_process_file(CommandLine& line, const FlagList& flags, const Flag& flag,
                                  const Container& container, const Emulator& emulator,
                                  std::string& note) {
  TRY_ASSIGN(Json process, read_process(flag.value.value_or("")));
  TRY_ASSIGN(auto launch, plan_process(process, container.view, emulator, container.emulator));
  if (!launch) {
    // The document may have been a pipe, which is now empty.
    note = "native program";
  } else {
    apply_launch(process["args"], *launch);
    note = "emulated program" + remarks_on(*launch);
  }
  struct stat status;
  bool can_be_read_again = ::stat(flag.value->c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (!launch && can_be_read_again) return {};
  TRY_ASSIGN(std::string path, hand_over_process(process, flags));
  line.arguments[flag.first] = "--process=" + path;
  if (flag.count == 2) {
    line.arguments.erase(line.arguments.begin() + static_cast<std::ptrdiff_t>(flag.first) + 1);
  }
  return {};
}

// runc exec(8): the process takes environment and directory of the container, changed by flags.
// With crun, variables that are given are all there are.
Json inline_process(const FlagList& flags, const Words& command, const Json& spec, bool is_crun) {
  const Json* base = member(spec, "process");
  Json process = {{"args", command}, {"cwd", "/"}, {"env", Json::array()}};
  for (const char* key : {"cwd", "env"}) {
    if (const Json* value = base ? member(*base, key) : nullptr) process[key] = *value;
  }
  if (is_crun && flags.find("env")) process["env"] = Json::array();
  for (const Flag& flag : flags.flags) {
    if (!flag.value) continue;
    if (flag.name == "cwd") process["cwd"] = *flag.value;
    if (flag.name == "env" && process["env"].is_array()) process["env"].push_back(*flag.value);
  }
  return process;
}

Result<void> rewrite_inline(CommandLine& line, const FlagList& flags, const Container& container,
                            const Emulator& emulator, bool is_crun, std::string& note) {
  std::size_t first = flags.positional.size() > 1 ? flags.positional[1] : line.arguments.size();
  if (first == line.arguments.size()) return {};
  auto start = line.arguments.begin() + static_cast<std::ptrdiff_t>(first);
  Json process = inline_process(flags, Words(start, line.arguments.end()), container.spec, is_crun);
  TRY_ASSIGN(auto launch, plan_process(process, container.view, emulator, container.emulator));
  note = launch ? "emulated program" + remarks_on(*launch) : "native program";
  if (!launch) return {};
  line.arguments.erase(start);
  line.arguments.insert(line.arguments.begin() + static_cast<std::ptrdiff_t>(first),
                        launch->words.begin(), launch->words.end());
  return {};
}

}  // namespace

Result<void> rewrite_bundle(const CommandLine& line, const Settings& settings, Emulator emulator,
                            std::string& note) {
  note = "native program, or rewritten before: bundle left as it is";
  FlagList flags = parse_create_flags(line.arguments);
  std::string directory = flags.value_of("bundle", ".");
  TRY_ASSIGN(Bundle bundle, Bundle::open(directory, flags.value_of("config", "config.json")));
  TRY_ASSIGN(GuestView view, bundle.view());
  apply_profiles(emulator, settings.config,
                 [&] { return image_facts_of(directory, bundle.spec()); });
  TRY_ASSIGN(auto plan, plan_container(bundle.spec(), view, emulator));
  if (!plan) return {};
  note = "x86-64 program: config.json rewritten";
  if (plan->process) note += remarks_on(*plan->process);
  Json spec = bundle.spec();
  apply_edits(spec, *plan);
  return bundle.store(spec);
}

Result<void> rewrite_exec(CommandLine& line, const Settings& settings, Emulator emulator,
                          std::string& note) {
  note = "not a container of ours: arguments left as they are";
  FlagList flags = parse_exec_flags(line.arguments);
  if (flags.positional.empty()) return {};
  const std::string& name = line.arguments[flags.positional[0]];
  TRY_ASSIGN(auto container, find_container(line, settings, name));
  if (!container) return {};
  apply_profiles(emulator, settings.config,
                 [&] { return image_facts_of(container->bundle, container->spec); });
  const Flag* process = flags.find("process");
  if (process && process->value) {
    return rewrite_process_file(line, flags, *process, *container, emulator, note);
  }
  bool is_crun = settings.low_level_runtime.ends_with("/crun");
  return rewrite_inline(line, flags, *container, emulator, is_crun, note);
}

}  // namespace gantry

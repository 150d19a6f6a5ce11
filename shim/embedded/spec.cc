#include "shim/embedded/spec.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "oci/default_seccomp.h"
#include "oci/edits/edits.h"
#include "oci/program.h"
#include "shim/embedded/user.h"

namespace gantry {
namespace {

constexpr const char* kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// podman's (containers.conf(5), default_capabilities).
constexpr const char* kCapabilities[] = {"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                                         "CAP_FSETID",  "CAP_KILL",         "CAP_NET_BIND_SERVICE",
                                         "CAP_SETFCAP", "CAP_SETGID",       "CAP_SETPCAP",
                                         "CAP_SETUID",  "CAP_SYS_CHROOT"};

constexpr const char* kMaskedPaths[] = {"/proc/acpi",
                                        "/proc/kcore",
                                        "/proc/keys",
                                        "/proc/latency_stats",
                                        "/proc/sched_debug",
                                        "/proc/scsi",
                                        "/proc/timer_list",
                                        "/proc/timer_stats",
                                        "/proc/interrupts",
                                        "/sys/dev/block",
                                        "/sys/devices/virtual/powercap",
                                        "/sys/firmware",
                                        "/sys/fs/selinux"};
constexpr const char* kReadOnlyPaths[] = {"/proc/asound", "/proc/bus", "/proc/fs",
                                          "/proc/irq",    "/proc/sys", "/proc/sysrq-trigger"};

using Strings = std::vector<std::string>;

Json mount(const std::string& destination, const std::string& type, const std::string& source,
           Strings options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

std::string capability_name(std::string name) {
  for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name.starts_with("CAP_") ? name : "CAP_" + name;
}

bool is_all(const std::string& name) { return name == "all" || name == "ALL"; }

// podman-run(1), --user: what a user other than root is given beyond the bounding set is what was
// added by name.
Result<Json> capabilities(const RunOptions& options, bool is_root) {
  std::set<std::string> kept(std::begin(kCapabilities), std::end(kCapabilities)), added;
  for (const std::string& name : options.dropped_capabilities) {
    is_all(name) ? kept.clear() : static_cast<void>(kept.erase(capability_name(name)));
  }
  for (const std::string& name : options.added_capabilities) {
    if (is_all(name)) {
      return make_error(EINVAL, "--cap-add all is not supported: name the capabilities");
    }
    added.insert(capability_name(name));
    kept.insert(capability_name(name));
  }
  Json bounding = kept;
  Json own = is_root ? kept : added;
  Json handed_on = is_root ? std::set<std::string>() : added;
  return Json{{"bounding", bounding},
              {"effective", own},
              {"permitted", own},
              {"inheritable", handed_on},
              {"ambient", handed_on}};
}

// /dev/pts belongs to group tty, where the container has one.
Strings terminal_options(const sandbox::Identity& identity) {
  Strings options = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
  if (identity.maps_group(5)) options.push_back("gid=5");
  return options;
}

// sysfs shows the network of the user namespace that owns it: who shares the host's as another
// user sees the host's own mount.
Json sys_mount(const SpecInputs& inputs) {
  Strings options = {"nosuid", "noexec", "nodev", "ro"};
  if (!inputs.identity.has_user_namespace || inputs.options.network == "none") {
    return mount("/sys", "sysfs", "sysfs", options);
  }
  options.insert(options.begin(), "rbind");
  return mount("/sys", "bind", "/sys", options);
}

void add_system_mounts(Json& mounts, const SpecInputs& inputs) {
  mounts.push_back(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
  mounts.push_back(mount("/dev", "tmpfs", "tmpfs",
                         {"nosuid", "noexec", "strictatime", "mode=755", "size=65536k"}));
  mounts.push_back(sys_mount(inputs));
  mounts.push_back(mount("/dev/pts", "devpts", "devpts", terminal_options(inputs.identity)));
  mounts.push_back(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  mounts.push_back(
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}));
  // A machine with cgroup version 1 has other controllers there, which a container has no use for.
  if (::access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0) {
    mounts.push_back(mount("/sys/fs/cgroup", "cgroup2", "cgroup2",
                           {"nosuid", "noexec", "nodev", "relatime", "ro"}));
  }
  for (const char* name : {"hosts", "hostname", "resolv.conf"}) {
    std::string source = inputs.files + "/" + name;
    if (::access(source.c_str(), F_OK) < 0) continue;
    mounts.push_back(mount(std::string("/etc/") + name, "bind", source,
                           {"bind", "rprivate", "nosuid", "noexec", "nodev"}));
  }
}

Result<Json> bind_of(const std::string& text) {
  std::size_t colon = text.find(':');
  std::string source = text.substr(0, colon);
  std::string rest = colon == std::string::npos ? source : text.substr(colon + 1);
  std::size_t second = rest.find(':');
  std::string mode = second == std::string::npos ? "rw" : rest.substr(second + 1);
  std::string destination = rest.substr(0, second);
  if (source.empty() || !destination.starts_with('/') || (mode != "ro" && mode != "rw")) {
    return make_error(EINVAL, "--bind %s: SRC:DST[:ro] is needed, DST with a leading slash",
                      text.c_str());
  }
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::canonical(source, error);
  if (error) return make_system_error(error.value(), "--bind %s", source.c_str());
  return mount(destination, "bind", absolute, {"rbind", "rprivate", "nosuid", "nodev", mode});
}

Result<Json> tmpfs_of(const std::string& text) {
  std::size_t colon = text.find(':');
  std::string destination = text.substr(0, colon);
  if (!destination.starts_with('/')) {
    return make_error(EINVAL, "--tmpfs %s: an absolute path is needed", text.c_str());
  }
  Json value = mount(destination, "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777"});
  std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find(','), rest.size());
    value["options"].push_back(rest.substr(0, end));
    rest.erase(0, end + 1);
  }
  return value;
}

Result<Json> make_mounts(const SpecInputs& inputs) {
  Json mounts = Json::array();
  add_system_mounts(mounts, inputs);
  for (const std::string& text : inputs.options.tmpfs) {
    TRY_ASSIGN(Json value, tmpfs_of(text));
    mounts.push_back(std::move(value));
  }
  for (const std::string& text : inputs.options.binds) {
    TRY_ASSIGN(Json value, bind_of(text));
    mounts.push_back(std::move(value));
  }
  return mounts;
}

void set_variable(Strings& environment, const std::string& assignment, bool replaces) {
  std::string start = assignment.substr(0, assignment.find('=') + 1);
  auto found = std::find_if(environment.begin(), environment.end(),
                            [&](const std::string& other) { return other.starts_with(start); });
  if (found == environment.end()) {
    environment.push_back(assignment);
  } else if (replaces) {
    *found = assignment;
  }
}

Result<Strings> make_environment(const SpecInputs& inputs, const ContainerUser& user) {
  Strings environment;
  for (const std::string& text : inputs.image.environment) {
    if (text.find('=') != std::string::npos) set_variable(environment, text, true);
  }
  for (const std::string& text : inputs.options.environment) {
    std::size_t equals = text.find('=');
    if (text.empty() || equals == 0) {
      return make_error(EINVAL, "--env `%s` has no name", text.c_str());
    }
    const char* own = equals == std::string::npos ? std::getenv(text.c_str()) : nullptr;
    if (equals != std::string::npos) set_variable(environment, text, true);
    if (own) set_variable(environment, text + "=" + own, true);
  }
  set_variable(environment, kDefaultPath, false);
  if (inputs.options.has_terminal) set_variable(environment, "TERM=xterm", false);
  set_variable(environment, "HOSTNAME=" + inputs.options.host_name, false);
  set_variable(environment, "HOME=" + user.home, false);
  return environment;
}

// podman-run(1), --entrypoint: an entry point of the caller's own sets the image's command aside.
Result<Strings> make_arguments(const RunOptions& options, const ImageConfig& image) {
  Strings words = image.entrypoint;
  if (options.entrypoint)
    words = options.entrypoint->empty() ? Strings() : Strings{*options.entrypoint};
  bool keeps_command = options.command.empty() && !options.entrypoint;
  const Strings& rest = keeps_command ? image.command : options.command;
  words.insert(words.end(), rest.begin(), rest.end());
  if (words.empty()) {
    return make_error(EINVAL,
                      "no command: the image has neither Entrypoint nor Cmd; give one after --");
  }
  return words;
}

// NAME=SOFT[:HARD] (podman-run(1), --ulimit).
Result<Json> limit_of(const std::string& text) {
  std::size_t equals = text.find('=');
  std::string name = text.substr(0, equals), value = text.substr(std::min(equals, text.size()));
  u64 soft = 0, hard = 0;
  const char* end = value.data() + value.size();
  auto number = [&](const char* at, u64& result) {
    if (end - at >= 2 && at[0] == '-' && at[1] == '1') {
      result = ~u64{0};
      return at + 2;
    }
    auto [next, error] = std::from_chars(at, end, result);
    return error == std::errc() ? next : nullptr;
  };
  const char* next = value.size() > 1 ? number(value.data() + 1, soft) : nullptr;
  hard = soft;
  if (next && next != end && *next == ':') next = number(next + 1, hard);
  if (next != end || name.empty() || soft > hard) {
    return make_error(EINVAL, "--ulimit %s: NAME=SOFT[:HARD] is needed", text.c_str());
  }
  for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return Json{{"type", "RLIMIT_" + name}, {"soft", soft}, {"hard", hard}};
}

struct Security {
  bool no_new_privileges = false;
  bool has_seccomp = true;
};

Result<Security> read_security(const RunOptions& options) {
  Security security;
  for (const std::string& text : options.security) {
    if (text == "no-new-privileges" || text == "no-new-privileges:true") {
      security.no_new_privileges = true;
    } else if (text == "seccomp=unconfined") {
      security.has_seccomp = false;
    } else {
      return make_error(EINVAL,
                        "--security-opt %s is not supported; known are no-new-privileges and "
                        "seccomp=unconfined",
                        text.c_str());
    }
  }
  return security;
}

Result<void> check_ids(const ContainerUser& user, const sandbox::Identity& identity) {
  if (identity.maps_user(user.user) && identity.maps_group(user.group)) return {};
  return make_error(EPERM,
                    "the user %u with the group %u does not exist here: without root the container "
                    "has %s; give yourself a range in /etc/subuid and /etc/subgid and install "
                    "newuidmap and newgidmap (Debian: uidmap), or choose another --user",
                    user.user, user.group,
                    identity.needs_helpers() ? "the ids of /etc/subuid" : "one user, root");
}

// Memberships that the image's own /etc/group gives. With one id there are none: setgroups(2) is
// then denied (user_namespaces(7)).
void drop_unmapped(std::vector<u32>& groups, const sandbox::Identity& identity) {
  if (identity.has_user_namespace && !identity.needs_helpers()) groups.clear();
  std::erase_if(groups, [&](u32 group) { return !identity.maps_group(group); });
}

Result<Json> make_process(const SpecInputs& inputs, const GuestView& view,
                          const Security& security) {
  const RunOptions& options = inputs.options;
  TRY_ASSIGN(ContainerUser user, find_user(view, options.user.value_or(inputs.image.user)));
  TRY(check_ids(user, inputs.identity));
  drop_unmapped(user.groups, inputs.identity);
  TRY_ASSIGN(Strings arguments, make_arguments(options, inputs.image));
  TRY_ASSIGN(Strings environment, make_environment(inputs, user));
  TRY_ASSIGN(Json held, capabilities(options, user.user == 0));
  std::string directory = options.directory.value_or(inputs.image.directory);
  if (directory.empty()) directory.push_back('/');
  if (!directory.starts_with('/')) {
    return make_error(EINVAL, "the working directory `%s` is not absolute", directory.c_str());
  }
  Json limits = Json::array();
  for (const std::string& text : options.limits) {
    TRY_ASSIGN(Json limit, limit_of(text));
    limits.push_back(std::move(limit));
  }
  return Json{{"terminal", options.has_terminal},
              {"user", {{"uid", user.user}, {"gid", user.group}, {"additionalGids", user.groups}}},
              {"args", std::move(arguments)},
              {"env", std::move(environment)},
              {"cwd", std::move(directory)},
              {"capabilities", std::move(held)},
              {"rlimits", std::move(limits)},
              {"noNewPrivileges", security.no_new_privileges}};
}

Json mappings(const std::vector<sandbox::IdRange>& ranges) {
  Json list = Json::array();
  for (const sandbox::IdRange& range : ranges) {
    list.push_back(
        {{"containerID", range.inside}, {"hostID", range.outside}, {"size", range.count}});
  }
  return list;
}

Json namespaces(const SpecInputs& inputs) {
  Strings types = {"pid", "ipc", "uts", "mount", "cgroup"};
  if (inputs.options.network == "none") types.push_back("network");
  if (inputs.identity.has_user_namespace) types.push_back("user");
  Json list = Json::array();
  for (const std::string& type : types) list.push_back({{"type", type}});
  return list;
}

Result<Json> make_resources(const RunOptions& options) {
  Json resources = Json::object();
  if (options.memory) {
    TRY_ASSIGN(u64 bytes, parse_size(*options.memory));
    // swap counts both (config-linux.md, "Memory").
    resources["memory"] = {{"limit", bytes}, {"swap", 2 * bytes}};
  }
  if (options.processes) resources["pids"] = {{"limit", *options.processes}};
  return resources;
}

Result<Json> make_linux(const SpecInputs& inputs, const Security& security, const Json& bounding) {
  Json section = {{"namespaces", namespaces(inputs)},
                  {"uidMappings", mappings(inputs.identity.users)},
                  {"gidMappings", mappings(inputs.identity.groups)},
                  {"maskedPaths", kMaskedPaths},
                  {"readonlyPaths", kReadOnlyPaths}};
  TRY_ASSIGN(section["resources"], make_resources(inputs.options));
  if (security.has_seccomp) {
    section["seccomp"] = default_seccomp(bounding.get<std::set<std::string>>());
  }
  return section;
}

Result<void> check_directory(const RunOptions& options, const GuestView& view) {
  if (!options.directory) return {};
  Result<GuestFile> found = view.open(*options.directory);
  if (found || found.error().code == EXDEV) return {};
  return make_error(found.error().code, "workdir \"%s\" does not exist in the container (%s)",
                    options.directory->c_str(), found.error().message.c_str());
}

// What execve is given: as execvp(3) would find it, or the emulator.
Result<std::string> program_of(const Json& process, const GuestView& view) {
  TRY_ASSIGN(Strings arguments, string_list(member(process, "args"), "process.args"));
  TRY_ASSIGN(Strings environment, string_list(member(process, "env"), "process.env"));
  ProgramQuery query = {arguments[0], process["cwd"].get<std::string>(), environment};
  Result<Program> program = find_program(view, query);
  if (program) return program->path;
  bool may_come = program.error().code == EXDEV && arguments[0].find('/') != std::string::npos;
  if (may_come) return arguments[0];
  return program.take_error();
}

// Masked and read-only paths are where proc and sysfs are, so these must be where they belong.
bool is_of_the_kernel(const std::string& path) {
  return is_at_or_below(path, "/proc") || is_at_or_below(path, "/sys") ||
         is_at_or_below(path, "/dev");
}

// Destinations with the image's links resolved.
Result<void> place_mounts(Json& mounts, const GuestView& view) {
  for (Json& value : mounts) {
    std::string path = lexical_path(value["destination"].get<std::string>());
    std::string place = view.mount_point_of(path);
    if (place != path && is_of_the_kernel(path)) {
      return make_error(EINVAL, "refused: %s in the root filesystem is a symbolic link to %s",
                        path.c_str(), place.c_str());
    }
    value["destination"] = place;
  }
  return {};
}

Result<Json> make_document(const SpecInputs& inputs, Json mounts, const GuestView& view) {
  TRY_ASSIGN(Security security, read_security(inputs.options));
  Json spec = {{"ociVersion", "1.0.2"}, {"mounts", std::move(mounts)}};
  TRY_ASSIGN(spec["process"], make_process(inputs, view, security));
  spec["root"] = {{"path", inputs.rootfs}, {"readonly", inputs.options.is_read_only}};
  spec["hostname"] = inputs.options.host_name;
  TRY_ASSIGN(spec["linux"],
             make_linux(inputs, security, spec["process"]["capabilities"]["bounding"]));
  return spec;
}

Result<GuestView> view_of(const SpecInputs& inputs, const Json& mounts) {
  TRY_ASSIGN(UniqueFd root, open_at(AT_FDCWD, inputs.rootfs, O_PATH | O_DIRECTORY));
  TRY_ASSIGN(UniqueFd base, open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  TRY_ASSIGN(std::vector<Mount> list, read_mounts(Json{{"mounts", mounts}}));
  return GuestView::of_bundle(std::move(root), std::move(base), std::move(list));
}

// Puts the emulator into the document where it is needed; what execve is given.
Result<std::string> add_emulator(Json& spec, const GuestView& view, const Emulator& emulator) {
  TRY_ASSIGN(auto plan, plan_container(spec, view, emulator));
  if (!plan) return program_of(spec["process"], view);
  apply_edits(spec, *plan);
  return plan->place.path;
}

// What has nothing to do with the program has a code that says nothing of it.
template <typename T>
Result<T> unrelated(Result<T> result) {
  if (result) return result;
  return Error{0, std::move(result.take_error().message)};
}

}  // namespace

Result<Container> make_container(const SpecInputs& inputs, const Emulator& emulator) {
  TRY_ASSIGN(Json mounts, unrelated(make_mounts(inputs)));
  TRY_ASSIGN(GuestView view, unrelated(view_of(inputs, mounts)));
  Container container;
  TRY_ASSIGN(container.spec, unrelated(make_document(inputs, std::move(mounts), view)));
  TRY(check_directory(inputs.options, view));
  TRY_ASSIGN(container.program, add_emulator(container.spec, view, emulator));
  TRY(place_mounts(container.spec["mounts"], view));
  return container;
}

}  // namespace gantry

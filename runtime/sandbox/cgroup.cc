#include "runtime/sandbox/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "emulator/base/descriptor.h"
#include "emulator/base/files.h"

namespace gantry::sandbox {
namespace {

constexpr int kRemovalTries = 100;
constexpr useconds_t kRemovalPause = 10'000;  // µs

Result<void> write_file(const std::string& path, const std::string& text) {
  TRY_ASSIGN(UniqueFd fd, open_at(AT_FDCWD, path, O_WRONLY));
  if (::write(fd.get(), text.data(), text.size()) < 0) {
    return make_system_error(errno, "cannot write `%s` to %s", text.c_str(), path.c_str());
  }
  return {};
}

// Where the unified hierarchy is mounted (proc(5), mountinfo); empty when it is not.
std::string hierarchy() {
  std::istringstream lines(read_whole_file("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, place;
    for (int i = 0; i < 5; i++) words >> place;
    while (words >> word && word != "-") {
    }
    if (words >> word && word == "cgroup2") return place;
  }
  return "";
}

// The caller's own cgroup: the line "0::PATH" of /proc/self/cgroup.
std::string own_group() {
  std::istringstream lines(read_whole_file("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

bool lists(const std::string& path, const std::string& controller) {
  std::istringstream words(read_whole_file(path));
  for (std::string word; words >> word;) {
    if (word == controller) return true;
  }
  return false;
}

Error not_delegated(const std::string& group, const std::string& reason) {
  return make_error(EPERM,
                    "--memory and --pids need a cgroup to make limits in, and %s is none (%s); "
                    "run it as root, or as `systemd-run --user --scope -p Delegate=yes gantry run "
                    "…`",
                    group.c_str(), reason.c_str());
}

Result<void> check_controller(const std::string& group, const std::string& controller) {
  if (lists(group + "/cgroup.controllers", controller)) return {};
  return make_error(
      ENOTSUP,
      "the %s controller is not available in %s: this machine gives it to cgroup "
      "version 1, or has not delegated it; boot with systemd.unified_cgroup_hierarchy=1, "
      "or leave out --memory and --pids",
      controller.c_str(), group.c_str());
}

// cgroups(7), "No internal processes": those of the group, which we are one of, move to a leaf.
Result<void> leave(const std::string& group) {
  std::string leaf = group + "/gantry-run-" + std::to_string(::getpid());
  if (::mkdir(leaf.c_str(), 0755) < 0 && errno != EEXIST) {
    return make_system_error(errno, "cannot create %s", leaf.c_str());
  }
  return write_file(leaf + "/cgroup.procs", std::to_string(::getpid()));
}

Result<void> enable(const std::string& group, const std::string& controller) {
  std::string path = group + "/cgroup.subtree_control";
  if (lists(path, controller)) return {};
  Result<void> enabled = write_file(path, "+" + controller);
  if (enabled || enabled.error().code != EBUSY) return enabled;
  TRY(leave(group));
  return write_file(path, "+" + controller);
}

Result<void> set_limits(const std::string& path, const Resources& resources) {
  if (resources.processes) {
    TRY(write_file(path + "/pids.max", std::to_string(*resources.processes)));
  }
  if (!resources.memory) return {};
  TRY(write_file(path + "/memory.max", std::to_string(*resources.memory)));
  // As much swap as memory, as podman's default is; there is no such file without swap accounting.
  std::string swap = path + "/memory.swap.max";
  if (::access(swap.c_str(), F_OK) < 0) return {};
  return write_file(swap, std::to_string(*resources.memory));
}

}  // namespace

Cgroup::~Cgroup() {
  if (path_.empty()) return;
  // EBUSY until the kernel has let go of the last process.
  for (int i = 0; i < kRemovalTries && ::rmdir(path_.c_str()) < 0 && errno == EBUSY; i++) {
    ::usleep(kRemovalPause);
  }
}

Result<Cgroup> Cgroup::make(const Resources& resources) {
  if (!resources.any()) return Cgroup();
  std::string mounted = hierarchy();
  if (mounted.empty()) {
    return make_error(ENOTSUP, "--memory and --pids need cgroup version 2, which is not mounted");
  }
  std::string group = mounted + (::geteuid() == 0 ? "" : own_group());
  for (const char* controller : {"memory", "pids"}) {
    if (controller == std::string("memory") ? !resources.memory : !resources.processes) continue;
    TRY(check_controller(group, controller));
    Result<void> enabled = enable(group, controller);
    if (!enabled) return not_delegated(group, enabled.error().message);
  }
  std::string path = group + "/gantry-" + std::to_string(::getpid());
  if (::mkdir(path.c_str(), 0755) < 0) return not_delegated(group, std::strerror(errno));
  Cgroup made(path);
  TRY(set_limits(path, resources));
  return made;
}

Result<void> Cgroup::add(pid_t process) const {
  if (path_.empty()) return {};
  return write_file(path_ + "/cgroup.procs", std::to_string(process));
}

}  // namespace gantry::sandbox

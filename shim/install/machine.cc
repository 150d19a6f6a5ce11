#include "shim/install/machine.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "shim/home.h"
#include "shim/version.h"

namespace gantry::install {
namespace {

Result<Places> user_places() {
  TRY_ASSIGN(std::string local, home_directory("", "/.local"));
  TRY_ASSIGN(std::string state, home_directory("XDG_STATE_HOME", "/.local/state"));
  Places places{local + "/bin", local + "/libexec", state + "/gantry", ""};
  TRY_ASSIGN(places.config_home, home_directory("XDG_CONFIG_HOME", "/.config"));
  return places;
}

// It is written into files of several syntaxes.
Result<void> check_prefix(const std::string& prefix) {
  constexpr const char* kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
  if (prefix.starts_with('/') && !prefix.ends_with('/') &&
      prefix.find_first_not_of(kLetters) == std::string::npos) {
    return {};
  }
  return make_error(EINVAL, "--prefix: `%s` is not an absolute path of letters, digits and ._+-",
                    prefix.c_str());
}

// Field 5 is where it is mounted, as the process sees it.
std::string mount_point(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  for (int i = 0; i < 5; i++) words >> word;
  return word;
}

// Whether one of the mounts of /proc/PID is that file. Directories are most of them, and cost
// nothing more than a look at the name.
bool mounts_file(const std::filesystem::path& process, const struct stat& file,
                 const std::string& name) {
  std::ifstream mounts(process / "mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::string place = mount_point(line);
    if (!place.ends_with("/" + name)) continue;
    struct stat status;
    std::string path = process.string() + "/root" + place;
    bool is_it = ::stat(path.c_str(), &status) == 0 && status.st_dev == file.st_dev &&
                 status.st_ino == file.st_ino;
    if (is_it) return true;
  }
  return false;
}

}  // namespace

std::string Places::emulator() const { return versions() + "/" + gantry_version() + "/gantry-x64"; }

Result<Places> find_places(const PlaceOptions& options, bool to_write) {
  if (options.rootless) return user_places();
  if (to_write && options.is_this_machine() && ::geteuid() != 0) {
    return make_error(EPERM, "this needs root; for yourself alone: --rootless");
  }
  Places places{"/usr/local/bin", "/usr/libexec", "/var/lib/gantry", ""};
  if (options.prefix.empty()) return places;
  TRY(check_prefix(options.prefix));
  places.bin = options.prefix + "/bin";
  places.libexec = options.prefix + "/libexec";
  return places;
}

std::vector<int> users_of(const struct stat& file) {
  std::vector<int> users;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (mounts_file(entry.path(), file, "gantry-x64")) users.push_back(std::atoi(name.c_str()));
  }
  return users;
}

}  // namespace gantry::install

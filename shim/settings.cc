#include "shim/settings.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "emulator/base/descriptor.h"
#include "oci/program_file.h"

namespace gantry {
namespace {

// The emulator of the newest version below a folder of versions, by strverscmp(3); empty when there
// is none.
std::string newest_emulator(const std::string& versions) {
  std::string newest;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(versions, error)) {
    std::string path = entry.path().string() + "/gantry-x64";
    if (::access(path.c_str(), F_OK) < 0) continue;
    if (newest.empty() || ::strverscmp(path.c_str(), newest.c_str()) > 0) newest = path;
  }
  return newest;
}

bool is_self(const std::string& path) {
  struct stat candidate, self;
  return ::stat(path.c_str(), &candidate) == 0 && ::stat("/proc/self/exe", &self) == 0 &&
         candidate.st_dev == self.st_dev && candidate.st_ino == self.st_ino;
}

std::vector<std::string> program_folders() {
  std::vector<std::string> folders = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                      "/usr/bin",        "/sbin",          "/bin"};
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "";
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find(':'), rest.size());
    if (rest[0] == '/') folders.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return folders;
}

Result<Emulator> locate_emulator(const Config& config) {
  if (config.emulator) return inspect_emulator(*config.emulator);
  std::string own = own_directory();
  for (const std::string& path :
       {own + "/gantry-x64",
        newest_emulator(std::filesystem::path(own).parent_path().string() + "/libexec/gantry"),
        newest_emulator("/usr/libexec/gantry")}) {
    if (!path.empty() && ::access(path.c_str(), F_OK) == 0) return inspect_emulator(path);
  }
  // x86-64 programs are then native on x86-64 machines, and an error of their container elsewhere.
  Emulator none;
  none.machine = host_machine();
  return none;
}

Result<std::string> check_runtime(const std::string& path) {
  if (is_self(path)) {
    return make_error(ELOOP, "the low-level runtime `%s` is gantry-runtime itself", path.c_str());
  }
  if (::access(path.c_str(), X_OK) < 0) {
    return make_system_error(errno, "the low-level runtime `%s` cannot be run", path.c_str());
  }
  return path;
}

}  // namespace

std::string own_directory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

std::string find_host_program(const std::string& name) {
  for (const std::string& folder : program_folders()) {
    std::string path = folder + "/" + name;
    if (::access(path.c_str(), X_OK) == 0 && !is_self(path)) return path;
  }
  return "";
}

Result<std::string> find_low_level_runtime() {
  for (const char* name : {"crun", "runc"}) {
    std::string path = find_host_program(name);
    if (!path.empty()) return path;
  }
  return make_error(ENOENT,
                    "neither crun nor runc was found; install one of them or set `runtime` in "
                    "the configuration file");
}

Result<Emulator> inspect_emulator(const std::string& path) {
  auto fail = [&](int code, const std::string& reason) {
    return make_error(code, "the emulator `%s` %s", path.c_str(), reason.c_str());
  };
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return fail(errno, "cannot be opened: " + make_system_error(errno, "open").message);
  Result<ProgramFile> file = identify_program(fd.get());
  if (!file) return fail(file.error().code, file.error().message);
  if (file->format != ProgramFormat::kElf) return fail(ENOEXEC, "is not an ELF program");
  TRY_ASSIGN(struct stat status, stat_of(fd.get()));
  if (!(status.st_mode & S_IXOTH) || !(status.st_mode & S_IROTH)) {
    return fail(EACCES, "must be readable and executable by everyone (chmod 755)");
  }
  if (status.st_mode & S_IWOTH) return fail(EPERM, "may be written by everyone (chmod 755)");
  Emulator emulator;
  // A link, as /usr/bin/gantry-x64 is one, names another file after an upgrade.
  std::error_code error;
  emulator.path = std::filesystem::canonical(path, error).string();
  if (error) return fail(error.value(), "cannot be resolved: " + error.message());
  emulator.machine = file->machine;
  return emulator;
}

Result<Emulator> find_emulator(const Config& config) {
  TRY_ASSIGN(Emulator emulator, locate_emulator(config));
  emulator.emulate_native = config.emulate_native.value_or(false);
  emulator.options = emulator_options_of(config);
  return emulator;
}

Result<Config> read_settings_file(const std::optional<std::string>& config_path) {
  return config_path ? load_config(*config_path) : load_config_directory(kConfigDirectory);
}

Result<Settings> load_settings(const std::optional<std::string>& config_path) {
  Settings settings;
  TRY_ASSIGN(settings.config, read_settings_file(config_path));
  for (const std::string& file : settings.config.files) {
    settings.config_path += (settings.config_path.empty() ? "" : ", ") + file;
  }
  const auto& runtime = settings.config.runtime;
  TRY_ASSIGN(settings.low_level_runtime,
             runtime ? check_runtime(*runtime) : find_low_level_runtime());
  return settings;
}

}  // namespace gantry

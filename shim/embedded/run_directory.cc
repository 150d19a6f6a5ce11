#include "shim/embedded/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "oci/image/tree.h"
#include "shim/home.h"

namespace gantry {
namespace {

Result<void> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return make_system_error(error.value(), "cannot create %s", path.c_str());
  return {};
}

// Its files may belong to any user of the container.
Result<void> remove_as_root(const sandbox::Identity& identity, const std::string& runs,
                            const std::string& name) {
  auto work = [&]() -> Result<std::string> {
    TRY_ASSIGN(UniqueFd directory, open_at(AT_FDCWD, runs, O_PATH | O_DIRECTORY));
    TRY(remove_tree(directory.get(), name));
    return std::string();
  };
  TRY_ASSIGN(std::string nothing, sandbox::run_as_container_root(identity, work));
  return {};
}

void remove_abandoned(const sandbox::Identity& identity, const std::string& runs) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(runs, error)) {
    Result<UniqueFd> free = lock_directory(entry.path(), LOCK_EX | LOCK_NB);
    if (!free) continue;
    [[maybe_unused]] auto removed = remove_as_root(identity, runs, entry.path().filename());
  }
}

std::string new_name() {
  unsigned char bytes[6] = {};
  [[maybe_unused]] ssize_t size = ::getrandom(bytes, sizeof bytes, 0);
  char text[13];
  for (int i = 0; i < 6; i++) std::snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  return text;
}

}  // namespace

Result<std::string> data_directory(const std::string& chosen) {
  if (!chosen.empty()) return std::filesystem::absolute(chosen).string();
  if (::geteuid() == 0) return std::string("/var/lib/gantry");
  TRY_ASSIGN(std::string home, home_directory("XDG_DATA_HOME", "/.local/share"));
  return home + "/gantry";
}

Result<RunDirectory> RunDirectory::make(const std::string& data,
                                        const sandbox::Identity& identity) {
  RunDirectory made;
  made.runs_ = data + "/runs";
  TRY(make_directory(made.runs_));
  // Root's images are nobody else's to read: they may hold secrets.
  ::chmod(data.c_str(), 0700);
  // Nobody may take a directory for abandoned between its making and its locking.
  TRY_ASSIGN(UniqueFd all, lock_directory(made.runs_, LOCK_EX));
  remove_abandoned(identity, made.runs_);
  made.name_ = new_name();
  made.path_ = made.runs_ + "/" + made.name_;
  TRY(make_directory(made.path_));
  made.identity_ = &identity;
  TRY_ASSIGN(made.lock_, lock_directory(made.path_, LOCK_EX));
  return made;
}

RunDirectory::~RunDirectory() {
  if (!lock_) return;
  Result<void> removed = remove_as_root(*identity_, runs_, name_);
  if (!removed)
    std::fprintf(stderr, "gantry: %s: %s\n", path_.c_str(), removed.error().message.c_str());
}

}  // namespace gantry

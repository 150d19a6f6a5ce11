#include "shim/install/tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace gantry::install {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;

std::string staged_name(const std::string& path) { return "." + base_name(path) + ".gantry-new"; }

Error failure(int code, const std::string& path) {
  return make_system_error(code, "%s", path.c_str());
}

Result<void> fill(int fd, const File& file) {
  TRY(write_all(fd, file.text));
  // Only root may give files away. Those of others stay as they are for everybody else.
  bool is_own = file.owner == ::geteuid() && file.group == ::getegid();
  if (!is_own && ::fchown(fd, file.owner, file.group) < 0) return failure(errno, "fchown");
  if (::fchmod(fd, file.mode & 07777) < 0) return failure(errno, "fchmod");
  if (::fsync(fd) < 0) return failure(errno, "fsync");
  return {};
}

}  // namespace

std::string parent_path(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string digest_of(const std::string& text) {
  u64 hash = 0xcbf29ce484222325;
  for (char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  }
  char digest[64];
  std::snprintf(digest, sizeof digest, "%016llx-%zu", static_cast<unsigned long long>(hash),
                text.size());
  return digest;
}

Result<Tree> Tree::open(const std::string& root) {
  Tree tree;
  tree.root_ = root;
  TRY_ASSIGN(tree.fd_, open_at(AT_FDCWD, root, O_PATH | O_DIRECTORY));
  return tree;
}

Result<UniqueFd> Tree::parent_of(const std::string& path) const {
  return open_resolved(fd_.get(), parent_path(path), O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT);
}

Result<std::optional<File>> Tree::read(const std::string& path) const {
  Result<UniqueFd> directory = parent_of(path);
  int code = directory ? 0 : directory.error().code;
  if (code == ENOENT || code == ENOTDIR) return std::optional<File>();
  if (!directory) return failure(code, path);
  UniqueFd fd(::openat(directory->get(), base_name(path).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::optional<File>();
  if (!fd) return failure(errno, path);
  TRY_ASSIGN(struct stat status, stat_of(fd.get()));
  Result<UniqueFd> readable = reopen_for_reading(fd.get());
  if (!readable) {
    return make_error(readable.error().code, "%s: %s", path.c_str(),
                      readable.error().message.c_str());
  }
  File file;
  TRY_ASSIGN(file.text, read_all(readable->get(), kMaxFileBytes));
  file.mode = status.st_mode & 07777;
  file.owner = status.st_uid;
  file.group = status.st_gid;
  return std::optional<File>(std::move(file));
}

Result<UniqueFd> Tree::find(const std::string& path) const {
  return open_resolved(fd_.get(), path, O_PATH, RESOLVE_IN_ROOT);
}

std::optional<struct stat> Tree::status_of(const std::string& path) const {
  Result<UniqueFd> fd = find(path);
  Result<struct stat> status = fd ? stat_of(fd->get()) : fd.take_error();
  return status ? std::optional(*status) : std::nullopt;
}

bool Tree::is_directory(const std::string& path) const {
  return open_resolved(fd_.get(), path, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT).ok();
}

std::vector<std::string> Tree::list(const std::string& directory) const {
  Result<UniqueFd> fd = open_resolved(fd_.get(), directory, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
  if (!fd) return {};
  Result<std::vector<std::string>> names = names_in(fd->get());
  if (!names) return {};
  std::sort(names->begin(), names->end());
  return std::move(*names);
}

Result<void> Tree::stage(const std::string& path, const File& file) const {
  Result<UniqueFd> directory = parent_of(path);
  if (!directory) return failure(directory.error().code, parent_path(path));
  std::string name = staged_name(path);
  ::unlinkat(directory->get(), name.c_str(), 0);
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(directory->get(), name.c_str(), flags, 0600));
  if (!fd) return failure(errno, "cannot write " + path);
  Result<void> filled = fill(fd.get(), file);
  if (filled) return {};
  ::unlinkat(directory->get(), name.c_str(), 0);
  return make_error(filled.error().code, "cannot write %s: %s", path.c_str(),
                    filled.error().message.c_str());
}

Result<void> Tree::commit(const std::string& path) const {
  Result<UniqueFd> directory = parent_of(path);
  if (!directory) return failure(directory.error().code, parent_path(path));
  int fd = directory->get();
  if (::renameat(fd, staged_name(path).c_str(), fd, base_name(path).c_str()) < 0) {
    return failure(errno, "cannot replace " + path);
  }
  if (::fsync(fd) < 0) return failure(errno, parent_path(path));
  return {};
}

void Tree::unstage(const std::string& path) const {
  Result<UniqueFd> directory = parent_of(path);
  if (directory) ::unlinkat(directory->get(), staged_name(path).c_str(), 0);
}

Result<void> Tree::replace(const std::string& path, const File& file) const {
  TRY(stage(path, file));
  Result<void> done = commit(path);
  if (!done) unstage(path);
  return done;
}

Result<void> Tree::remove(const std::string& path) const {
  Result<UniqueFd> directory = parent_of(path);
  int code = directory ? 0 : directory.error().code;
  if (code == ENOENT) return {};
  if (code != 0) return failure(code, path);
  if (::unlinkat(directory->get(), base_name(path).c_str(), 0) < 0 && errno != ENOENT) {
    return failure(errno, "cannot remove " + path);
  }
  if (::fsync(directory->get()) < 0) return failure(errno, parent_path(path));
  return {};
}

Result<void> Tree::make_directory(const std::string& path) const {
  Result<UniqueFd> directory = parent_of(path);
  if (!directory) return failure(directory.error().code, parent_path(path));
  std::string name = base_name(path);
  if (::mkdirat(directory->get(), name.c_str(), 0755) < 0) {
    if (errno == EEXIST) return {};
    return failure(errno, "cannot make the directory " + path);
  }
  // Whatever the caller's umask is, containers have to get at what is inside.
  if (::fchmodat(directory->get(), name.c_str(), 0755, 0) < 0) return failure(errno, path);
  return {};
}

void Tree::remove_directory(const std::string& path) const {
  Result<UniqueFd> directory = parent_of(path);
  if (directory) ::unlinkat(directory->get(), base_name(path).c_str(), AT_REMOVEDIR);
}

Result<UniqueFd> Tree::lock(const std::string& directory) const {
  Result<UniqueFd> fd =
      open_resolved(fd_.get(), directory, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT);
  if (!fd) return failure(fd.error().code, directory);
  Result<void> locked = lock_descriptor(fd->get(), LOCK_EX);
  if (!locked) return failure(locked.error().code, directory);
  return fd;
}

}  // namespace gantry::install

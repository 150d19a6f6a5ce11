#include "oci/image/tree.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

namespace gantry {
namespace {

// Descriptors held at once; what lies deeper is moved up first.
constexpr int kMaxDepth = 100;

Result<UniqueFd> open_directory(int parent, const std::string& name) {
  return open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// Removes trees level by level; `top` takes what lies too deep.
class Remover {
 public:
  explicit Remover(int top) : top_(top) {}
  Result<void> remove(int parent, const std::string& name, int depth);

 private:
  Result<void> empty(int parent, const std::string& name, int depth);

  int top_;
  int moved_ = 0;
};

Result<void> Remover::empty(int parent, const std::string& name, int depth) {
  // A directory that its owner may not search can still be given that right.
  ::fchmodat(parent, name.c_str(), 0700, 0);
  TRY_ASSIGN(UniqueFd directory, open_directory(parent, name));
  TRY_ASSIGN(std::vector<std::string> names, names_in(directory.get()));
  for (const std::string& child : names) TRY(remove(directory.get(), child, depth + 1));
  return {};
}

Result<void> Remover::remove(int parent, const std::string& name, int depth) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  struct stat status;
  int code = errno;
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0 ||
      !S_ISDIR(status.st_mode)) {
    return make_system_error(code, "cannot remove `%s`", name.c_str());
  }
  if (depth > kMaxDepth) {
    std::string place = ".gantry-deep-" + std::to_string(moved_++);
    if (::renameat(parent, name.c_str(), top_, place.c_str()) == 0) return {};
    return make_system_error(errno, "cannot remove `%s`", name.c_str());
  }
  TRY(empty(parent, name, depth));
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return make_system_error(errno, "cannot remove `%s`", name.c_str());
}

// Where each file with several names was copied to.
using Copies = std::map<std::pair<dev_t, ino_t>, std::string>;

struct Copy {
  int root;  // of the copy
  Copies links;
};

Error failed(const char* what, const std::string& name) {
  return make_system_error(errno, "cannot copy `%s` (%s)", name.c_str(), what);
}

Result<void> copy_content(int from, int to, const std::string& name) {
  if (::ioctl(to, FICLONE, from) == 0) return {};
  for (;;) {
    ssize_t size = ::copy_file_range(from, nullptr, to, nullptr, 1 << 30, 0);
    if (size == 0) return {};
    if (size < 0 && errno != EINTR) return failed("copy_file_range", name);
  }
}

void copy_attributes(int from, int to) {
  std::string names(64 * 1024, '\0'), value(64 * 1024, '\0');
  ssize_t size = ::flistxattr(from, names.data(), names.size());
  for (ssize_t at = 0; at < size;) {
    std::string name = names.c_str() + at;
    at += static_cast<ssize_t>(name.size()) + 1;
    ssize_t length = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    if (length < 0) continue;
    // Those that the caller may not set are those it could not have unpacked, either.
    ::fsetxattr(to, name.c_str(), value.data(), static_cast<std::size_t>(length), 0);
  }
}

Result<void> finish(int from, int to, const struct stat& status, const std::string& name) {
  if (::fchown(to, status.st_uid, status.st_gid) < 0) return failed("fchown", name);
  if (::fchmod(to, status.st_mode & 07777) < 0) return failed("fchmod", name);
  copy_attributes(from, to);
  timespec times[] = {status.st_atim, status.st_mtim};
  if (::futimens(to, times) < 0) return failed("futimens", name);
  return {};
}

Result<void> copy_file(int from, int to, const std::string& name, const struct stat& status) {
  TRY_ASSIGN(UniqueFd source, open_at(from, name, O_RDONLY | O_NOFOLLOW));
  UniqueFd target(::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!target) return failed("open", name);
  TRY(copy_content(source.get(), target.get(), name));
  return finish(source.get(), target.get(), status, name);
}

Result<void> copy_special(int from, int to, const std::string& name, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) {
    std::string target(PATH_MAX, '\0');
    ssize_t size = ::readlinkat(from, name.c_str(), target.data(), target.size());
    if (size < 0) return failed("readlink", name);
    target.resize(static_cast<std::size_t>(size));
    if (::symlinkat(target.c_str(), to, name.c_str()) < 0) return failed("symlink", name);
  } else if (::mknodat(to, name.c_str(), status.st_mode, status.st_rdev) < 0) {
    if (errno == EPERM && !S_ISFIFO(status.st_mode)) return {};
    return failed("mknod", name);
  }
  if (::fchownat(to, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
    return failed("chown", name);
  }
  timespec times[] = {status.st_atim, status.st_mtim};
  ::utimensat(to, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
  return {};
}

Result<void> copy_directory(Copy& copy, int from, int to, const std::string& path);

Result<void> copy_entry(Copy& copy, int from, int to, const std::string& path,
                        const std::string& name) {
  struct stat status;
  if (::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return failed("stat", name);
  std::string own_path = path + name;
  if (S_ISDIR(status.st_mode)) {
    TRY_ASSIGN(UniqueFd source, open_directory(from, name));
    if (::mkdirat(to, name.c_str(), 0700) < 0) return failed("mkdir", name);
    TRY_ASSIGN(UniqueFd target, open_directory(to, name));
    TRY(copy_directory(copy, source.get(), target.get(), own_path + "/"));
    return finish(source.get(), target.get(), status, name);
  }
  if (status.st_nlink > 1) {
    auto [first, is_new] = copy.links.try_emplace({status.st_dev, status.st_ino}, own_path);
    if (!is_new) {
      if (::linkat(copy.root, first->second.c_str(), to, name.c_str(), 0) == 0) return {};
      return failed("link", name);
    }
  }
  return S_ISREG(status.st_mode) ? copy_file(from, to, name, status)
                                 : copy_special(from, to, name, status);
}

Result<void> copy_directory(Copy& copy, int from, int to, const std::string& path) {
  TRY_ASSIGN(std::vector<std::string> names, names_in(from));
  for (const std::string& name : names) TRY(copy_entry(copy, from, to, path, name));
  return {};
}

}  // namespace

Result<void> remove_tree(int directory, const std::string& name) {
  struct stat status;
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
    return {};
  }
  if (!S_ISDIR(status.st_mode)) return Remover(directory).remove(directory, name, 0);
  ::fchmodat(directory, name.c_str(), 0700, 0);
  TRY_ASSIGN(UniqueFd top, open_directory(directory, name));
  Remover remover(top.get());
  // Each round ends with what was too deep lying at the top.
  for (;;) {
    TRY_ASSIGN(std::vector<std::string> names, names_in(top.get()));
    if (names.empty()) break;
    for (const std::string& child : names) TRY(remover.remove(top.get(), child, 0));
  }
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) return {};
  return make_system_error(errno, "cannot remove `%s`", name.c_str());
}

Result<void> copy_tree(int from, int to) {
  Copy copy = {to, {}};
  TRY_ASSIGN(struct stat status, stat_of(from));
  TRY_ASSIGN(UniqueFd source, open_directory(from, "."));
  TRY_ASSIGN(UniqueFd target, open_directory(to, "."));
  TRY(copy_directory(copy, source.get(), target.get(), ""));
  return finish(source.get(), target.get(), status, "/");
}

}  // namespace gantry

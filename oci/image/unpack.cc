#include "oci/image/unpack.h"

#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "oci/image/tree.h"

namespace gantry {
namespace {

constexpr u64 kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kReserved = ".wh..wh.";  // AUFS keeps its own files under such names
constexpr std::size_t kMaxMembers = 2'000'000;
constexpr std::size_t kChunk = 256 * 1024;

// "a/b" of "./a//b/" and "/a/b"; "" is the root itself. A ".." is refused even where it would stay
// inside: no tool writes one.
Result<std::string> inner_path(const char* name) {
  if (!name) return make_error(EINVAL, "a name in the archive cannot be represented");
  std::string_view rest = name;
  std::string path;
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find('/'), rest.size());
    std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part == "..") return make_error(EINVAL, "refused: `%.200s` has a \"..\"", name);
    if (part.empty() || part == ".") continue;
    if (!path.empty()) path += '/';
    path += part;
  }
  if (path.size() >= PATH_MAX) return make_error(ENAMETOOLONG, "`%.200s…` is too long", name);
  return path;
}

std::string parent_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Attributes by which the kernel's own mechanisms would take orders from the image are left out:
// trusted.overlay.* and user.overlay.* among them.
bool is_taken(std::string_view attribute) {
  return attribute == "security.capability" ||
         (attribute.starts_with("user.") && !attribute.starts_with("user.overlay."));
}

struct Times {
  timespec values[2];
};

Times times_of(archive_entry* entry) {
  timespec modified = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  return {{modified, modified}};
}

class Unpacker {
 public:
  Unpacker(int root, const UnpackOptions& options) : root_(root), options_(options) {}

  Result<void> apply(Archive& tar);

 private:
  Result<void> apply_entry(Archive& tar, archive_entry* entry);
  Result<void> apply_whiteout(int parent, const std::string& folder, const std::string& base);
  Result<void> clear_lower(int parent, const std::string& folder);
  Result<void> hide(int parent, const std::string& folder, const std::string& name);
  Result<void> make(Archive& tar, archive_entry* entry, int parent, const std::string& base);
  Result<void> make_file(Archive& tar, archive_entry* entry, int parent, const std::string& base);
  Result<void> make_directory(archive_entry* entry, int parent, const std::string& path);
  Result<void> make_link(archive_entry* entry, int parent, const std::string& base);
  Result<void> make_node(archive_entry* entry, int parent, const std::string& base);
  Result<void> make_symlink(archive_entry* entry, int parent, const std::string& base);
  Result<void> write_data(Archive& tar, int fd, s64 size);
  Result<void> clear_place(int parent, const std::string& base, bool for_directory);
  Result<void> check_space(archive_entry* entry);
  Result<void> own(int parent, const std::string& base, archive_entry* entry);
  Result<void> finish(int fd, archive_entry* entry);
  Result<UniqueFd> open_directory(const std::string& path);
  Result<int> parent(const std::string& path);
  void set_directory_times();
  void remember(std::string path);

  int root_;
  const UnpackOptions& options_;
  std::unordered_set<std::string> made_;  // paths of this layer and the folders above them
  // Members come folder by folder. Nothing above the one at hand is ever removed meanwhile.
  std::string last_path_;
  UniqueFd last_;
  // Later members change them again.
  std::vector<std::pair<std::string, Times>> directory_times_;
};

void Unpacker::remember(std::string path) {
  while (!path.empty() && made_.insert(path).second) path = parent_of(path);
}

Result<UniqueFd> Unpacker::open_directory(const std::string& path) {
  const std::string& name = path.empty() ? std::string(".") : path;
  Result<UniqueFd> found = open_resolved(root_, name, O_RDONLY | O_DIRECTORY, kInRoot);
  if (found || found.error().code != ENOENT || path.empty()) return found;
  // layer.md does not ask for an entry for each folder.
  TRY_ASSIGN(UniqueFd above, open_directory(parent_of(path)));
  if (::mkdirat(above.get(), base_of(path).c_str(), 0755) < 0) {
    return make_system_error(errno, "cannot create the folder `%s`", path.c_str());
  }
  remember(path);
  return open_resolved(root_, path, O_RDONLY | O_DIRECTORY, kInRoot);
}

Result<int> Unpacker::parent(const std::string& path) {
  std::string folder = parent_of(path);
  if (!last_ || folder != last_path_) {
    TRY_ASSIGN(last_, open_directory(folder));
    last_path_ = folder;
  }
  return last_.get();
}

Result<void> Unpacker::check_space(archive_entry* entry) {
  if (archive_entry_sparse_count(entry) > 0) return {};
  s64 size = archive_entry_size(entry);
  struct statvfs free;
  if (::fstatvfs(root_, &free) < 0) return make_system_error(errno, "fstatvfs");
  u64 available = u64{free.f_bavail} * free.f_frsize;
  if (size >= 0 && static_cast<u64>(size) <= available) return {};
  return make_error(ENOSPC, "refused: it is %lld bytes long and %llu are free",
                    static_cast<long long>(size), static_cast<unsigned long long>(available));
}

// What another layer, or an earlier member of this one, left there.
Result<void> Unpacker::clear_place(int parent, const std::string& base, bool for_directory) {
  struct stat status;
  if (::fstatat(parent, base.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno == ENOENT) return {};
    return make_system_error(errno, "stat");
  }
  if (for_directory && S_ISDIR(status.st_mode)) return {};
  return remove_tree(parent, base);
}

// Everything in the folder that this layer did not bring: an opaque whiteout hides what lies below,
// wherever in the layer it stands.
Result<void> Unpacker::clear_lower(int parent, const std::string& folder) {
  TRY_ASSIGN(std::vector<std::string> names, names_in(parent));
  for (const std::string& name : names) TRY(hide(parent, folder, name));
  return {};
}

Result<void> Unpacker::hide(int parent, const std::string& folder, const std::string& name) {
  std::string path = folder.empty() ? name : folder + "/" + name;
  if (!made_.count(path)) return remove_tree(parent, name);
  struct stat status;
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return {};
  if (!S_ISDIR(status.st_mode)) return {};
  TRY_ASSIGN(UniqueFd below, open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return clear_lower(below.get(), path);
}

Result<void> Unpacker::apply_whiteout(int parent, const std::string& folder,
                                      const std::string& base) {
  if (base == kOpaque) return clear_lower(parent, folder);
  if (base.starts_with(kReserved)) return {};
  std::string name = base.substr(kWhiteout.size());
  if (name.empty() || name == "." || name == "..") {
    return make_error(EINVAL, "refused: a whiteout of `%s`", name.c_str());
  }
  return hide(parent, folder, name);
}

Result<void> Unpacker::own(int parent, const std::string& base, archive_entry* entry) {
  auto user = static_cast<uid_t>(archive_entry_uid(entry));
  auto group = static_cast<gid_t>(archive_entry_gid(entry));
  if (::fchownat(parent, base.c_str(), user, group, AT_SYMLINK_NOFOLLOW) == 0) return {};
  if (options_.is_in_user_namespace && (errno == EINVAL || errno == EPERM)) return {};
  return make_system_error(errno, "chown to %u:%u", user, group);
}

// chown(2) clears set-id bits and capabilities, so they come after it.
Result<void> Unpacker::finish(int fd, archive_entry* entry) {
  if (::fchmod(fd, archive_entry_perm(entry)) < 0) return make_system_error(errno, "chmod");
  archive_entry_xattr_reset(entry);
  const char* name;
  const void* value;
  std::size_t size;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    if (!name || !is_taken(name) || ::fsetxattr(fd, name, value, size, 0) == 0) continue;
    if (errno == EOPNOTSUPP || errno == EPERM) continue;
    return make_system_error(errno, "attribute %s", name);
  }
  Times times = times_of(entry);
  ::futimens(fd, times.values);
  return {};
}

Result<void> Unpacker::write_data(Archive& tar, int fd, s64 size) {
  const void* bytes;
  std::size_t count;
  la_int64_t at;
  for (;;) {
    int result = archive_read_data_block(tar.get(), &bytes, &count, &at);
    if (result == ARCHIVE_EOF) break;
    if (result < ARCHIVE_WARN) return tar.failure("the archive is damaged");
    auto* start = static_cast<const char*>(bytes);
    for (std::size_t done = 0; done < count;) {
      ssize_t written =
          ::pwrite(fd, start + done, std::min(count - done, kChunk), at + static_cast<off_t>(done));
      if (written < 0 && errno != EINTR) return make_system_error(errno, "write");
      if (written > 0) done += static_cast<std::size_t>(written);
    }
  }
  if (::ftruncate(fd, size) < 0) return make_system_error(errno, "ftruncate");
  return {};
}

Result<void> Unpacker::make_file(Archive& tar, archive_entry* entry, int parent,
                                 const std::string& base) {
  TRY(check_space(entry));
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(parent, base.c_str(), flags, 0600));
  if (!fd) return make_system_error(errno, "create");
  TRY(write_data(tar, fd.get(), archive_entry_size(entry)));
  TRY(own(parent, base, entry));
  return finish(fd.get(), entry);
}

Result<void> Unpacker::make_directory(archive_entry* entry, int parent, const std::string& path) {
  std::string base = path.empty() ? "." : base_of(path);
  if (!path.empty() && ::mkdirat(parent, base.c_str(), 0700) < 0 && errno != EEXIST) {
    return make_system_error(errno, "mkdir");
  }
  TRY_ASSIGN(UniqueFd fd, open_at(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  directory_times_.emplace_back(path, times_of(entry));
  TRY(own(parent, base, entry));
  return finish(fd.get(), entry);
}

Result<void> Unpacker::make_link(archive_entry* entry, int parent, const std::string& base) {
  TRY_ASSIGN(std::string target, inner_path(archive_entry_hardlink(entry)));
  TRY_ASSIGN(UniqueFd folder, open_resolved(root_, target.empty() ? "." : "./" + parent_of(target),
                                            O_RDONLY | O_DIRECTORY, kInRoot));
  if (::linkat(folder.get(), base_of(target).c_str(), parent, base.c_str(), 0) == 0) return {};
  return make_system_error(errno, "hard link to `%s`", target.c_str());
}

Result<void> Unpacker::make_symlink(archive_entry* entry, int parent, const std::string& base) {
  const char* target = archive_entry_symlink(entry);
  if (!target || ::symlinkat(target, parent, base.c_str()) < 0) {
    return make_system_error(target ? errno : EINVAL, "symbolic link");
  }
  TRY(own(parent, base, entry));
  Times times = times_of(entry);
  ::utimensat(parent, base.c_str(), times.values, AT_SYMLINK_NOFOLLOW);
  return {};
}

Result<void> Unpacker::make_node(archive_entry* entry, int parent, const std::string& base) {
  mode_t type = archive_entry_filetype(entry);
  if (::mknodat(parent, base.c_str(), type | 0600, archive_entry_rdev(entry)) < 0) {
    if (type != AE_IFIFO && errno == EPERM && options_.is_in_user_namespace) return {};
    return make_system_error(errno, "mknod");
  }
  TRY(own(parent, base, entry));
  if (::fchmodat(parent, base.c_str(), archive_entry_perm(entry), 0) < 0) {
    return make_system_error(errno, "chmod");
  }
  return {};
}

Result<void> Unpacker::make(Archive& tar, archive_entry* entry, int parent,
                            const std::string& base) {
  if (archive_entry_hardlink(entry)) return make_link(entry, parent, base);
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return make_file(tar, entry, parent, base);
    case AE_IFLNK:
      return make_symlink(entry, parent, base);
    case AE_IFCHR:
    case AE_IFBLK:
    case AE_IFIFO:
      return make_node(entry, parent, base);
    default:
      return make_error(EINVAL, "is of a kind that layers do not have");
  }
}

Result<void> Unpacker::apply_entry(Archive& tar, archive_entry* entry) {
  TRY_ASSIGN(std::string path, inner_path(archive_entry_pathname(entry)));
  bool is_directory = archive_entry_filetype(entry) == AE_IFDIR && !archive_entry_hardlink(entry);
  if (path.empty()) {
    if (!is_directory) return make_error(EINVAL, "a member that is not a folder has no name");
    return make_directory(entry, root_, path);
  }
  TRY_ASSIGN(int folder, parent(path));
  std::string base = base_of(path);
  if (base.starts_with(kWhiteout)) return apply_whiteout(folder, parent_of(path), base);
  TRY(clear_place(folder, base, is_directory));
  remember(path);
  if (is_directory) return make_directory(entry, folder, path);
  return make(tar, entry, folder, base);
}

void Unpacker::set_directory_times() {
  for (auto& [path, times] : directory_times_) {
    auto fd = open_resolved(root_, path.empty() ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                            kInRoot);
    if (fd) ::futimens(fd->get(), times.values);
  }
}

Result<void> Unpacker::apply(Archive& tar) {
  for (std::size_t count = 0;; count++) {
    TRY_ASSIGN(archive_entry * entry, tar.next());
    if (!entry) break;
    if (count == kMaxMembers) return make_error(E2BIG, "more than %zu members", kMaxMembers);
    Result<void> applied = apply_entry(tar, entry);
    if (!applied) {
      const char* name = archive_entry_pathname(entry);
      return make_error(applied.error().code, "`%.300s`: %s", name ? name : "?",
                        applied.error().message.c_str());
    }
  }
  set_directory_times();
  return {};
}

}  // namespace

Result<void> apply_layer(int root, ByteStream& tar, const UnpackOptions& options) {
  TRY_ASSIGN(auto archive, Archive::open_tar(tar, false));
  return Unpacker(root, options).apply(*archive);
}

}  // namespace gantry

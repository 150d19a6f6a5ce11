#include "oci/guest_view.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <deque>

namespace gantry {
namespace {

constexpr u64 kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
constexpr int kStepFlags = O_PATH | O_NOFOLLOW;
constexpr int kMaxLinks = 40;         // path_resolution(7)
constexpr int kMaxComponents = 4096;  // PATH_MAX bytes hold no more
// A search path or a list of volumes, each by links of the image's that take thousands of steps,
// would keep the host busy for hours. No container needs a hundredth of it.
constexpr std::size_t kMaxSteps = 100'000;

std::deque<std::string> components_of(std::string_view path) {
  std::deque<std::string> names;
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) names.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return names;
}

std::string child_of(const std::string& directory, const std::string& name) {
  std::string path = directory;
  if (!path.ends_with('/')) path += '/';
  return path += name;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

// Kernel, overlayfs.rst: a removed name is a character device 0/0 in the upper layer.
bool is_whiteout(int fd) {
  Result<struct stat> status = stat_of(fd);
  return status && S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

bool is_on_proc(int fd) {
  struct statfs filesystem;
  return ::fstatfs(fd, &filesystem) == 0 && filesystem.f_type == PROC_SUPER_MAGIC;
}

// A link whose text is not where it leads (openat2(2), RESOLVE_NO_MAGICLINKS): those of
// /proc/PID/fd and their like. /proc/self and others of proc have relative texts.
bool is_magic_link(int fd, const std::string& target) {
  bool is_relative = !target.starts_with('/') && target.find(':') == std::string::npos;
  return !is_relative && is_on_proc(fd);
}

}  // namespace

struct GuestView::Walk {
  std::string at = "/";               // resolved so far, a directory
  std::deque<std::string> remaining;  // still to do
  int links = 0;
  int steps = 0;
};

Result<GuestView> GuestView::of_bundle(UniqueFd root, UniqueFd bundle, std::vector<Mount> mounts) {
  GuestView view(std::move(root), std::move(bundle));
  for (Mount& mount : mounts) {
    std::string at = view.mount_point_of(mount.destination);
    // It would cover the image as a whole, and nothing could be said of its programs.
    if (at == "/" && lexical_path(mount.destination) != "/") {
      return make_error(EINVAL,
                        "refused: %s in the root filesystem is a symbolic link to /, and "
                        "config.json mounts something there",
                        mount.destination.c_str());
    }
    view.mounts_.push_back({std::move(mount), std::move(at)});
  }
  // Where a mount lands is otherwise not known.
  TRY(view.spend_step());
  return view;
}

GuestView GuestView::of_root(UniqueFd root) { return GuestView(std::move(root), UniqueFd()); }

const Mount* GuestView::covering(std::string_view path) const {
  auto covers = [&](const PlacedMount& placed) { return is_at_or_below(path, placed.at); };
  auto found = std::find_if(mounts_.rbegin(), mounts_.rend(), covers);
  return found == mounts_.rend() ? nullptr : &found->mount;
}

bool GuestView::has_mount_in(std::string_view path) const {
  return std::any_of(mounts_.begin(), mounts_.end(),
                     [&](const PlacedMount& placed) { return is_at_or_below(placed.at, path); });
}

// As covering(), but sees through a tmpfs that shows a copy of what lies below it.
const GuestView::PlacedMount* GuestView::covering_content(std::string_view path) const {
  auto covers = [&](const PlacedMount& placed) {
    return is_at_or_below(path, placed.at) && !placed.mount.copies_up();
  };
  auto found = std::find_if(mounts_.rbegin(), mounts_.rend(), covers);
  return found == mounts_.rend() ? nullptr : &*found;
}

// `layer` is a mount's source: the engine's word, as it is for the low-level runtime. `rest` is the
// path below it, "" or starting with "/".
Result<UniqueFd> GuestView::open_in_layer(const std::string& layer, const std::string& rest) const {
  TRY_ASSIGN(UniqueFd source, open_at(bundle_.get(), layer, O_PATH));
  if (rest.empty() || rest == "/") return source;
  return open_resolved(source.get(), rest.substr(1), kStepFlags, kResolve);
}

// Opens `path`, all of whose ancestors are known to be directories.
Result<UniqueFd> GuestView::open_step(const std::string& path) const {
  const PlacedMount* placed = covering_content(path);
  if (!placed) {
    return open_resolved(root_.get(), path == "/" ? "." : path.substr(1), kStepFlags, kResolve);
  }
  std::string rest = path.substr(placed->at == "/" ? 0 : placed->at.size());
  std::vector<std::string> layers = placed->mount.layers();
  if (layers.empty()) {
    return make_error(EXDEV, "%s lies on a %s that exists only while the container runs",
                      path.c_str(), placed->mount.type.c_str());
  }
  for (std::size_t i = 0; i + 1 < layers.size(); i++) {
    Result<UniqueFd> fd = open_in_layer(layers[i], rest);
    if (!fd && fd.error().code == ENOENT) continue;
    if (fd && is_whiteout(fd->get())) return make_system_error(ENOENT, "%s", path.c_str());
    return fd;
  }
  return open_in_layer(layers.back(), rest);
}

Result<void> GuestView::spend_step() const {
  if (++steps_ <= kMaxSteps) return {};
  return make_error(E2BIG, "the container's paths take more than %zu steps", kMaxSteps);
}

Result<void> GuestView::take_step(Walk& walk) const {
  TRY(spend_step());
  std::string name = std::move(walk.remaining.front());
  walk.remaining.pop_front();
  if (++walk.steps > kMaxComponents) return make_error(ENAMETOOLONG, "path too long");
  if (name == ".") return {};
  if (name == "..") {
    walk.at = parent_of(walk.at);
    return {};
  }
  std::string next = child_of(walk.at, name);
  Result<UniqueFd> fd = open_step(next);
  // The low-level runtime creates the directories above a mount point.
  if (!fd && (fd.error().code == ENOENT || fd.error().code == EXDEV) && has_mount_in(next)) {
    walk.at = std::move(next);
    return {};
  }
  if (!fd) return fd.take_error();
  TRY_ASSIGN(struct stat status, stat_of(fd->get()));
  if (S_ISLNK(status.st_mode)) {
    if (++walk.links > kMaxLinks) return make_system_error(ELOOP, "%s", next.c_str());
    TRY_ASSIGN(std::string target, link_target(fd->get()));
    if (is_magic_link(fd->get(), target)) {
      return make_error(EXDEV, "%s leads where only the kernel knows", next.c_str());
    }
    if (target.starts_with('/')) walk.at.assign(1, '/');
    std::deque<std::string> names = components_of(target);
    walk.remaining.insert(walk.remaining.begin(), names.begin(), names.end());
    return {};
  }
  if (!walk.remaining.empty() && !S_ISDIR(status.st_mode)) {
    return make_system_error(ENOTDIR, "%s", next.c_str());
  }
  walk.at = std::move(next);
  return {};
}

Result<GuestFile> GuestView::open(std::string_view path, std::string_view directory) const {
  Walk walk;
  walk.remaining = components_of(path);
  if (!path.starts_with('/')) {
    std::deque<std::string> start = components_of(directory);
    walk.remaining.insert(walk.remaining.begin(), start.begin(), start.end());
  }
  while (!walk.remaining.empty()) TRY(take_step(walk));
  TRY_ASSIGN(UniqueFd fd, open_step(walk.at));
  TRY_ASSIGN(struct stat status, stat_of(fd.get()));
  // Exchanged between the last step and now.
  if (S_ISLNK(status.st_mode)) return make_system_error(ELOOP, "%s", walk.at.c_str());
  if (path.ends_with('/') && !S_ISDIR(status.st_mode)) {
    return make_system_error(ENOTDIR, "%s", walk.at.c_str());
  }
  return GuestFile{std::move(walk.at), std::move(fd), status};
}

bool GuestView::is_free(const std::string& path) const {
  Result<UniqueFd> fd = open_step(path);
  int code = fd ? 0 : fd.error().code;
  // ENOTDIR, ELOOP: what should be a directory above it is none.
  return (code == ENOENT || code == EXDEV) && !has_mount_in(path);
}

bool GuestView::is_in_proc(std::string_view path) const {
  std::string at = mount_point_of(path);
  const Mount* mount = covering(at);
  if (mount && mount->type == "proc") return true;
  for (;; at = parent_of(at)) {
    Result<UniqueFd> fd = open_step(at);
    if (fd) return is_on_proc(fd->get());
    if (at == "/") return false;
  }
}

std::string GuestView::mount_point_of(std::string_view destination) const {
  Walk walk;
  walk.remaining = components_of(destination);
  while (!walk.remaining.empty()) {
    Walk before = walk;
    if (take_step(walk)) continue;
    std::string rest = before.at;
    for (const std::string& name : before.remaining) rest += "/" + name;
    return lexical_path(rest);
  }
  return walk.at;
}

}  // namespace gantry

// The files of a container as its processes will see them: the root filesystem with everything
// that config.json mounts over it, before any of that is mounted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/descriptor.h"
#include "oci/mount.h"

namespace gantry {

// A file of the guest. `path` has no symbolic link left in it.
struct GuestFile {
  std::string path;
  UniqueFd fd;  // O_PATH
  struct stat status;
};

// Paths are walked one component at a time on descriptors with openat2(RESOLVE_BENEATH,
// RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS), and symbolic links are resolved here, against the
// guest's root: no link, "..", or exchange of files under our hands leads out of the root
// filesystem. RESOLVE_IN_ROOT alone would not do, since a link in the image may lead into a volume
// and a link in a volume into the image. All paths of a container together may take so many steps:
// then all fails with E2BIG.
class GuestView {
 public:
  // `root` is the root filesystem's directory; `bundle` is what relative mount sources refer to.
  // Both are O_PATH descriptors.
  static Result<GuestView> of_bundle(UniqueFd root, UniqueFd bundle, std::vector<Mount> mounts);

  // Of a running container, whose /proc/PID/root has all mounts in place.
  static GuestView of_root(UniqueFd root);

  // Follows symbolic links. A relative path starts at `directory`. Errors: ENOENT, ENOTDIR, ELOOP
  // as open(2), and EXDEV when the path leads onto a filesystem that will exist only when the
  // container runs (proc, a tmpfs, …).
  Result<GuestFile> open(std::string_view path, std::string_view directory = "/") const;

  // Where a mount lands: links are followed as far as the path exists, the rest is taken as text.
  std::string mount_point_of(std::string_view destination) const;

  // The mount that covers `path` (as lexical_path() gives it): the last in the list at or above
  // it. Null for the root filesystem.
  const Mount* covering(std::string_view path) const;
  // Whether nothing is there or below, no link either, wherever it leads. The content of what
  // exists only while the container runs is not known, and counts as nothing. The directory above
  // `path` has no links in its own path.
  bool is_free(const std::string& path) const;
  // Whether the directory, or what exists of the path to it, lies in a proc filesystem.
  bool is_in_proc(std::string_view path) const;
  // Whether some mount is at `path` or below.
  bool has_mount_in(std::string_view path) const;

 private:
  struct PlacedMount {
    Mount mount;
    std::string at;  // links resolved
  };
  struct Walk;

  GuestView(UniqueFd root, UniqueFd bundle) : root_(std::move(root)), bundle_(std::move(bundle)) {}
  const PlacedMount* covering_content(std::string_view path) const;
  Result<UniqueFd> open_step(const std::string& path) const;
  Result<UniqueFd> open_in_layer(const std::string& layer, const std::string& rest) const;
  Result<void> take_step(Walk& walk) const;
  Result<void> spend_step() const;

  UniqueFd root_;
  UniqueFd bundle_;
  std::vector<PlacedMount> mounts_;
  mutable std::size_t steps_ = 0;
};

}  // namespace gantry

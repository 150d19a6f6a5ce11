#include "oci/edits/place.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace gantry {
namespace {

constexpr std::string_view kFileName = "/gantry-x64";
constexpr std::string_view kFolderPrefix = ".gantry";
constexpr std::array<const char*, 2> kDirectories = {"/dev", "/run"};
constexpr int kMaxFolders = 16;

// A link in the image would carry the mounts meant for `directory` elsewhere in the image.
Result<void> check_not_redirected(const GuestView& view, const std::vector<Mount>& mounts,
                                  const std::string& directory) {
  for (const Mount& mount : mounts) {
    if (lexical_path(mount.destination) != directory) continue;
    std::string target = view.mount_point_of(mount.destination);
    if (target == directory) continue;
    return make_error(EINVAL,
                      "refused: %s in the root filesystem is a symbolic link to %s, so the "
                      "emulator would not be mounted where config.json says",
                      directory.c_str(), target.c_str());
  }
  return {};
}

bool is_tmpfs_at(const GuestView& view, const std::string& directory) {
  const Mount* mount = view.covering(directory);
  return mount && mount->is_tmpfs() && view.mount_point_of(mount->destination) == directory;
}

// A name under `directory` that neither a volume nor (in a tmpfs that starts as a copy) the image
// has taken.
Result<std::string> free_folder(const GuestView& view, const std::string& directory) {
  for (int i = 1; i <= kMaxFolders; i++) {
    std::string folder = directory + "/" + std::string(kFolderPrefix);
    if (i > 1) folder += "-" + std::to_string(i);
    if (view.is_free(folder)) return folder;
  }
  return make_error(EEXIST, "all names for the emulator's folder in %s are taken",
                    directory.c_str());
}

// Whether a tmpfs over `directory` covers nothing but a directory of the image, or one that the
// low-level runtime has to create in any case for another mount.
bool can_take_tmpfs(const GuestView& view, const std::string& directory) {
  if (view.covering(directory)) return false;
  Result<GuestFile> file = view.open(directory);
  if (!file) return file.error().code == ENOENT && view.has_mount_in(directory);
  return file->path == directory && S_ISDIR(file->status.st_mode);
}

bool is_emulator_mount(const Mount& mount) {
  std::string_view path = mount.destination;
  if (!mount.is_bind() || !mount.has_option("ro") || !path.ends_with(kFileName)) return false;
  path.remove_suffix(kFileName.size());
  return std::any_of(kDirectories.begin(), kDirectories.end(), [&](std::string_view directory) {
    std::string_view rest = path;
    if (!rest.starts_with(directory)) return false;
    rest.remove_prefix(directory.size());
    return rest.starts_with('/') && rest.substr(1).starts_with(kFolderPrefix) &&
           rest.find('/', 1) == std::string_view::npos;
  });
}

}  // namespace

std::string Place::code_directory() const {
  return path.substr(0, path.size() - kFileName.size()) + "/code";
}

std::optional<Place> mounted_place(const std::vector<Mount>& mounts) {
  auto found = std::find_if(mounts.rbegin(), mounts.rend(), is_emulator_mount);
  if (found == mounts.rend()) return std::nullopt;
  Place place = {found->destination, "", true, ""};
  for (const Mount& mount : mounts) {
    bool is_code = mount.destination == place.code_directory() && mount.is_bind();
    if (is_code && mount.has_option("ro")) place.code_store = mount.source;
  }
  return place;
}

Result<Place> choose_place(const GuestView& view, const std::vector<Mount>& mounts) {
  if (auto place = mounted_place(mounts)) return *place;
  for (const char* directory : kDirectories) {
    TRY(check_not_redirected(view, mounts, directory));
    if (!is_tmpfs_at(view, directory)) continue;
    TRY_ASSIGN(std::string folder, free_folder(view, directory));
    return Place{folder.append(kFileName), "", false, ""};
  }
  std::string last = kDirectories.back();
  if (!can_take_tmpfs(view, last)) {
    return make_error(EINVAL,
                      "no place for the emulator: config.json mounts a tmpfs neither on /dev nor "
                      "on /run, and the image has no directory /run to put one over; mount a "
                      "tmpfs on /run (podman, docker: --tmpfs /run)");
  }
  TRY_ASSIGN(std::string folder, free_folder(view, last));
  return Place{folder.append(kFileName), last, false, ""};
}

}  // namespace gantry

#include "oci/bundle.h"

#include <fcntl.h>
#include <linux/openat2.h>

#include <cerrno>

namespace gantry {
namespace {

// A root filesystem inside the bundle must be reached without links, and one elsewhere must not
// itself be a link: what is resolved here and what the low-level runtime mounts must be the same
// directory.
Result<UniqueFd> open_root(int bundle, const std::string& path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
  u64 resolve = RESOLVE_NO_MAGICLINKS;
  if (!path.starts_with('/')) resolve |= RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  Result<UniqueFd> root = open_resolved(bundle, path, kFlags, resolve);
  if (root) return root;
  const char* reason = nullptr;
  switch (root.error().code) {
    case ENOENT:
      reason = "does not exist";
      break;
    case ENOTDIR:
      reason = "is not a directory (or is a symbolic link)";
      break;
    case ELOOP:
      reason = "leads through a symbolic link";
      break;
    case EXDEV:
      reason = "leads out of the bundle";
      break;
    default:
      return root;
  }
  return make_error(root.error().code, "the root filesystem `%s` (root.path) %s", path.c_str(),
                    reason);
}

}  // namespace

Result<Bundle> Bundle::open(const std::string& directory, const std::string& config) {
  Bundle bundle;
  TRY_ASSIGN(bundle.directory_, open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY));
  std::size_t slash = config.rfind('/');
  std::string parent = slash == std::string::npos ? "." : config.substr(0, slash + 1);
  bundle.config_name_ = config.substr(slash == std::string::npos ? 0 : slash + 1);
  TRY_ASSIGN(bundle.config_directory_,
             open_at(bundle.directory_.get(), parent, O_PATH | O_DIRECTORY));

  std::string shown = directory + "/" + config;
  TRY_ASSIGN(UniqueFd path, open_at(bundle.config_directory_.get(), bundle.config_name_, O_PATH));
  TRY_ASSIGN(bundle.status_, stat_of(path.get()));
  auto text = [&]() -> Result<std::string> {
    TRY_ASSIGN(UniqueFd fd, reopen_for_reading(path.get()));
    return read_all(fd.get(), kMaxJsonBytes);
  }();
  if (!text) {
    return make_error(text.error().code, "%s: %s", shown.c_str(), text.error().message.c_str());
  }
  TRY_ASSIGN(bundle.spec_, parse_json(*text, shown));
  if (!bundle.spec_.is_object()) {
    return make_error(EINVAL, "%s is not a JSON object", shown.c_str());
  }
  return bundle;
}

Result<GuestView> Bundle::view() const {
  const Json* root = member(spec_, "root");
  const std::string* path = root ? string_member(*root, "path") : nullptr;
  if (!path || path->empty()) return make_error(EINVAL, "config.json has no root.path");
  TRY_ASSIGN(UniqueFd root_fd, open_root(directory_.get(), *path));
  TRY_ASSIGN(std::vector<Mount> mounts, read_mounts(spec_));
  TRY_ASSIGN(UniqueFd bundle, open_at(directory_.get(), ".", O_PATH | O_DIRECTORY));
  return GuestView::of_bundle(std::move(root_fd), std::move(bundle), std::move(mounts));
}

Result<void> Bundle::store(const Json& spec) const {
  Result<void> stored = replace_file(config_directory_.get(), config_name_, to_text(spec), status_);
  if (stored) return stored;
  return make_error(stored.error().code, "cannot rewrite the bundle's %s: %s", config_name_.c_str(),
                    stored.error().message.c_str());
}

}  // namespace gantry

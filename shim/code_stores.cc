#include "shim/code_stores.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <tuple>

#include "oci/build_id.h"
#include "oci/json.h"
#include "shim/home.h"

namespace gantry {
namespace {

constexpr const char* kAbout = "about.json";
constexpr std::size_t kMaxAboutBytes = 64 * 1024;
constexpr const char* kRootsDirectory = "/var/cache/gantry";

// Root of a user namespace to which the system's files do not belong, as rootless podman is, is
// another user there.
bool is_systems_root() {
  struct stat root;
  return ::geteuid() == 0 && ::stat("/", &root) == 0 && root.st_uid == 0;
}

// Ids that a user namespace does not know are shown as this one (user_namespaces(7)): there it
// stands for the system's root, to whom / belongs.
constexpr uid_t kOverflow = 65534;

Result<void> check_rights(int fd, const std::string& path, bool is_last) {
  TRY_ASSIGN(struct stat status, stat_of(fd));
  bool is_known = status.st_uid == 0 || status.st_uid == ::geteuid();
  bool is_outer = !is_last && status.st_uid == kOverflow && !is_systems_root();
  if (!is_known && !is_outer) {
    return make_error(EACCES, "%s belongs to neither root nor the user", path.c_str());
  }
  bool is_shared = status.st_mode & (S_IWGRP | S_IWOTH);
  // inode(7): of a sticky directory only owners take entries away.
  if (!is_shared || (!is_last && (status.st_mode & S_ISVTX))) return {};
  return make_error(EACCES, "others may write to %s (chmod go-w)", path.c_str());
}

// Nobody but root and the caller may put another directory there or anything in it. `path` has no
// links, so whoever uses it later, as the low-level runtime does, comes to the same one.
Result<UniqueFd> open_trusted(const std::string& path) {
  constexpr u64 kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  TRY_ASSIGN(UniqueFd at, open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  std::string so_far;
  std::string_view rest = std::string_view(path).substr(1);
  while (!rest.empty()) {
    TRY(check_rights(at.get(), so_far.empty() ? "/" : so_far, false));
    std::string name(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    so_far += "/" + name;
    TRY_ASSIGN(at, open_resolved(at.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW, kResolve));
  }
  TRY(check_rights(at.get(), path, true));
  return at;
}

Result<SharedStore> read_store(const std::string& folder, const std::string& id) {
  SharedStore store;
  store.id = id;
  store.path = folder + "/" + id;
  TRY_ASSIGN(UniqueFd directory, open_trusted(store.path));
  TRY_ASSIGN(UniqueFd fd, open_at(directory.get(), kAbout, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  TRY(check_rights(fd.get(), store.path + "/" + kAbout, true));
  TRY_ASSIGN(std::string text, read_all(fd.get(), kMaxAboutBytes));
  TRY_ASSIGN(Json about, parse_json(text, store.path + "/" + kAbout));
  store.name = text_member(about, "name");
  store.source = text_member(about, "source");
  store.build_id = text_member(about, "build_id");
  TRY_ASSIGN(store.digests, string_list(member(about, "digests"), "digests"));
  return store;
}

}  // namespace

std::string code_folder(const std::string& directory) { return directory + "/code"; }

bool is_store_id(std::string_view name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

Result<std::string> cache_directory(const Config& config) {
  std::string path = kRootsDirectory;
  if (config.cache_directory) {
    path = *config.cache_directory;
  } else if (!is_systems_root()) {
    TRY_ASSIGN(path, home_directory("XDG_CACHE_HOME", "/.cache"));
    path += "/gantry";
  }
  std::error_code error;
  std::string real = std::filesystem::weakly_canonical(path, error);
  if (error) return make_system_error(error.value(), "%s", path.c_str());
  return real;
}

Result<SharedStores> SharedStores::open(const std::string& directory) {
  SharedStores found;
  std::string folder = code_folder(directory);
  if (::access(folder.c_str(), F_OK) < 0 && errno == ENOENT) return found;
  TRY_ASSIGN(UniqueFd trusted, open_trusted(folder));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    // One without about.json is being made or removed.
    std::string id = entry.path().filename();
    if (!is_store_id(id)) continue;
    Result<SharedStore> store = read_store(folder, id);
    if (!store && store.error().code == EACCES) return store.take_error();
    if (store) found.stores_.push_back(std::move(*store));
  }
  if (error) return make_system_error(error.value(), "%s", folder.c_str());
  auto order = [](const SharedStore& store) { return std::tie(store.name, store.id); };
  std::sort(found.stores_.begin(), found.stores_.end(),
            [&](const SharedStore& a, const SharedStore& b) { return order(a) < order(b); });
  return found;
}

const SharedStore* SharedStores::find(const std::string& name,
                                      const std::vector<std::string>& digests) const {
  auto fits = [&](const SharedStore& store) {
    if (!name.empty()) return store.name == name;
    return std::find_first_of(digests.begin(), digests.end(), store.digests.begin(),
                              store.digests.end()) != digests.end();
  };
  auto found = std::find_if(stores_.begin(), stores_.end(), fits);
  return found == stores_.end() ? nullptr : &*found;
}

std::string description_of(const std::string& store) { return store + "/" + kAbout; }

Result<void> describe_store(const SharedStore& store) {
  Json about = {{"name", store.name},
                {"digests", store.digests},
                {"source", store.source},
                {"build_id", store.build_id}};
  TRY_ASSIGN(UniqueFd directory, open_directory(store.path));
  return replace_file(directory.get(), kAbout, about.dump(2) + "\n", of_caller(0644));
}

std::string build_id_of_emulator(const std::string& path) {
  Result<UniqueFd> fd = open_at(AT_FDCWD, path, O_RDONLY);
  return fd ? build_id_of(fd->get()) : "";
}

StoreChoice choose_code_store(const Config& config, const std::string& cache,
                              const ImageFacts& image) {
  if (cache.empty() || cache == key_type::Cache::kOff) return {};
  bool by_image = cache == key_type::Cache::kImage;
  auto look = [&]() -> Result<StoreChoice> {
    TRY_ASSIGN(std::string directory, cache_directory(config));
    TRY_ASSIGN(SharedStores stores, SharedStores::open(directory));
    const SharedStore* found = stores.find(by_image ? "" : cache, image.digests);
    if (found) return StoreChoice{found->path, "stored code of " + found->source};
    if (!by_image) return make_error(ENOENT, "there is no store `%s`", cache.c_str());
    if (image.digests.empty()) return make_error(ENOENT, "the image's digest is not known");
    return make_error(ENOENT, "the image has no store");
  };
  // A container is slower without, and that is all: it is not kept from being started.
  Result<StoreChoice> choice = look();
  if (choice) return std::move(*choice);
  return {"", "no stored code: " + choice.error().message};
}

}  // namespace gantry

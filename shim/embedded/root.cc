#include "shim/embedded/root.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "emulator/base/files.h"
#include "oci/image/tree.h"
#include "runtime/sandbox/mount.h"
#include "shim/embedded/progress.h"

namespace gantry {
namespace {

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  return make_system_error(errno, "cannot create %s", path.c_str());
}

Result<ContainerRoot> take_directory(const std::string& path) {
  ContainerRoot taken;
  std::error_code error;
  taken.root.lower = std::filesystem::canonical(path, error);
  if (error) return make_system_error(error.value(), "--rootfs %s", path.c_str());
  if (!std::filesystem::is_directory(taken.root.lower)) {
    return make_error(ENOTDIR, "--rootfs %s is not a directory", path.c_str());
  }
  return taken;
}

// The container's own layer has the image's permissions at its top.
Result<std::string> make_layer(const StoredImage& image, const sandbox::Identity& identity,
                               sandbox::Root root) {
  struct stat status;
  if (::stat(image.rootfs().c_str(), &status) < 0) return make_system_error(errno, "stat");
  TRY(make_directory(root.upper));
  TRY(make_directory(root.work));
  if (::chmod(root.upper.c_str(), status.st_mode & 07777) < 0 ||
      ::chown(root.upper.c_str(), status.st_uid, status.st_gid) < 0) {
    return make_system_error(errno, "chmod");
  }
  // Tried where it leaves nothing that the real one could stumble over.
  std::string work = root.work;
  root.work += "-try";
  TRY(make_directory(root.work));
  Result<void> works = sandbox::try_overlay(root, identity);
  return works ? work : std::string();
}

Result<void> copy_image(const StoredImage& image, const std::string& target) {
  TRY(make_directory(target));
  TRY_ASSIGN(UniqueFd from, open_directory(image.rootfs()));
  TRY_ASSIGN(UniqueFd to, open_directory(target));
  return copy_tree(from.get(), to.get());
}

// Files of the image may belong to any of the container's users.
Result<sandbox::Root> layer_over(const StoredImage& image, const sandbox::Identity& identity,
                                 const RunDirectory& directory) {
  sandbox::Root root;
  root.lower = image.rootfs();
  root.upper = directory.path() + "/upper";
  root.work = directory.path() + "/work";
  auto overlay = [&] { return make_layer(image, identity, root); };
  TRY_ASSIGN(std::string work, sandbox::run_as_container_root(identity, overlay));
  if (!work.empty()) return root;
  sandbox::Root copy;
  copy.lower = directory.path() + "/copy";
  auto copying = [&]() -> Result<std::string> {
    TRY(copy_image(image, copy.lower));
    return std::string();
  };
  TRY_ASSIGN(std::string nothing, sandbox::run_as_container_root(identity, copying));
  return copy;
}

Result<StoredImage> ensure_image(const RunOptions& options, const sandbox::Identity& identity,
                                 const ImageStore& store) {
  auto work = [&]() -> Result<std::string> {
    UnpackOptions how{identity.has_user_namespace};
    TRY_ASSIGN(StoredImage image, store.ensure(options.image, options.platform, how,
                                               progress_printer(options.is_quiet)));
    return image.id;
  };
  TRY_ASSIGN(std::string id, sandbox::run_as_container_root(identity, work));
  return store.find(id);
}

Result<ContainerRoot> take_image(const RunOptions& options, const sandbox::Identity& identity,
                                 const std::string& data, const RunDirectory& directory) {
  TRY_ASSIGN(ImageStore store, ImageStore::open(data));
  TRY_ASSIGN(StoredImage image, ensure_image(options, identity, store));
  ContainerRoot taken;
  taken.digests = {"sha256:" + image.id};
  bool has_other = !image.config_id.empty() && image.config_id != image.id;
  if (has_other) taken.digests.push_back("sha256:" + image.config_id);
  TRY_ASSIGN(taken.held, ImageStore::hold(image));
  TRY_ASSIGN(taken.config, parse_json(read_whole_file(image.config()), image.config()));
  TRY_ASSIGN(taken.root, layer_over(image, identity, directory));
  return taken;
}

}  // namespace

Result<ContainerRoot> prepare_root(const RunOptions& options, const sandbox::Identity& identity,
                                   const std::string& data, const RunDirectory& directory) {
  std::string target = directory.path() + "/root";
  TRY(make_directory(target));
  TRY_ASSIGN(ContainerRoot taken, options.image.empty()
                                      ? take_directory(options.rootfs)
                                      : take_image(options, identity, data, directory));
  taken.root.target = target;
  return taken;
}

}  // namespace gantry

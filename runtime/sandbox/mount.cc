#include "runtime/sandbox/mount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "runtime/sandbox/mount_api.h"

namespace gantry::sandbox {
namespace {

constexpr u64 kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

// OCI runtime-spec, config-linux.md, "Default Devices"; shown from the host, as a user namespace
// cannot make any. Every other mount is nodev, so they are the only ones that work.
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};

struct DeviceLink {
  const char* name;
  const char* target;
};
constexpr DeviceLink kDeviceLinks[] = {{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
                                       {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
                                       {"core", "/proc/kcore"},       {"ptmx", "pts/ptmx"}};

Error in_mount(const std::string& destination, const Error& error) {
  // mount_namespaces(7): a user namespace may mount them only where the caller sees all of the
  // caller's own.
  bool is_covered = error.code == EPERM && (destination == "/proc" || destination == "/sys");
  return make_error(error.code, "mount at %s: %s%s", destination.c_str(), error.message.c_str(),
                    is_covered ? "; parts of it are covered here, as in a container of another "
                                 "engine, which then has to be a privileged one"
                               : "");
}

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

Result<UniqueFd> open_step(int directory, const std::string& name, int flags) {
  return open_resolved(directory, name, O_PATH | O_NOFOLLOW | flags, kResolve);
}

Result<UniqueFd> open_or_make_directory(int directory, const std::string& name) {
  Result<UniqueFd> found = open_step(directory, name, O_DIRECTORY);
  if (found || found.error().code != ENOENT) return found;
  if (::mkdirat(directory, name.c_str(), 0755) < 0 && errno != EEXIST) {
    return make_system_error(errno, "cannot create the directory %s", name.c_str());
  }
  return open_step(directory, name, O_DIRECTORY);
}

Result<UniqueFd> open_or_make_file(int directory, const std::string& name) {
  Result<UniqueFd> found = open_step(directory, name, 0);
  if (found || found.error().code != ENOENT) return found;
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  UniqueFd made(::openat(directory, name.c_str(), flags | O_CLOEXEC, 0644));
  if (!made) return make_system_error(errno, "cannot create the file %s", name.c_str());
  return open_step(directory, name, 0);
}

// The place to mount on, made where it is missing. Nothing is ever made in, or mounted over what
// belongs to, proc (CVE-2025-52881 and its like).
Result<UniqueFd> open_place(int root, std::string_view destination, bool is_directory) {
  TRY_ASSIGN(UniqueFd at, open_resolved(root, ".", O_PATH | O_DIRECTORY, kResolve));
  while (!destination.empty()) {
    std::size_t end = std::min(destination.find('/'), destination.size());
    std::string name(destination.substr(0, end));
    destination.remove_prefix(std::min(end + 1, destination.size()));
    if (name.empty() || name == ".") continue;
    bool is_last = destination.find_first_not_of('/') == std::string_view::npos;
    Result<UniqueFd> next = is_last && !is_directory ? open_or_make_file(at.get(), name)
                                                     : open_or_make_directory(at.get(), name);
    if (!next) return next.take_error();
    at = std::move(*next);
  }
  struct statfs file_system;
  if (::fstatfs(at.get(), &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC) {
    return make_error(EPERM, "refused: it lies in a proc filesystem");
  }
  return at;
}

Result<bool> is_directory(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) < 0) {
    return make_system_error(errno, "cannot mount `%s`", path.c_str());
  }
  return S_ISDIR(status.st_mode);
}

Result<void> mount_one(int root, const Mount& mount) {
  TRY_ASSIGN(MountOptions options, parse_mount_options(mount.options));
  bool is_bind = options.is_bind || mount.type == "bind";
  // CAP_MKNOD, if it is added, is then of no use; there is no device cgroup to hold it.
  if (mount.type != "devpts") options.set |= MOUNT_ATTR_NODEV;
  bool on_directory = true;
  if (is_bind) {
    TRY_ASSIGN(on_directory, is_directory(mount.source));
  }
  TRY_ASSIGN(UniqueFd made, is_bind ? clone_tree(mount.source, options)
                                    : new_file_system(mount.type, mount.source, options));
  TRY_ASSIGN(UniqueFd place, open_place(root, mount.destination, on_directory));
  return attach(made.get(), place.get());
}

Result<void> add_device(int dev, const std::string& name) {
  TRY_ASSIGN(UniqueFd device, clone_tree("/dev/" + name, MountOptions()));
  TRY_ASSIGN(UniqueFd place, open_or_make_file(dev, name));
  return attach(device.get(), place.get());
}

Result<void> add_devices(int root) {
  TRY_ASSIGN(UniqueFd dev, open_resolved(root, "dev", O_PATH | O_DIRECTORY, kResolve));
  for (const char* name : kDevices) {
    Result<void> added = add_device(dev.get(), name);
    if (!added) return in_mount("/dev/" + std::string(name), added.error());
  }
  for (const DeviceLink& link : kDeviceLinks) {
    if (::symlinkat(link.target, dev.get(), link.name) < 0 && errno != EEXIST) {
      return make_system_error(errno, "cannot make /dev/%s", link.name);
    }
  }
  return {};
}

// Absent paths, and what the kernel does not let us reach, need no cover.
Result<UniqueFd> find_covered(int root, const std::string& path) {
  std::size_t start = path.find_first_not_of('/');
  if (start == std::string::npos) return UniqueFd();
  Result<UniqueFd> found = open_resolved(root, path.substr(start), O_PATH | O_NOFOLLOW, kResolve);
  if (found) return found;
  int code = found.error().code;
  if (code == ENOENT || code == ENOTDIR || code == EACCES) return UniqueFd();
  return found;
}

Result<void> mask(int root, const std::string& path) {
  TRY_ASSIGN(UniqueFd place, find_covered(root, path));
  if (!place) return {};
  TRY_ASSIGN(struct stat status, stat_of(place.get()));
  MountOptions options;
  options.set = MOUNT_ATTR_RDONLY;
  if (S_ISDIR(status.st_mode)) {
    options.parameters = {"size=0k"};
    TRY_ASSIGN(UniqueFd empty, new_file_system("tmpfs", "tmpfs", options));
    return attach(empty.get(), place.get());
  }
  // Not read-only: a null device must still take what is written.
  TRY_ASSIGN(UniqueFd null, clone_tree("/dev/null", MountOptions()));
  return attach(null.get(), place.get());
}

Result<void> make_read_only(int root, const std::string& path) {
  TRY_ASSIGN(UniqueFd place, find_covered(root, path));
  if (!place) return {};
  MountOptions options;
  options.set = MOUNT_ATTR_RDONLY;
  options.is_recursive = true;
  TRY_ASSIGN(UniqueFd copy, clone_tree(path_of(place.get()), options));
  return attach(copy.get(), place.get());
}

// Directories are named by descriptors: no character of a path is special, and the container's own
// mount table does not tell where the image lies.
Result<UniqueFd> make_overlay(const Root& root, const Identity& identity, bool is_volatile) {
  TRY_ASSIGN(UniqueFd lower, open_at(AT_FDCWD, root.lower, O_PATH | O_DIRECTORY));
  TRY_ASSIGN(UniqueFd upper, open_at(AT_FDCWD, root.upper, O_PATH | O_DIRECTORY));
  TRY_ASSIGN(UniqueFd work, open_at(AT_FDCWD, root.work, O_PATH | O_DIRECTORY));
  MountOptions options;
  options.set = MOUNT_ATTR_NODEV;
  options.parameters = {"lowerdir=" + path_of(lower.get()), "upperdir=" + path_of(upper.get()),
                        "workdir=" + path_of(work.get())};
  // overlayfs.rst, "User xattr": trusted.* is not for user namespaces.
  if (identity.has_user_namespace) options.parameters.push_back("userxattr");
  if (is_volatile) options.parameters.push_back("volatile");
  return new_file_system("overlay", "overlay", options);
}

Result<UniqueFd> make_root(const Plan& plan) {
  const Root& root = plan.root;
  MountOptions options;
  options.set = MOUNT_ATTR_NODEV;
  options.is_recursive = true;
  TRY_ASSIGN(UniqueFd made, root.upper.empty() ? clone_tree(root.lower, options)
                                               : make_overlay(root, plan.identity, true));
  TRY_ASSIGN(UniqueFd target, open_at(AT_FDCWD, root.target, O_PATH | O_DIRECTORY));
  TRY(attach(made.get(), target.get()));
  return made;
}

Result<void> fill_root(int root, const Plan& plan) {
  bool has_dev = false;
  for (const Mount& mount : plan.mounts) {
    // Devices come before what is mounted below /dev after it.
    bool below_dev = mount.destination.starts_with("/dev/");
    if (below_dev && !has_dev) TRY(add_devices(root));
    has_dev |= below_dev;
    Result<void> mounted = mount_one(root, mount);
    if (!mounted) return in_mount(mount.destination, mounted.error());
  }
  for (const std::string& path : plan.masked_paths) {
    Result<void> masked = mask(root, path);
    if (!masked) return in_mount(path, masked.error());
  }
  for (const std::string& path : plan.read_only_paths) {
    Result<void> changed = make_read_only(root, path);
    if (!changed) return in_mount(path, changed.error());
  }
  return {};
}

// A link in the path is followed as the container will; what it leads to has to exist then.
Result<void> make_directory(int root, const std::string& path) {
  Result<UniqueFd> found =
      open_resolved(root, path, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  if (found || found.error().code != ENOENT) return {};
  TRY_ASSIGN(UniqueFd made, open_place(root, path, true));
  return {};
}

// pivot_root(2), "pivot_root(".", ".")": the old root ends up below the new one and is let go.
Result<void> enter(int root) {
  if (::fchdir(root) < 0) return make_system_error(errno, "cannot enter the root file system");
  if (::syscall(SYS_pivot_root, ".", ".") < 0) return make_system_error(errno, "pivot_root");
  if (::umount2(".", MNT_DETACH) < 0) return make_system_error(errno, "umount of the old root");
  if (::chdir("/") < 0) return make_system_error(errno, "chdir to the new root");
  return {};
}

}  // namespace

Result<void> make_file_systems(const Plan& plan) {
  TRY_ASSIGN(UniqueFd host, open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  TRY(set_attributes(host.get(), 0, 0, MS_PRIVATE, true));
  TRY_ASSIGN(UniqueFd root, make_root(plan));
  TRY(fill_root(root.get(), plan));
  if (plan.process.makes_directory) TRY(make_directory(root.get(), plan.process.directory));
  if (plan.root.is_read_only) TRY(set_attributes(root.get(), MOUNT_ATTR_RDONLY, 0, 0, false));
  return enter(root.get());
}

Result<Terminal> make_terminal() {
  Terminal terminal;
  TRY_ASSIGN(terminal.master, open_at(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY));
  int unlocked = 0, number = 0;
  if (::ioctl(terminal.master.get(), TIOCSPTLCK, &unlocked) < 0 ||
      ::ioctl(terminal.master.get(), TIOCGPTN, &number) < 0) {
    return make_system_error(errno, "cannot make a terminal");
  }
  std::string path = "/dev/pts/" + std::to_string(number);
  TRY_ASSIGN(terminal.slave, open_at(AT_FDCWD, path, O_RDWR | O_NOCTTY));
  TRY_ASSIGN(UniqueFd console, clone_tree(path, MountOptions()));
  TRY_ASSIGN(UniqueFd dev, open_at(AT_FDCWD, "/dev", O_PATH | O_DIRECTORY));
  TRY_ASSIGN(UniqueFd place, open_or_make_file(dev.get(), "console"));
  TRY(attach(console.get(), place.get()));
  return terminal;
}

Result<void> try_overlay(const Root& root, const Identity& identity) {
  TRY_ASSIGN(UniqueFd mount, make_overlay(root, identity, false));
  return {};
}

}  // namespace gantry::sandbox

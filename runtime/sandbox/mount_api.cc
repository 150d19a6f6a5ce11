#include "runtime/sandbox/mount_api.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace gantry::sandbox {
namespace {

struct Attribute {
  std::string_view name;
  u64 set;
  u64 clear;
};

constexpr Attribute kAttributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
};

// Nothing of ours ever propagates.
constexpr std::string_view kPropagation[] = {"private", "rprivate", "slave", "rslave"};
constexpr std::string_view kUnsupported[] = {"shared", "rshared", "tmpcopyup", "idmap", "ridmap"};

template <typename List>
bool contains(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// The last complaint in a file system context's log: "e overlay: …" (fsopen(2)).
std::string logged_reason(int context) {
  char line[512];
  std::string reason;
  for (ssize_t size; (size = ::read(context, line, sizeof line)) > 0;) {
    std::string_view text(line, static_cast<std::size_t>(size));
    if (text.starts_with("e ")) reason = " (" + std::string(text.substr(2)) + ")";
  }
  reason.erase(std::remove(reason.begin(), reason.end(), '\n'), reason.end());
  return reason;
}

Error old_kernel() {
  return make_error(ENOSYS, "this kernel has no mount_setattr(2): Linux 5.12 or later is needed");
}

Result<void> set_parameter(int context, const std::string& type, const std::string& parameter) {
  std::size_t equals = parameter.find('=');
  std::string name = parameter.substr(0, equals);
  int result = equals == std::string::npos
                   ? ::fsconfig(context, FSCONFIG_SET_FLAG, name.c_str(), nullptr, 0)
                   : ::fsconfig(context, FSCONFIG_SET_STRING, name.c_str(),
                                parameter.c_str() + equals + 1, 0);
  if (result == 0) return {};
  int code = errno;
  return make_system_error(code, "cannot mount %s with %s%s", type.c_str(), parameter.c_str(),
                           logged_reason(context).c_str());
}

}  // namespace

Result<MountOptions> parse_mount_options(const std::vector<std::string>& options) {
  MountOptions parsed;
  for (const std::string& option : options) {
    auto attribute = std::find_if(std::begin(kAttributes), std::end(kAttributes),
                                  [&](const Attribute& row) { return row.name == option; });
    if (attribute != std::end(kAttributes)) {
      parsed.set = (parsed.set & ~attribute->clear) | attribute->set;
      parsed.clear = (parsed.clear & ~attribute->set) | attribute->clear;
    } else if (option == "bind" || option == "rbind") {
      parsed.is_bind = true;
      parsed.is_recursive = option == "rbind";
    } else if (contains(kUnsupported, option)) {
      return make_error(EINVAL, "the mount option `%s` is not supported", option.c_str());
    } else if (!contains(kPropagation, option)) {
      parsed.parameters.push_back(option);
    }
  }
  return parsed;
}

Result<UniqueFd> clone_tree(const std::string& source, const MountOptions& options) {
  unsigned recursive = options.is_recursive ? AT_RECURSIVE : 0;
  UniqueFd tree(
      ::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive));
  if (!tree) return make_system_error(errno, "cannot mount `%s`", source.c_str());
  // What the host may have forbidden (user namespaces lock it) is never asked to be permitted.
  Result<void> changed =
      set_attributes(tree.get(), options.set, 0, MS_PRIVATE, options.is_recursive);
  if (!changed) {
    return make_error(changed.error().code, "cannot mount `%s`: %s", source.c_str(),
                      changed.error().message.c_str());
  }
  return tree;
}

Result<UniqueFd> new_file_system(const std::string& type, const std::string& source,
                                 const MountOptions& options) {
  UniqueFd context(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!context && errno == ENOSYS) return old_kernel();
  if (!context) return make_system_error(errno, "cannot mount %s", type.c_str());
  TRY(set_parameter(context.get(), type, "source=" + (source.empty() ? type : source)));
  for (const std::string& parameter : options.parameters) {
    TRY(set_parameter(context.get(), type, parameter));
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    int code = errno;
    return make_system_error(code, "cannot mount %s%s", type.c_str(),
                             logged_reason(context.get()).c_str());
  }
  UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(options.set)));
  if (!mount) return make_system_error(errno, "cannot mount %s", type.c_str());
  return mount;
}

Result<void> attach(int mount, int place) {
  unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::move_mount(mount, "", place, "", flags) < 0) return make_system_error(errno, "move_mount");
  return {};
}

Result<void> set_attributes(int place, u64 set, u64 clear, u64 propagation, bool is_recursive) {
  mount_attr attributes = {};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  if (set & MOUNT_ATTR__ATIME) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  attributes.propagation = propagation;
  unsigned flags = AT_EMPTY_PATH | (is_recursive ? AT_RECURSIVE : 0u);
  if (::mount_setattr(place, "", flags, &attributes, sizeof attributes) == 0) return {};
  if (errno == ENOSYS) return old_kernel();
  return make_system_error(errno, "mount_setattr");
}

}  // namespace gantry::sandbox

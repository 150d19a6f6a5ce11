#include "runtime/sandbox/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string_view>

#include "emulator/base/argument_vector.h"
#include "emulator/base/descriptor.h"
#include "emulator/base/files.h"
#include "runtime/sandbox/message.h"

namespace gantry::sandbox {
namespace {

constexpr const char* kHelperFolders[] = {"/usr/bin/", "/bin/", "/usr/local/bin/"};

bool may_mount() {
  cap_flag_value_t value = CAP_CLEAR;
  cap_t own = cap_get_proc();
  if (own) cap_get_flag(own, CAP_SYS_ADMIN, CAP_EFFECTIVE, &value);
  cap_free(own);
  return ::geteuid() == 0 && value == CAP_SET;
}

std::string find_helper(const char* name) {
  for (const char* folder : kHelperFolders) {
    std::string path = folder + std::string(name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool read_number(std::string_view text, u32& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// The user's name; in a static program getpwuid(3) would need the C library's modules.
std::string user_name(uid_t user) {
  std::string text = read_whole_file("/etc/passwd");
  for (std::string_view line : split(text, '\n')) {
    auto fields = split(line, ':');
    u32 id;
    if (fields.size() > 2 && read_number(fields[2], id) && id == user) {
      return std::string(fields[0]);
    }
  }
  return "";
}

// subuid(5): "name or number:first:count"; the ranges follow each other in the namespace.
std::vector<IdRange> subordinate_ids(const char* path, uid_t user) {
  std::vector<IdRange> ranges;
  std::string name = user_name(user), number = std::to_string(user);
  std::string text = read_whole_file(path);
  u32 inside = 1;
  for (std::string_view line : split(text, '\n')) {
    auto fields = split(line, ':');
    IdRange range;
    if (fields.size() != 3 || (fields[0] != name && fields[0] != number)) continue;
    if (!read_number(fields[1], range.outside) || !read_number(fields[2], range.count)) continue;
    range.inside = inside;
    inside += range.count;
    if (range.count > 0) ranges.push_back(range);
  }
  return ranges;
}

bool maps(const std::vector<IdRange>& ranges, u32 id) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const IdRange& range) {
    return id >= range.inside && id - range.inside < range.count;
  });
}

Result<void> write_proc(pid_t child, const char* name, const std::string& text) {
  std::string path = "/proc/" + std::to_string(child) + "/" + name;
  TRY_ASSIGN(UniqueFd fd, open_at(AT_FDCWD, path, O_WRONLY));
  Result<void> written = write_all(fd.get(), text);
  if (!written) {
    return make_error(written.error().code, "cannot write %s: %s", path.c_str(),
                      written.error().message.c_str());
  }
  return {};
}

std::string map_line(const IdRange& range) {
  return std::to_string(range.inside) + " " + std::to_string(range.outside) + " " +
         std::to_string(range.count);
}

Result<void> call_helper(const char* name, pid_t child, const std::vector<IdRange>& ranges) {
  std::string path = find_helper(name);
  std::vector<std::string> words = {path, std::to_string(child)};
  for (const IdRange& range : ranges) {
    for (u32 number : {range.inside, range.outside, range.count}) {
      words.push_back(std::to_string(number));
    }
  }
  std::vector<char*> arguments = argument_vector(words);
  pid_t helper = ::fork();
  if (helper < 0) return make_system_error(errno, "fork");
  if (helper == 0) {
    ::execv(path.c_str(), arguments.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(helper, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return {};
  return make_error(EPERM,
                    "%s failed; see that it is set-user-ID root (or has its file capability) and "
                    "that /etc/subuid and /etc/subgid give you ids that are yours",
                    path.c_str());
}

Error refused_namespace(int code) {
  const char* advice =
      code == ENOSPC || code == EUSERS
          ? "user namespaces are exhausted or turned off (sysctl user.max_user_namespaces)"
          : "this kernel or its configuration does not let you create user namespaces (sysctl "
            "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns); run "
            "as root instead";
  return make_system_error(code, "cannot create namespaces: %s", advice);
}

// The child's half of run_as_container_root().
[[noreturn]] void work_in_child(int go, int answer, const Work& work) {
  char byte;
  if (::read(go, &byte, 1) != 1) ::_exit(1);
  Result<void> root = become_root();
  Result<std::string> result = root ? work() : Result<std::string>(root.error());
  send_message(answer, result);
  ::_exit(0);
}

}  // namespace

bool Identity::maps_user(u32 id) const { return !has_user_namespace || maps(users, id); }
bool Identity::maps_group(u32 id) const { return !has_user_namespace || maps(groups, id); }

Result<Identity> own_identity() {
  Identity identity;
  if (may_mount()) return identity;
  identity.has_user_namespace = true;
  identity.users = {{0, ::geteuid(), 1}};
  identity.groups = {{0, ::getegid(), 1}};
  auto users = subordinate_ids("/etc/subuid", ::geteuid());
  auto groups = subordinate_ids("/etc/subgid", ::geteuid());
  bool has_helpers = !find_helper("newuidmap").empty() && !find_helper("newgidmap").empty();
  if (!has_helpers || users.empty() || groups.empty()) return identity;
  identity.users.insert(identity.users.end(), users.begin(), users.end());
  identity.groups.insert(identity.groups.end(), groups.begin(), groups.end());
  return identity;
}

Result<pid_t> fork_into(u64 namespaces, const Identity& identity) {
  if (identity.has_user_namespace) namespaces |= CLONE_NEWUSER;
  // As fork(2): no stack of its own, and only the end to be told of.
  long child = ::syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) return refused_namespace(errno);
  return static_cast<pid_t>(child);
}

Result<void> map_ids(pid_t child, const Identity& identity) {
  if (!identity.has_user_namespace) return {};
  if (identity.needs_helpers()) {
    TRY(call_helper("newuidmap", child, identity.users));
    return call_helper("newgidmap", child, identity.groups);
  }
  // user_namespaces(7): without privilege gid_map can be written only after this.
  TRY(write_proc(child, "setgroups", "deny"));
  TRY(write_proc(child, "uid_map", map_line(identity.users[0])));
  return write_proc(child, "gid_map", map_line(identity.groups[0]));
}

Result<void> become_root() {
  if (::setresgid(0, 0, 0) < 0 || ::setresuid(0, 0, 0) < 0) {
    return make_system_error(errno, "cannot become root of the user namespace");
  }
  // Refused (EPERM) where setgroups is denied: the caller's own groups then stay.
  [[maybe_unused]] int kept = ::setgroups(0, nullptr);
  return {};
}

Result<std::string> run_as_container_root(const Identity& identity, const Work& work) {
  if (!identity.has_user_namespace) return work();
  int go[2], answer[2];
  if (::pipe2(go, O_CLOEXEC) < 0 || ::pipe2(answer, O_CLOEXEC) < 0) {
    return make_system_error(errno, "pipe");
  }
  UniqueFd go_in(go[1]), go_out(go[0]), answer_out(answer[0]), answer_in(answer[1]);
  // With a mount namespace, in which it may try out file systems.
  TRY_ASSIGN(pid_t child, fork_into(CLONE_NEWNS, identity));
  if (child == 0) {
    go_in.reset();
    work_in_child(go_out.get(), answer_in.get(), work);
  }
  answer_in.reset();
  Result<void> mapped = map_ids(child, identity);
  if (mapped) mapped = write_all(go_in.get(), "1");
  go_in.reset();
  Result<std::string> result = receive_message(answer_out.get());
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!mapped) return mapped.take_error();
  return result;
}

}  // namespace gantry::sandbox

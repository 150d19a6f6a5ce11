#include "runtime/sandbox/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "emulator/base/argument_vector.h"
#include "runtime/sandbox/capabilities.h"
#include "runtime/sandbox/filter.h"
#include "runtime/sandbox/message.h"

namespace gantry::sandbox {
namespace {

struct LimitName {
  std::string_view name;
  int value;
};
constexpr LimitName kLimits[] = {{"RLIMIT_AS", RLIMIT_AS},
                                 {"RLIMIT_CORE", RLIMIT_CORE},
                                 {"RLIMIT_CPU", RLIMIT_CPU},
                                 {"RLIMIT_DATA", RLIMIT_DATA},
                                 {"RLIMIT_FSIZE", RLIMIT_FSIZE},
                                 {"RLIMIT_LOCKS", RLIMIT_LOCKS},
                                 {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
                                 {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
                                 {"RLIMIT_NICE", RLIMIT_NICE},
                                 {"RLIMIT_NOFILE", RLIMIT_NOFILE},
                                 {"RLIMIT_NPROC", RLIMIT_NPROC},
                                 {"RLIMIT_RSS", RLIMIT_RSS},
                                 {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
                                 {"RLIMIT_RTTIME", RLIMIT_RTTIME},
                                 {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
                                 {"RLIMIT_STACK", RLIMIT_STACK}};

Result<void> set_limit(const Limit& limit) {
  for (const LimitName& row : kLimits) {
    if (row.name != limit.name) continue;
    rlimit value = {limit.soft, limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource_t>(row.value), &value) == 0) return {};
    return make_system_error(errno, "cannot set %s", limit.name.c_str());
  }
  return make_error(EINVAL, "`%s` is not a resource limit", limit.name.c_str());
}

Result<void> take_streams(const Process& process, const Streams& streams) {
  for (int i = 0; i < 3; i++) {
    if (::dup2(streams.fds[i].get(), i) < 0) return make_system_error(errno, "dup2");
    // /dev/stdout and its like are opened anew by their owner. /dev/null is not ours to give away.
    struct stat status;
    bool is_null = ::fstat(i, &status) == 0 && S_ISCHR(status.st_mode) && !process.has_terminal;
    [[maybe_unused]] int kept = is_null ? 0 : ::fchown(i, process.user, static_cast<gid_t>(-1));
  }
  if (process.has_terminal && ::ioctl(0, TIOCSCTTY, 0) < 0) {
    return make_system_error(errno, "cannot take the terminal");
  }
  return {};
}

void reset_signals() {
  for (int number = 1; number < NSIG; number++) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<void> change_user(const Process& process) {
  if (::setgroups(process.groups.size(), process.groups.data()) < 0 &&
      !(errno == EPERM && process.groups.empty())) {
    return make_system_error(errno, "cannot set the supplementary groups");
  }
  if (::setresgid(process.group, process.group, process.group) < 0) {
    return make_system_error(errno, "cannot take the group %u", process.group);
  }
  ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (::setresuid(process.user, process.user, process.user) < 0) {
    return make_system_error(errno, "cannot take the user %u", process.user);
  }
  return {};
}

Result<void> enter_directory(const Process& process) {
  if (::chdir(process.directory.c_str()) == 0) return {};
  return make_system_error(errno, "cannot enter the working directory `%s`",
                           process.directory.c_str());
}

// Without no_new_privs the filter needs a right that goes away with the capabilities.
Result<void> give_up_rights(const Process& process) {
  TRY(bound_capabilities(process.capabilities.bounding));
  bool early_filter = process.seccomp && !process.no_new_privileges;
  if (early_filter) TRY(load_filter(*process.seccomp));
  TRY(change_user(process));
  TRY(enter_directory(process));
  TRY(set_capabilities(process.capabilities));
  if (!process.no_new_privileges) return {};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    return make_system_error(errno, "no_new_privs");
  }
  if (process.seccomp) TRY(load_filter(*process.seccomp));
  return {};
}

Result<void> set_up(const Process& process, const Streams& streams) {
  ::setsid();
  TRY(take_streams(process, streams));
  // keyctl(2): the host's keys are not the container's. ENOSYS where there are none.
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "gantry");
  for (const Limit& limit : process.limits) TRY(set_limit(limit));
  ::umask(022);
  TRY(give_up_rights(process));
  if (::syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) < 0) {
    return make_system_error(errno, "close_range");
  }
  return {};
}

}  // namespace

void start_program(const Process& process, const Streams& streams, int report) {
  Result<void> ready = set_up(process, streams);
  if (!ready) {
    send_message(report, ready.error());
    ::_exit(kSetUpFailed);
  }
  std::vector<char*> arguments = argument_vector(process.arguments);
  std::vector<char*> environment = argument_vector(process.environment);
  reset_signals();
  ::execve(process.program.c_str(), arguments.data(), environment.data());
  int code = errno;
  send_message(report, make_system_error(code, "cannot execute `%s`", process.program.c_str()));
  ::_exit(code == ENOENT || code == ENOTDIR ? kNotFound : kCannotExecute);
}

}  // namespace gantry::sandbox

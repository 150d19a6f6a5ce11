#include "runtime/sandbox/init.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>

#include "emulator/base/files.h"
#include "runtime/sandbox/capabilities.h"
#include "runtime/sandbox/message.h"
#include "runtime/sandbox/mount.h"

namespace gantry::sandbox {
namespace {

constexpr int kKilled = 128 + SIGKILL;

union ControlBuffer {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

msghdr message_with(iovec& byte, ControlBuffer& control) {
  msghdr message = {};
  message.msg_iov = &byte;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  return message;
}

// netdevice(7).
Result<void> bring_up_loopback() {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0) {
    return make_system_error(errno, "cannot bring the loopback interface up");
  }
  return {};
}

// proc(5), stat: fields 48 and 49 are where the arguments lie. They tell of the host's paths, and
// everyone in the container may read them.
void hide_arguments() {
  std::string text = read_whole_file("/proc/self/stat");
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int field = 3; field < 48; field++) fields >> skipped;
  u64 start = 0, end = 0;
  if (!(fields >> start >> end) || end <= start) return;
  auto* arguments = reinterpret_cast<char*>(start);
  std::memset(arguments, 0, end - start);
  std::strncpy(arguments, "gantry-init", end - start - 1);
  ::prctl(PR_SET_NAME, "gantry-init", 0, 0, 0);
}

Result<void> make_surroundings(const Plan& plan) {
  TRY(become_root());
  hide_arguments();
  ::setsid();
  // After the move into the container's cgroup, which becomes the root of this namespace.
  if (::unshare(CLONE_NEWCGROUP) < 0) return make_system_error(errno, "cgroup namespace");
  if (plan.has_own_network) TRY(bring_up_loopback());
  if (::sethostname(plan.host_name.data(), plan.host_name.size()) < 0) {
    return make_system_error(errno, "cannot set the host name `%s`", plan.host_name.c_str());
  }
  return make_file_systems(plan);
}

Result<void> open_streams(const Plan& plan, InitChannels& channels) {
  if (plan.process.has_terminal) {
    TRY_ASSIGN(Terminal terminal, make_terminal());
    TRY(send_descriptor(channels.control.get(), terminal.master.get()));
    for (UniqueFd& fd : channels.streams.fds) {
      fd = UniqueFd(::fcntl(terminal.slave.get(), F_DUPFD_CLOEXEC, 3));
    }
  }
  if (channels.streams.fds[0]) return {};
  TRY_ASSIGN(channels.streams.fds[0], open_at(AT_FDCWD, "/dev/null", O_RDONLY));
  return {};
}

// Nothing of the host's stays with a process that the container can see: no descriptor, no right
// but that of passing signals on to any user. Not dumpable: /proc/1 shows neither memory nor files.
Result<void> give_up_rights(int control, int signals) {
  if (::dup2(signals, 4) < 0 || ::dup2(control, 3) < 0) return make_system_error(errno, "dup2");
  ::syscall(SYS_close_range, 5, ~0u, 0);
  for (int i = 0; i < 3; i++) ::close(i);
  Capabilities kept;
  kept.permitted = kept.effective = {"CAP_KILL"};
  TRY(bound_capabilities({}));
  TRY(set_capabilities(kept));
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return {};
}

int status_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void reap(pid_t program) {
  int status;
  for (pid_t child; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (child == program) ::_exit(status_of(status));
  }
}

[[noreturn]] void supervise(pid_t program, int control, int signals) {
  pollfd watched[] = {{signals, POLLIN, 0}, {control, POLLIN, 0}};
  for (;;) {
    if (::poll(watched, 2, -1) < 0) continue;
    // Whoever ran the container is gone, and so is the container with its PID 1.
    if (watched[1].revents) ::_exit(kKilled);
    signalfd_siginfo signal;
    if (::read(signals, &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo == SIGCHLD) {
      reap(program);
    } else {
      ::kill(program, static_cast<int>(signal.ssi_signo));
    }
  }
}

Result<void> make_container(const Plan& plan, InitChannels& channels) {
  TRY(make_surroundings(plan));
  return open_streams(plan, channels);
}

[[noreturn]] void fail(const InitChannels& channels, const Error& error) {
  send_message(channels.report.get(), error);
  ::_exit(kSetUpFailed);
}

}  // namespace

void be_init(const Plan& plan, InitChannels channels) {
  char byte;
  if (::read(channels.control.get(), &byte, 1) != 1) ::_exit(kKilled);
  Result<void> made = make_container(plan, channels);
  if (!made) fail(channels, made.error());
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  UniqueFd signals(::signalfd(-1, &all, SFD_CLOEXEC));
  pid_t program = signals ? ::fork() : -1;
  if (program < 0) fail(channels, make_system_error(errno, "cannot start a process"));
  if (program == 0) {
    start_program(plan.process, channels.streams, channels.report.get());
  }
  Result<void> harmless = give_up_rights(channels.control.get(), signals.get());
  if (!harmless) ::_exit(kSetUpFailed);
  supervise(program, 3, 4);
}

Result<void> send_descriptor(int socket, int fd) {
  char text = 't';
  iovec byte = {&text, 1};
  ControlBuffer control = {};
  msghdr message = message_with(byte, control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (::sendmsg(socket, &message, 0) < 0) return make_system_error(errno, "sendmsg");
  return {};
}

Result<UniqueFd> receive_descriptor(int socket) {
  char text;
  iovec byte = {&text, 1};
  ControlBuffer control = {};
  msghdr message = message_with(byte, control);
  ssize_t size;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno != ECONNRESET) return make_system_error(errno, "recvmsg");
  cmsghdr* header = size > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!header || header->cmsg_type != SCM_RIGHTS) return UniqueFd();
  int fd;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

}  // namespace gantry::sandbox

// The side of the container that stays on the host: waits for it, carries its streams, passes
// signals on.
#include "runtime/sandbox/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/init.h"
#include "runtime/sandbox/message.h"
#include "runtime/sandbox/streams.h"

namespace gantry::sandbox {
namespace {

// What podman-run(1), --sig-proxy, passes on, but for signals of a fault of our own and those that
// stop a job of the shell.
constexpr int kForwarded[] = {SIGHUP,  SIGINT,   SIGQUIT,   SIGUSR1, SIGUSR2, SIGALRM,
                              SIGTERM, SIGWINCH, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR};

sigset_t forwarded_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int number : kForwarded) ::sigaddset(&set, number);
  return set;
}

struct Ends {
  UniqueFd control, report;
  UniqueFd input, output, errors;  // unset with a terminal
};

Result<void> make_pipe(UniqueFd& from, UniqueFd& to) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) < 0) return make_system_error(errno, "pipe");
  from = UniqueFd(fds[0]);
  to = UniqueFd(fds[1]);
  return {};
}

Result<void> make_channels(const Process& process, Ends& host, InitChannels& init) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    return make_system_error(errno, "socketpair");
  }
  host.control = UniqueFd(sockets[0]);
  init.control = UniqueFd(sockets[1]);
  TRY(make_pipe(host.report, init.report));
  if (process.has_terminal) return {};
  TRY(make_pipe(host.output, init.streams.fds[1]));
  TRY(make_pipe(host.errors, init.streams.fds[2]));
  if (!process.has_input) return {};
  return make_pipe(init.streams.fds[0], host.input);
}

class Monitor {
 public:
  explicit Monitor(const Plan& plan) : plan_(plan) {}

  Result<Ended> run();

 private:
  Result<void> start();
  Result<void> admit();
  void take_terminal(UniqueFd master);
  void connect_streams();
  void add_relay(UniqueFd from, UniqueFd to, bool is_input);
  void relay_until_end();
  bool step();
  void pass_signal();
  Result<Ended> conclude();

  const Plan& plan_;
  Ends ends_;
  Cgroup cgroup_;
  pid_t init_ = -1;
  UniqueFd init_fd_, signals_, terminal_;
  bool has_ended_ = false;
  std::vector<std::pair<Relay, bool>> relays_;  // and whether it carries input
};

Result<void> Monitor::start() {
  InitChannels channels;
  TRY(make_channels(plan_.process, ends_, channels));
  sigset_t set = forwarded_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  // A reader that went away is an error of write(2), not the end of the container.
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC));
  u64 namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
                   (plan_.has_own_network ? CLONE_NEWNET : 0);
  TRY_ASSIGN(init_, fork_into(namespaces, plan_.identity));
  if (init_ == 0) {
    ends_ = Ends();
    be_init(plan_, std::move(channels));
  }
  init_fd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, init_, 0)));
  if (!init_fd_) return make_system_error(errno, "pidfd_open");
  return {};
}

// Lets PID 1 go on once ids and limits are what they should be.
Result<void> Monitor::admit() {
  TRY(map_ids(init_, plan_.identity));
  TRY_ASSIGN(cgroup_, Cgroup::make(plan_.resources));
  TRY(cgroup_.add(init_));
  TRY(write_all(ends_.control.get(), "1"));
  if (!plan_.process.has_terminal) return {};
  TRY_ASSIGN(UniqueFd master, receive_descriptor(ends_.control.get()));
  if (master) take_terminal(std::move(master));
  return {};
}

void Monitor::take_terminal(UniqueFd master) {
  terminal_ = std::move(master);
  copy_window_size(0, terminal_.get());
  ::fcntl(terminal_.get(), F_SETFL, O_NONBLOCK);
}

void Monitor::add_relay(UniqueFd from, UniqueFd to, bool is_input) {
  if (from && to) relays_.emplace_back(Relay(std::move(from), std::move(to)), is_input);
}

void Monitor::connect_streams() {
  auto terminal_copy = [&] { return UniqueFd(::fcntl(terminal_.get(), F_DUPFD_CLOEXEC, 3)); };
  if (terminal_) {
    add_relay(terminal_copy(), own_stream(1), false);
    if (plan_.process.has_input) add_relay(own_stream(0), terminal_copy(), true);
    return;
  }
  add_relay(std::move(ends_.output), own_stream(1), false);
  add_relay(std::move(ends_.errors), own_stream(2), false);
  if (ends_.input) ::fcntl(ends_.input.get(), F_SETFL, O_NONBLOCK);
  add_relay(own_stream(0), std::move(ends_.input), true);
}

void Monitor::pass_signal() {
  signalfd_siginfo signal;
  if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return;
  if (signal.ssi_signo == SIGWINCH && terminal_) {
    copy_window_size(0, terminal_.get());
  } else if (!has_ended_) {
    ::syscall(SYS_pidfd_send_signal, init_fd_.get(), signal.ssi_signo, nullptr, 0);
  }
}

// False when the container has ended and its output is written.
bool Monitor::step() {
  std::erase_if(relays_,
                [&](auto& relay) { return relay.first.is_done() || (relay.second && has_ended_); });
  if (has_ended_ && relays_.empty()) return false;
  std::vector<pollfd> watched = {{signals_.get(), POLLIN, 0},
                                 {has_ended_ ? -1 : init_fd_.get(), POLLIN, 0}};
  for (auto& [relay, is_input] : relays_) watched.push_back(relay.interest());
  if (::poll(watched.data(), watched.size(), -1) < 0) return true;
  if (watched[0].revents) pass_signal();
  if (watched[1].revents) has_ended_ = true;
  for (std::size_t i = 0; i < relays_.size(); i++) {
    if (watched[i + 2].revents) relays_[i].first.advance();
  }
  return true;
}

void Monitor::relay_until_end() {
  connect_streams();
  std::unique_ptr<RawTerminal> raw;
  if (terminal_ && plan_.process.has_input) raw = std::make_unique<RawTerminal>(0);
  while (step()) {
  }
}

Result<Ended> Monitor::conclude() {
  int status = 0;
  while (::waitpid(init_, &status, 0) < 0 && errno == EINTR) {
  }
  Ended ended;
  ended.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  Result<std::string> message = receive_message(ends_.report.get());
  // ECHILD: nothing was said, as the program was started.
  if (message || message.error().code == ECHILD) return ended;
  if (ended.status == kSetUpFailed) return message.take_error();
  ended.complaint = message.error().message;
  return ended;
}

Result<Ended> Monitor::run() {
  Result<void> started = start();
  if (started) started = admit();
  if (!started) {
    // PID 1 waits for a byte that will not come, and ends.
    ends_.control.reset();
    if (init_ > 0) {
      ::kill(init_, SIGKILL);
      ::waitpid(init_, nullptr, 0);
    }
    return started.take_error();
  }
  relay_until_end();
  return conclude();
}

}  // namespace

Result<Ended> run(const Plan& plan) { return Monitor(plan).run(); }

}  // namespace gantry::sandbox

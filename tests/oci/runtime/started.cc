#include "tests/oci/runtime/started.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "emulator/base/argument_vector.h"
#include "emulator/base/check.h"

namespace gantry::test {
namespace {

constexpr int kPatienceMs = 60'000;

[[noreturn]] void become(const std::vector<std::string>& words,
                         const std::vector<std::string>& environment, const std::string& directory,
                         const TemporaryDirectory& files) {
  auto place = [](const std::string& path, int flags, int fd) {
    ::dup2(::open(path.c_str(), flags | O_CLOEXEC, 0600), fd);
  };
  // Not /dev/null: crun gives it to the container's user.
  place(files.path() + "/input", O_RDONLY | O_CREAT, 0);
  place(files.path() + "/output", O_WRONLY | O_CREAT, 1);
  place(files.path() + "/errors", O_WRONLY | O_CREAT, 2);
  if (::chdir(directory.c_str()) != 0) ::_exit(125);
  ::execve(words[0].c_str(), argument_vector(words).data(), argument_vector(environment).data());
  ::_exit(124);
}

int wait_for(pid_t pid) {
  auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd ended = {fd, POLLIN, 0};
  if (::poll(&ended, 1, kPatienceMs) == 0) ::kill(pid, SIGKILL);
  ::close(fd);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Ended run(const std::vector<std::string>& words, const std::vector<std::string>& environment,
          const std::string& directory) {
  TemporaryDirectory files;
  pid_t pid = ::fork();
  CHECK(pid >= 0);
  if (pid == 0) become(words, environment, directory, files);
  Ended ended;
  ended.status = wait_for(pid);
  ended.output = read_file(files.path() + "/output");
  ended.errors = read_file(files.path() + "/errors");
  return ended;
}

Ended run_in_private_world(const std::vector<std::string>& words) {
  std::vector<std::string> all = {
      "/usr/bin/unshare",
      "--mount",
      "--propagation",
      "private",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      "/bin/sh",
      "-c",
      "mount -t tmpfs -o mode=755 tmpfs /run && mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
      "exec \"$@\"",
      "world"};
  all.insert(all.end(), words.begin(), words.end());
  return run(all);
}

bool can_make_private_worlds() {
  static const bool can = run_in_private_world({"/bin/true"}).status == 0;
  return can;
}

FakeRuntime::FakeRuntime(const TemporaryDirectory& directory) : folder_(directory.at("fake")) {
  write_file(folder_ + "/runtime",
             "#!/bin/sh\n"
             "for word; do last=$word; done\n"
             "[ \"$last\" != --version ] || { echo fake version 1; exit 0; }\n"
             "case \" $* \" in *' state '*) [ ! -e " +
                 folder_ + "/state ] || cat " + folder_ + "/state; [ -e " + folder_ +
                 "/state ]; exit;; esac\n"
                 "printf '%s\\n' \"$@\" > " +
                 folder_ +
                 "/received\n"
                 "for word; do case $word in --process=*) cat \"${word#--process=}\" > " +
                 folder_ +
                 "/process;; esac; done\n"
                 "exit 42\n",
             0755);
  configure("");
}

void FakeRuntime::configure(const std::string& lines) const {
  write_file(folder_ + "/config.yaml", "runtime: " + folder_ + "/runtime\nemulator: " +
                                           STAND_IN_EMULATOR "\nemulate_native: true\n" + lines);
}

void FakeRuntime::set_state(const std::string& text) const { write_file(folder_ + "/state", text); }

Ended FakeRuntime::call(const std::vector<std::string>& words, const std::string& directory) const {
  std::filesystem::remove(folder_ + "/received");
  std::vector<std::string> all = {GANTRY_RUNTIME, "--config", folder_ + "/config.yaml"};
  all.insert(all.end(), words.begin(), words.end());
  // The script needs PATH for cat only.
  return run(all, {"PATH=/usr/bin:/bin"}, directory);
}

std::vector<std::string> FakeRuntime::received() const {
  return lines_of(read_file(folder_ + "/received"));
}

std::string FakeRuntime::received_process() const { return read_file(folder_ + "/process"); }

}  // namespace gantry::test

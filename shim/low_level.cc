#include "shim/low_level.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "emulator/base/argument_vector.h"
#include "emulator/base/descriptor.h"

extern char** environ;

namespace gantry {
namespace {

constexpr std::size_t kMaxOutput = 4 * 1024 * 1024;

// As execv's: a program's path is the first.
Words with_path(const std::string& path, const Words& arguments) {
  Words words = {path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Result<pid_t> spawn(const std::string& path, const Words& arguments, int output, bool with_errors) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (with_errors) {
    ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  } else {
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  pid_t pid = -1;
  Words words = with_path(path, arguments);
  int code =
      ::posix_spawn(&pid, path.c_str(), &actions, nullptr, argument_vector(words).data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return make_system_error(code, "cannot run `%s`", path.c_str());
  return pid;
}

}  // namespace

Error exec_program(const std::string& path, const Words& arguments) {
  Words words = with_path(path, arguments);
  ::execve(path.c_str(), argument_vector(words).data(), environ);
  return make_system_error(errno, "cannot run the low-level runtime `%s`", path.c_str());
}

std::string Output::first_line() const { return text.substr(0, text.find('\n')); }

Result<Output> run_program(const std::string& path, const Words& arguments, bool with_errors) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return make_system_error(errno, "pipe");
  UniqueFd reader(ends[0]), writer(ends[1]);
  TRY_ASSIGN(pid_t pid, spawn(path, arguments, writer.get(), with_errors));
  writer.reset();
  Result<std::string> text = read_all(reader.get(), kMaxOutput);
  reader.reset();
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!text) return text.take_error();
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return Output{code, std::move(*text)};
}

Words query_globals(const CommandLine& line) {
  std::vector<bool> dropped(line.globals.size());
  for (const Flag& flag : line.global_flags.flags) {
    bool is_log = flag.name == "log" || flag.name == "log-format" || flag.name == "log-level" ||
                  flag.name == "debug";
    for (std::size_t i = 0; is_log && i < flag.count; i++) dropped[flag.first + i] = true;
  }
  Words words;
  for (std::size_t i = 0; i < line.globals.size(); i++) {
    if (!dropped[i]) words.push_back(line.globals[i]);
  }
  return words;
}

}  // namespace gantry

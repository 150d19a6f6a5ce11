#include "runtime/process/hidden_fds.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "emulator/base/log.h"
#include "emulator/base/perf_map.h"
#include "runtime/core/process.h"
#include "runtime/core/task.h"

namespace gantry::runtime {
namespace {

// High enough that guests do not choose it by themselves, low enough that the kernel's table of
// descriptors stays small.
constexpr int kFirst = 1000;

// The lowest number that hidden descriptors get, below the limit on descriptors.
int lowest_number() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > kFirst + 16) return kFirst;
  return std::max(0, static_cast<int>(limit.rlim_cur) - 16);
}

// A duplicate with a number of at least `from`; `fd` is closed.
int move_fd(int fd, int from) {
  int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, from);
  if (moved >= 0) ::close(fd);
  return moved;
}

void replace(int& fd, int from, int to) {
  if (fd == from) fd = to;
}

void rename_fd(Process& process, int from, int to) {
  replace(process.emulator_fd, from, to);
  replace(process.program_fd, from, to);
  for (int& fd : process.hidden_fds) replace(fd, from, to);
  if (log_descriptor() == from) set_log_descriptor(to);
  if (perf_map_descriptor() == from) set_perf_map_descriptor(to);
}

}  // namespace

bool is_hidden_fd(int fd) {
  const Task* task = current_task();
  if (!task) return false;
  const auto& hidden = task->process->hidden_fds;
  return std::find(hidden.begin(), hidden.end(), fd) != hidden.end();
}

int hide_fd(Process& process, int fd, HiddenFd purpose) {
  int hidden = fd;
  int lowest = lowest_number() + static_cast<int>(purpose);
  if (fd >= lowest) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  } else {
    hidden = move_fd(fd, lowest);
    if (hidden < 0) return -1;
  }
  process.hidden_fds.push_back(hidden);
  return hidden;
}

std::string find_hidden_fd(const Process& self, const std::string& process_directory,
                           HiddenFd purpose) {
  auto path = [&](HiddenFd which) {
    return process_directory + "/fd/" + std::to_string(lowest_number() + static_cast<int>(which));
  };
  struct stat own, other;
  bool emulated = ::fstat(self.emulator_fd, &own) == 0 &&
                  ::stat(path(HiddenFd::kEmulator).c_str(), &other) == 0 &&
                  own.st_dev == other.st_dev && own.st_ino == other.st_ino;
  return emulated ? path(purpose) : "";
}

void yield_hidden_fd(int fd) {
  if (!is_hidden_fd(fd)) return;
  int moved = move_fd(fd, fd + 1);
  if (moved < 0) moved = move_fd(fd, lowest_number());
  if (moved >= 0) rename_fd(*current_task()->process, fd, moved);
}

}  // namespace gantry::runtime

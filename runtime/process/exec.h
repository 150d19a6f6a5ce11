// execve(2): the process becomes a new emulator, or a native program.
#pragma once

#include <string>
#include <vector>

#include "runtime/core/task.h"

namespace gantry::runtime {

struct ExecRequest {
  int directory_fd = 0;
  std::string path;
  int flags = 0;  // AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
  std::vector<std::string> argv;
  std::vector<std::string> environment;
};

// Returns only when the program cannot be executed: -errno, or kRestartSyscall. The task and its
// process are then as before.
s64 execute(Task& task, ExecRequest& request);

}  // namespace gantry::runtime

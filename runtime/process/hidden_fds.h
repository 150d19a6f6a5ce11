// File descriptors that belong to the emulator. The guest cannot name them: close(2), dup2(2),
// fcntl(2) and the like see EBADF, close_range(2) leaves them open, listings of /proc/self/fd lack
// them.
#pragma once

#include <string>

namespace gantry::runtime {

struct Process;

// What a hidden descriptor is for. Each kind has its place among the numbers, so that another
// emulator can find them in /proc/PID/fd.
enum class HiddenFd { kEmulator, kProgram, kLog, kPerfMap };

// Whether the current task's guest must not see `fd`.
bool is_hidden_fd(int fd);

// Moves `fd` to a high number, with close-on-exec set, and hides it. The new number, or -1 with
// `fd` left alone. Before the first task runs there is no current one, so the process is named.
int hide_fd(Process& process, int fd, HiddenFd purpose);

// The descriptor of that purpose in another process that this emulator runs, as a path below
// `process_directory` ("/proc/PID"); empty when the process is not such a one or may not be looked
// at.
std::string find_hidden_fd(const Process& self, const std::string& process_directory,
                           HiddenFd purpose);

// The guest is about to put a descriptor of its own at `fd` (dup2, dup3, pidfd_getfd …): if the
// number is one of ours, ours moves away.
void yield_hidden_fd(int fd);

}  // namespace gantry::runtime

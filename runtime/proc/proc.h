// Files under /proc whose contents would tell the guest about the emulator or the host's
// architecture. Handlers of open, readlink, stat and execve ask here first.
#pragma once

#include <climits>
#include <string>

#include "runtime/core/task.h"

namespace gantry::runtime::proc {

constexpr s64 kNotOurs = LLONG_MIN;

// open(2) of a synthetic file: a descriptor with its present content, -errno, or kNotOurs when the
// host's file is what the guest shall see. `flags` are the host's O_*.
s64 open(Task& task, int directory_fd, const std::string& path, int flags);

// readlink(2) of a synthetic link; its length and the text in `target`, -errno, or kNotOurs.
s64 readlink(Task& task, int directory_fd, const std::string& path, std::string& target);

// When `path` is a link that the kernel would follow to the emulator's file instead of the guest's
// program (/proc/self/exe), replaces it by a path that leads to the program and sets directory_fd
// to AT_FDCWD. For stat, access, open and execve, which follow links.
bool redirect(Task& task, int& directory_fd, std::string& path);

// Whether `fd` is a directory /proc/PID/fd or fdinfo of this process.
bool lists_own_descriptors(int fd);

// True for an entry `name` of /proc/self/fd that getdents must leave out.
bool is_hidden_entry(const char* name);

// The absolute path of the guest's program, as /proc/self/exe shows it.
const std::string& executable_path(Process& process);

// Sets what other processes see of this one: /proc/PID/{cmdline,environ,auxv}, and the name in
// comm. `original` is main's argv, whose strings are overwritten where the kernel offers no better
// way.
void publish_command_line(Process& process, char** original);

}  // namespace gantry::runtime::proc

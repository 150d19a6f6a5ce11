// The container's program, from fork to execve.
#pragma once

#include "emulator/base/descriptor.h"
#include "runtime/sandbox/sandbox.h"

namespace gantry::sandbox {

// Exit statuses of a child that could not start the program (podman-run(1), "Exit Status").
constexpr int kSetUpFailed = 125;
constexpr int kCannotExecute = 126;
constexpr int kNotFound = 127;

// Standard input, output and error; all three are the terminal's when it has one.
struct Streams {
  UniqueFd fds[3];
};

// In the child: becomes the program. Failures go to `report` (message.h) and become the exit
// status.
[[noreturn]] void start_program(const Process& process, const Streams& streams, int report);

}  // namespace gantry::sandbox

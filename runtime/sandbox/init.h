// PID 1 of the container: makes it, starts the program, reaps what is orphaned, passes signals on.
#pragma once

#include "emulator/base/descriptor.h"
#include "runtime/sandbox/process.h"
#include "runtime/sandbox/sandbox.h"

namespace gantry::sandbox {

struct InitChannels {
  UniqueFd control;  // a socket: readable when the maps are written; takes the terminal
  UniqueFd report;   // message.h
  Streams streams;   // unset ones are /dev/null, or the terminal
};

// Ends with the program's exit status, 128 + n after signal n.
[[noreturn]] void be_init(const Plan& plan, InitChannels channels);

// One descriptor through a socket (unix(7), SCM_RIGHTS).
Result<void> send_descriptor(int socket, int fd);
// Unset when the other side closed the socket without sending.
Result<UniqueFd> receive_descriptor(int socket);

}  // namespace gantry::sandbox

// Results that a child hands to its parent through a pipe.
#pragma once

#include <string>

#include "emulator/base/result.h"

namespace gantry::sandbox {

// Writes the text or the error. Failure to do so is seen by the reader.
void send_message(int fd, const Result<std::string>& result);

// Reads to the end of the pipe; ECHILD when the child ended without a message.
Result<std::string> receive_message(int fd);

}  // namespace gantry::sandbox

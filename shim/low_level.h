// Handing over to crun or runc.
#pragma once

#include <string>

#include "emulator/base/result.h"
#include "shim/command_line.h"

namespace gantry {

// Becomes the low-level runtime: it keeps our process number, parent and descriptors, so engines
// see the children they wait for. Returns only on failure.
Error exec_program(const std::string& path, const Words& arguments);

struct Output {
  int status = 0;    // exit status, or 128 + signal
  std::string text;  // standard output

  std::string first_line() const;
};

// Runs a program to its end. Its standard error is discarded unless `with_errors`, which joins it
// to the output.
Result<Output> run_program(const std::string& path, const Words& arguments,
                           bool with_errors = false);

// The words before the command for asking the low-level runtime about a container: the caller's
// flags but for the log, which must hold nothing of our question.
Words query_globals(const CommandLine& line);

}  // namespace gantry

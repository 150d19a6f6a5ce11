// The command line of gantry-x64.
#pragma once

#include <string>
#include <vector>

#include "runtime/core/process.h"

namespace gantry::runtime {

struct CommandLine {
  Settings settings;
  std::string argv0;  // --argv0; empty: the program's name
  bool has_argv0 = false;
  bool help = false;
  bool version = false;
  std::vector<std::string> set_variables;    // NAME=VALUE
  std::vector<std::string> unset_variables;  // NAME
  std::vector<std::string> program;          // the program and its arguments

  // From the emulator that called execve; then `program` is the guest's argv from argv[0] on.
  int program_fd = -1;
  int emulator_fd = -1;
  std::string file_name;
};

// EINVAL, with a message for the user, when an option is unknown or lacks its value.
Result<CommandLine> parse_command_line(int argc, char** argv);

// The command line when the kernel has started this emulator for a program (binfmt_misc with flag
// O, whose descriptor this is): argv is our name, the program's file and its arguments, with flag P
// (`keeps_argv0`) its argv[0] before them. Nothing in it is an option: who starts a set-user-ID
// program chooses all these words.
CommandLine kernel_command_line(int argc, char** argv, int program_fd, bool keeps_argv0);

// The text of --help.
std::string help_text();

// The arguments that start a new emulator (Process::emulator_fd) on `program`. program.fd and
// emulator_fd must stay open for it: not close-on-exec. A native program is executed without it.
std::vector<std::string> emulator_arguments(const Process& process, const loader::Program& program);

}  // namespace gantry::runtime

// Finds the program that a command line starts in a container.
#pragma once

#include <string>
#include <vector>

#include "oci/guest_view.h"
#include "oci/program_file.h"

namespace gantry {

// What execvp(3) would be called with.
struct ProgramQuery {
  std::string name;                      // args[0]
  std::string directory = "/";           // the working directory
  std::vector<std::string> environment;  // PATH is the last "PATH=…" of it
};

struct Program {
  // How the guest would name it: absolute when found through PATH, else as in the query. Links are
  // not resolved: a program may look at its own name.
  std::string path;
  // The ELF file that execve(2) loads in the end: that of the innermost "#!" interpreter.
  // kUnknown when that is no ELF file.
  ProgramFile file;
  // The files themselves, without links: the program's, and for a script those of its interpreters.
  std::vector<std::string> files;
};

// Errors carry the words engines look for: "not found" and "no such file or directory" become
// exit status 127, "permission denied" 126. The code EXDEV means that the program will be on a
// filesystem that does not exist yet, so nothing can be said of it.
Result<Program> find_program(const GuestView& view, const ProgramQuery& query);

}  // namespace gantry

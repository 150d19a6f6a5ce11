// What execve(2) of a file would start: an x86-64 program for the emulator, a program of the host's
// own architecture, or an error. Scripts are followed to their interpreter here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/base/types.h"

namespace gantry::runtime::loader {

struct ElfFile;

enum class ProgramKind : u8 {
  kGuest,   // ELF for x86-64
  kNative,  // ELF of the host's architecture, which is not x86-64: the host executes it itself
};

struct Program {
  ProgramKind kind = ProgramKind::kGuest;
  int fd = -1;                 // the ELF file, open for reading and close-on-exec; the caller's
  std::string path = {};       // the ELF file as it was opened, for messages and native programs
  std::string file_name = {};  // what was asked for (of a script, the script): AT_EXECFN, comm
  std::shared_ptr<const ElfFile> elf = {};  // of a kGuest, its headers
  std::vector<std::string> argv = {};       // with what a script's first line puts in front
};

// What the file at `path`, relative to `directory_fd`, starts with these arguments. `flags` are
// those of execveat(2): AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. Error codes are those of execve(2)
// (ENOENT, EACCES, ENOEXEC, ELOOP, EISDIR …); the message names the file and the reason.
Result<Program> resolve_program(int directory_fd, const std::string& path, int flags,
                                std::vector<std::string> argv);

// The program in an open file, for an emulator that execve started with what resolve_program gave.
Result<Program> program_from_descriptor(int fd, const std::string& file_name,
                                        std::vector<std::string> argv);

// The file a shell would start for `name`: `name` itself if it has a slash, else the first
// executable file of that name in `search_path` (the value of PATH). ENOENT when there is none,
// EACCES when only files without execute permission were found.
Result<std::string> find_in_path(const std::string& name, const char* search_path);

// A line "#!interpreter [argument]" as Linux reads it (fs/binfmt_script.c): at most 255 bytes, one
// argument with the blanks around it removed.
struct ScriptLine {
  std::string interpreter;
  std::string argument;
  bool has_argument = false;
};
// False when `head`, the start of the file, is not a script's or names no interpreter (ENOEXEC).
bool parse_script_line(const char* head, u64 size, ScriptLine& line);

// The exit status of a shell whose command could not be executed for this reason: 127 when the file
// does not exist, else 126.
int exit_status_of(int error_code);

}  // namespace gantry::runtime::loader

// What kind of program a file is, as execve(2) would see it.
#pragma once

#include <string>

#include "emulator/base/result.h"
#include "emulator/base/types.h"

namespace gantry {

enum class ProgramFormat : u8 {
  kElf,
  kScript,   // starts with "#!"
  kUnknown,  // neither: the kernel's ENOEXEC, or a format of binfmt_misc
};

struct ProgramFile {
  ProgramFormat format = ProgramFormat::kUnknown;
  u16 machine = 0;          // e_machine of an ELF file (EM_X86_64 …)
  bool is_64bit = false;    // ELFCLASS64
  std::string interpreter;  // of a script: the path after "#!"
};

// Reads the header of the file behind the O_PATH descriptor. Errors: EACCES when it is not a
// regular file with an execute bit, ENOEXEC for an ELF file that is cut off.
Result<ProgramFile> identify_program(int path_fd);

// "x86-64", "aarch64", … or "machine 0x2a".
std::string machine_name(u16 machine);

// The machine this code was compiled for.
u16 host_machine();

}  // namespace gantry

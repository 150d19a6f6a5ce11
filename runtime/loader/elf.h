// The headers of a guest program's ELF file (System V ABI, chapters 4 and 5).
#pragma once

#include <elf.h>

#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/base/types.h"

namespace gantry::runtime::loader {

struct ElfFile {
  Elf64_Ehdr header = {};
  std::vector<Elf64_Phdr> segments;  // PT_LOAD, not empty, ascending and apart
  std::string interpreter;           // PT_INTERP; empty when there is none
  bool executable_stack = false;     // PT_GNU_STACK asks for it
  u64 header_table = 0;  // where the program headers lie, before the load bias; 0: nowhere

  u64 low() const;  // bounds of all segments, whole pages
  u64 high() const;
  u64 alignment() const;  // the largest p_align
  bool is_relocatable() const { return header.e_type == ET_DYN; }
};

// What the first bytes of a file are.
enum class FileKind : u8 {
  kGuestElf,
  kNativeElf,
  kI386Elf,
  kX32Elf,
  kOtherElf,
  kTruncatedElf,
  kScript,
  kUnknown,
};
FileKind identify(const char* head, u64 size);

// Reads and checks the headers of the x86-64 program in `fd`. ENOEXEC, with the reason, for what
// cannot be loaded; `path` is for the message.
Result<ElfFile> read_elf(int fd, const std::string& path);

}  // namespace gantry::runtime::loader

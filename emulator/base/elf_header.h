// Headers of the ELF files that are made here (elf(5)).
#pragma once

#include <elf.h>

#include <cstring>

#include "emulator/base/types.h"

namespace gantry {

// Of a 64-bit little-endian file; `type` is ET_EXEC, ET_DYN and so on, `machine` EM_X86_64 and so
// on. Nothing is said of segments and sections.
inline Elf64_Ehdr elf_header(u16 type, u16 machine) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = type;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  return header;
}

}  // namespace gantry

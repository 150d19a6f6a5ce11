// Makes ELF files for tests.
#pragma once

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "emulator/base/elf_header.h"
#include "emulator/base/types.h"

namespace gantry::runtime::loader {

// A valid x86-64 program of one segment with one page of code, to be spoiled by tests.
struct ElfBuilder {
  Elf64_Ehdr header = elf_header(ET_EXEC, EM_X86_64);
  std::vector<Elf64_Phdr> segments;
  u64 file_size = 0x2000;

  ElfBuilder() {
    header.e_entry = 0x401000;
    header.e_phoff = sizeof header;
    add(PT_LOAD, 0, 0x400000, 0x2000, 0x2000);
  }

  Elf64_Phdr& add(u32 type, u64 offset, u64 address, u64 in_file, u64 in_memory) {
    segments.push_back({type, PF_R | PF_X, offset, address, address, in_file, in_memory, 0x1000});
    return segments.back();
  }
  void add_interpreter(const std::string& name) {
    text_ = name + '\0';
    add(PT_INTERP, 0x1000, 0x401000, text_.size(), text_.size());
  }

  std::string bytes() const {
    std::string result(file_size, '\0');
    Elf64_Ehdr copy = header;
    if (copy.e_phnum == 0) copy.e_phnum = static_cast<u16>(segments.size());
    auto put = [&](u64 at, const void* data, u64 size) {
      if (at < result.size()) std::memcpy(&result[at], data, std::min(size, result.size() - at));
    };
    put(0, &copy, sizeof copy);
    put(sizeof copy, segments.data(), segments.size() * sizeof segments[0]);
    put(0x1000, text_.data(), text_.size());
    return result;
  }

 private:
  std::string text_;
};

}  // namespace gantry::runtime::loader

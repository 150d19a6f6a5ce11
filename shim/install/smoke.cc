#include "shim/install/smoke.h"

#include <elf.h>

#include <cstring>

#include "emulator/base/elf_header.h"
#include "emulator/base/types.h"

namespace gantry::install {
namespace {

constexpr u64 kBase = 0x400000;

// clang-format off
constexpr u8 kCode[] = {
    0xb8, 0x01, 0x00, 0x00, 0x00,              // mov $1, %eax         write
    0xbf, 0x01, 0x00, 0x00, 0x00,              // mov $1, %edi         standard output
    0x48, 0x8d, 0x35, 0x10, 0x00, 0x00, 0x00,  // lea 16(%rip), %rsi   the text behind the code
    0xba, 0x0b, 0x00, 0x00, 0x00,              // mov $11, %edx
    0x0f, 0x05,                                // syscall
    0xb8, 0xe7, 0x00, 0x00, 0x00,              // mov $231, %eax       exit_group
    0x31, 0xff,                                // xor %edi, %edi
    0x0f, 0x05,                                // syscall
};
// clang-format on
// The address in lea counts from the next instruction.
static_assert(sizeof kCode - 17 == 16);

}  // namespace

std::string smoke_program() {
  constexpr std::size_t kHeaders = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  std::size_t size = kHeaders + sizeof kCode + std::strlen(kSmokeText);
  Elf64_Ehdr header = elf_header(ET_EXEC, EM_X86_64);
  header.e_entry = kBase + kHeaders;
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  Elf64_Phdr segment = {PT_LOAD, PF_R | PF_X, 0, kBase, kBase, size, size, 4096};
  std::string text(reinterpret_cast<const char*>(&header), sizeof header);
  text.append(reinterpret_cast<const char*>(&segment), sizeof segment);
  text.append(reinterpret_cast<const char*>(kCode), sizeof kCode);
  return text + kSmokeText;
}

}  // namespace gantry::install

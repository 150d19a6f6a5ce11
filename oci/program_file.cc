#include "oci/program_file.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "emulator/base/descriptor.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

namespace gantry {
namespace {

// Linux reads BINPRM_BUF_SIZE bytes to recognise a program; a longer "#!" line is ENOEXEC.
constexpr std::size_t kHeaderBytes = 256;

const char* file_type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "not a regular file";
}

Result<struct stat> stat_program(int path_fd) {
  TRY_ASSIGN(struct stat status, stat_of(path_fd));
  if (!S_ISREG(status.st_mode)) {
    return make_error(EACCES, "is %s, not a program: permission denied",
                      file_type_name(status.st_mode));
  }
  if (!(status.st_mode & 0111)) return make_error(EACCES, "is not executable: permission denied");
  return status;
}

// execve(2), "Interpreter scripts": white space after "#!" is skipped, the path ends at white
// space.
Result<ProgramFile> identify_script(std::string_view header) {
  header.remove_prefix(2);
  std::string_view line = header.substr(0, header.find('\n'));
  std::size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) return ProgramFile{};
  line.remove_prefix(start);
  std::size_t end = line.find_first_of(std::string_view(" \t\0", 3));
  bool cut_off = end == std::string_view::npos && header.find('\n') == std::string_view::npos &&
                 header.size() + 2 == kHeaderBytes;
  if (cut_off) return make_error(ENOEXEC, "has a \"#!\" line that is too long: exec format error");
  ProgramFile file;
  file.format = ProgramFormat::kScript;
  file.interpreter = line.substr(0, end);
  return file;
}

template <typename Header>
bool headers_fit(const char* bytes, u64 file_size) {
  Header header;
  std::memcpy(&header, bytes, sizeof header);
  u64 table = u64{header.e_phentsize} * header.e_phnum;
  return header.e_phoff <= file_size && table <= file_size - header.e_phoff;
}

Result<ProgramFile> identify_elf(std::string_view header, u64 file_size) {
  auto truncated = [] { return make_error(ENOEXEC, "is a truncated ELF file: exec format error"); };
  if (header.size() < sizeof(Elf32_Ehdr)) return truncated();
  ProgramFile file;
  file.format = ProgramFormat::kElf;
  file.is_64bit = header[EI_CLASS] == ELFCLASS64;
  // All hosts and guests are little-endian; a big-endian file shows another machine number.
  std::memcpy(&file.machine, header.data() + offsetof(Elf32_Ehdr, e_machine), sizeof(u16));
  if (file.is_64bit && header.size() < sizeof(Elf64_Ehdr)) return truncated();
  bool fits = file.is_64bit ? headers_fit<Elf64_Ehdr>(header.data(), file_size)
                            : headers_fit<Elf32_Ehdr>(header.data(), file_size);
  if (header[EI_DATA] == ELFDATA2LSB && !fits) return truncated();
  return file;
}

}  // namespace

Result<ProgramFile> identify_program(int path_fd) {
  TRY_ASSIGN(struct stat status, stat_program(path_fd));
  TRY_ASSIGN(UniqueFd fd, reopen_for_reading(path_fd));
  char buffer[kHeaderBytes];
  ssize_t size = ::pread(fd.get(), buffer, sizeof buffer, 0);
  if (size < 0) return make_system_error(errno, "cannot be read");
  std::string_view header(buffer, static_cast<std::size_t>(size));
  if (header.starts_with(std::string_view(ELFMAG, SELFMAG))) {
    return identify_elf(header, static_cast<u64>(status.st_size));
  }
  if (header.starts_with("#!")) return identify_script(header);
  return ProgramFile{};
}

std::string machine_name(u16 machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_386:
      return "i386";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv";
    case EM_LOONGARCH:
      return "loongarch";
    default:
      break;
  }
  char text[24];
  std::snprintf(text, sizeof text, "machine 0x%x", static_cast<unsigned>(machine));
  return text;
}

u16 host_machine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#elif defined(__riscv)
  return EM_RISCV;
#elif defined(__loongarch__)
  return EM_LOONGARCH;
#else
#error "unknown host"
#endif
}

}  // namespace gantry

#include "runtime/loader/elf.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>

#include "emulator/base/bits.h"
#include "runtime/memory/address_space.h"

namespace gantry::runtime::loader {
namespace {

#if defined(__aarch64__)
constexpr u16 kHostMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr u16 kHostMachine = EM_RISCV;
#elif defined(__loongarch__)
constexpr u16 kHostMachine = 258;  // EM_LOONGARCH
#else
constexpr u16 kHostMachine = EM_X86_64;
#endif

constexpr u16 kMaxHeaders = 1024;

// The start of the file in one read; most programs have everything of interest there.
struct FileHead {
  int fd = -1;
  u64 size = 0;
  char bytes[2048];

  bool read(void* to, u64 offset, u64 count) const {
    if (offset <= size && count <= size - offset) {
      std::memcpy(to, bytes + offset, count);
      return true;
    }
    return pread(fd, to, count, static_cast<off_t>(offset)) == static_cast<ssize_t>(count);
  }
};

Error bad(const std::string& path, const char* reason) {
  return make_error(ENOEXEC, "%s: %s", path.c_str(), reason);
}

Result<void> check_header(const Elf64_Ehdr& header, const std::string& path) {
  bool type_ok = header.e_type == ET_EXEC || header.e_type == ET_DYN;
  if (!type_ok) return bad(path, "not an executable ELF file");
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) return bad(path, "not a little-endian ELF file");
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return bad(path, "bad size of program headers");
  if (header.e_phnum == 0) return bad(path, "no program headers");
  if (header.e_phnum > kMaxHeaders) return bad(path, "too many program headers");
  return {};
}

Result<void> check_segment(const Elf64_Phdr& segment, u64 file_size, const std::string& path) {
  constexpr u64 kPageMask = kGuestPageSize - 1;
  if (segment.p_filesz > segment.p_memsz)
    return bad(path, "a segment is larger in the file than in memory");
  if (segment.p_memsz > kTaskSize || segment.p_vaddr > kTaskSize - segment.p_memsz) {
    return bad(path, "a segment lies outside the address space");
  }
  if ((segment.p_vaddr ^ segment.p_offset) & kPageMask)
    return bad(path, "a segment is not aligned to pages");
  if (segment.p_align > 1 && !std::has_single_bit(segment.p_align)) {
    return bad(path, "the alignment of a segment is not a power of two");
  }
  bool inside = segment.p_offset <= file_size && segment.p_filesz <= file_size - segment.p_offset;
  if (!inside) return bad(path, "the file is truncated");
  return {};
}

Result<void> add_segment(ElfFile& elf, const Elf64_Phdr& segment, u64 file_size,
                         const std::string& path) {
  if (segment.p_memsz == 0) return {};
  TRY(check_segment(segment, file_size, path));
  if (!elf.segments.empty()) {
    const Elf64_Phdr& last = elf.segments.back();
    if (segment.p_vaddr < last.p_vaddr + last.p_memsz) {
      return bad(path, "segments overlap or are not in ascending order");
    }
  }
  u64 table = elf.header.e_phoff;
  if (table >= segment.p_offset && table - segment.p_offset < segment.p_filesz) {
    elf.header_table = table - segment.p_offset + segment.p_vaddr;
  }
  elf.segments.push_back(segment);
  return {};
}

Result<void> read_interpreter(ElfFile& elf, const FileHead& file, const Elf64_Phdr& segment,
                              const std::string& path) {
  if (!elf.interpreter.empty()) return {};  // Linux takes the first one
  if (segment.p_filesz < 2 || segment.p_filesz > PATH_MAX)
    return bad(path, "bad name of the interpreter");
  std::string name(segment.p_filesz, '\0');
  if (!file.read(name.data(), segment.p_offset, name.size()))
    return bad(path, "the file is truncated");
  if (name.back() != '\0') return bad(path, "bad name of the interpreter");
  elf.interpreter = name.c_str();
  if (elf.interpreter.empty()) return bad(path, "bad name of the interpreter");
  return {};
}

}  // namespace

u64 ElfFile::low() const { return align_down(segments.front().p_vaddr, kGuestPageSize); }

u64 ElfFile::high() const {
  return align_up(segments.back().p_vaddr + segments.back().p_memsz, kGuestPageSize);
}

u64 ElfFile::alignment() const {
  u64 result = kGuestPageSize;
  for (const Elf64_Phdr& segment : segments) result = std::max(result, segment.p_align);
  return result;
}

FileKind identify(const char* head, u64 size) {
  if (size >= 2 && head[0] == '#' && head[1] == '!') return FileKind::kScript;
  Elf64_Ehdr header;
  if (size < SELFMAG || std::memcmp(head, ELFMAG, SELFMAG)) return FileKind::kUnknown;
  if (size < sizeof(Elf32_Ehdr)) return FileKind::kTruncatedElf;
  std::memcpy(&header, head, EI_NIDENT + 4);  // up to e_machine, the same in both classes
  bool is_64 = header.e_ident[EI_CLASS] == ELFCLASS64;
  if (header.e_machine == EM_X86_64) return is_64 ? FileKind::kGuestElf : FileKind::kX32Elf;
  if (header.e_machine == EM_386) return FileKind::kI386Elf;
  if (header.e_machine == kHostMachine && is_64) return FileKind::kNativeElf;
  return FileKind::kOtherElf;
}

Result<ElfFile> read_elf(int fd, const std::string& path) {
  ElfFile elf;
  FileHead file;
  file.fd = fd;
  struct stat info;
  if (fstat(fd, &info) < 0) return make_system_error(errno, "%s", path.c_str());
  ssize_t count = pread(fd, file.bytes, sizeof file.bytes, 0);
  if (count < 0) return make_system_error(errno, "%s", path.c_str());
  file.size = static_cast<u64>(count);
  if (identify(file.bytes, file.size) != FileKind::kGuestElf)
    return bad(path, "not an x86-64 ELF file");
  if (file.size < sizeof elf.header) return bad(path, "the file is truncated");
  std::memcpy(&elf.header, file.bytes, sizeof elf.header);
  TRY(check_header(elf.header, path));

  std::vector<Elf64_Phdr> headers(elf.header.e_phnum);
  if (!file.read(headers.data(), elf.header.e_phoff, headers.size() * sizeof headers[0])) {
    return bad(path, "the file is truncated");
  }
  for (const Elf64_Phdr& segment : headers) {
    if (segment.p_type == PT_LOAD) {
      TRY(add_segment(elf, segment, static_cast<u64>(info.st_size), path));
    } else if (segment.p_type == PT_INTERP) {
      TRY(read_interpreter(elf, file, segment, path));
    } else if (segment.p_type == PT_GNU_STACK) {
      elf.executable_stack = segment.p_flags & PF_X;
    }
  }
  if (elf.segments.empty()) return bad(path, "no segments to load");
  return elf;
}

}  // namespace gantry::runtime::loader

#include "runtime/loader/loader.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "emulator/base/bits.h"
#include "emulator/base/log.h"
#include "emulator/guest/xsave.h"
#include "emulator/semantics/features.h"
#include "runtime/loader/elf.h"
#include "runtime/loader/stack.h"

extern "C" const char gantry_vdso_image[];
extern "C" const char gantry_vdso_image_end[];

namespace gantry::runtime::loader {
namespace {

// ELF_ET_DYN_BASE: where Linux begins to place position-independent programs.
constexpr u64 kProgramBase = kTaskSize / 3 * 2;
constexpr u64 kGigabyte = u64{1} << 30;
// Linux: the heap begins up to 32 MiB after the program (arch_randomize_brk).
constexpr u64 kHeapRandom = 32 << 20;

// AT_MINSIGSTKSZ: besides the XSAVE image, Linux counts what the frame of a 32-bit program would
// take (arch/x86/kernel/signal.c, init_sigframe_size).
u64 min_signal_stack() { return guest::xsave_size(guest::xcr0()) + 944; }

int protection_of(const Elf64_Phdr& segment) {
  return (segment.p_flags & PF_R ? PROT_READ : 0) | (segment.p_flags & PF_W ? PROT_WRITE : 0) |
         (segment.p_flags & PF_X ? PROT_EXEC : 0);
}

Error load_error(s64 status, const std::string& path, const char* what) {
  return make_system_error(static_cast<int>(-status), "%s: cannot map %s", path.c_str(), what);
}

// The part of a segment that is not in the file is zero; the rest of the file's last page, too.
Result<void> map_zeros(AddressSpace& memory, const Elf64_Phdr& segment, u64 bias,
                       const std::string& path) {
  u64 file_end = segment.p_vaddr + segment.p_filesz + bias;
  u64 end = align_up(segment.p_vaddr + segment.p_memsz + bias, kGuestPageSize);
  u64 zeros =
      segment.p_filesz ? align_up(file_end, kGuestPageSize) : align_down(file_end, kGuestPageSize);
  if (segment.p_filesz && (segment.p_flags & PF_W)) {
    std::memset(reinterpret_cast<void*>(file_end), 0, zeros - file_end);
  }
  if (zeros >= end) return {};
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  s64 status = memory.map(zeros, end - zeros, protection_of(segment), flags, -1, 0);
  if (status < 0) return load_error(status, path, "uninitialised data");
  return {};
}

Result<void> map_segment(AddressSpace& memory, const Elf64_Phdr& segment, int fd, u64 bias,
                         const std::string& path) {
  if (segment.p_filesz) {
    u64 start = align_down(segment.p_vaddr, kGuestPageSize);
    u64 size = segment.p_vaddr + segment.p_filesz - start;
    u64 offset = align_down(segment.p_offset, kGuestPageSize);
    s64 status =
        memory.map(start + bias, size, protection_of(segment), MAP_PRIVATE | MAP_FIXED, fd, offset);
    if (status < 0) return load_error(status, path, "a segment");
  }
  if (segment.p_memsz > segment.p_filesz) return map_zeros(memory, segment, bias, path);
  return {};
}

// Takes the whole range at once, so that the segments come to lie together.
s64 reserve(AddressSpace& memory, u64 address, u64 size, int flags) {
  flags |= MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  return memory.map(address, size, PROT_NONE, flags, -1, 0);
}

s64 reserve_aligned(AddressSpace& memory, int fd, u64 size, u64 alignment) {
  if (u64 place = align_down(memory.place_of(fd), alignment)) {
    s64 start = reserve(memory, place, size, MAP_FIXED_NOREPLACE);
    if (start >= 0) return start;
  }
  if (alignment <= kGuestPageSize) return reserve(memory, 0, size, 0);
  s64 whole = reserve(memory, 0, size + alignment, 0);
  if (whole < 0) return whole;
  u64 first = static_cast<u64>(whole), start = align_up(first, alignment);
  if (start > first) memory.unmap(first, start - first);
  if (u64 rest = first + alignment - start) memory.unmap(start + size, rest);
  return static_cast<s64>(start);
}

// The emulator's own heap may lie where Linux would put the program: then farther up, so that both
// heaps can grow.
u64 away_from_our_heap(u64 address, u64 size) {
  constexpr u64 kRoom = 64 * kGigabyte;
  u64 ours = reinterpret_cast<u64>(sbrk(0));
  bool near = address < ours + kGigabyte && ours < address + size + kRoom;
  return near ? address + 2 * kRoom : address;
}

// Position-independent programs begin at two thirds of the address space, their heap after them.
s64 reserve_program(AddressSpace& memory, int fd, u64 size, u64 alignment) {
  u64 offset = memory.random_offset_of(fd, 1024 * kGigabyte);
  u64 base = align_down(kProgramBase + offset, alignment);
  s64 start = reserve(memory, away_from_our_heap(base, size), size, MAP_FIXED_NOREPLACE);
  return start >= 0 ? start : reserve_aligned(memory, fd, size, alignment);
}

Error address_error(s64 status, const ElfFile& elf, const std::string& path) {
  const char* reason = status == -EPERM    ? "lower than vm.mmap_min_addr"
                       : status == -EEXIST ? "in use by the emulator or the host"
                                           : std::strerror(static_cast<int>(-status));
  return make_error(ENOMEM, "%s: cannot be loaded at its addresses %#lx-%#lx: %s", path.c_str(),
                    static_cast<unsigned long>(elf.low()), static_cast<unsigned long>(elf.high()),
                    reason);
}

enum class Role : u8 { kProgram, kInterpreter };

// Maps all segments; the load bias.
Result<u64> map_elf(AddressSpace& memory, const ElfFile& elf, int fd, const std::string& path,
                    Role role) {
  u64 size = elf.high() - elf.low();
  s64 start;
  if (!elf.is_relocatable()) {
    start = reserve(memory, elf.low(), size, MAP_FIXED_NOREPLACE);
    if (start < 0) return address_error(start, elf, path);
  } else if (role == Role::kProgram && !elf.interpreter.empty()) {
    start = reserve_program(memory, fd, size, elf.alignment());
  } else {
    start = reserve_aligned(memory, fd, size, elf.alignment());
  }
  if (start < 0) return load_error(start, path, "its segments");
  u64 bias = static_cast<u64>(start) - elf.low();
  u64 mapped = elf.low();
  for (const Elf64_Phdr& segment : elf.segments) {
    // What lies between segments stays free.
    u64 first = align_down(segment.p_vaddr, kGuestPageSize);
    if (first > mapped) memory.unmap(mapped + bias, first - mapped);
    TRY(map_segment(memory, segment, fd, bias, path));
    mapped = align_up(segment.p_vaddr + segment.p_memsz, kGuestPageSize);
  }
  LOG(kLoader, "%s at %#lx-%#lx", path.c_str(), static_cast<unsigned long>(start),
      static_cast<unsigned long>(start) + size);
  return bias;
}

struct Interpreter {
  u64 base = 0;
  u64 entry = 0;
};

Result<Interpreter> load_interpreter(AddressSpace& memory, const ElfFile& program,
                                     const std::string& program_path) {
  const std::string& path = program.interpreter;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return make_system_error(errno, "%s: its interpreter %s", program_path.c_str(), path.c_str());
  }
  auto elf = read_elf(fd, path);
  auto bias =
      elf ? map_elf(memory, *elf, fd, path, Role::kInterpreter) : Result<u64>(elf.take_error());
  close(fd);
  if (!bias) return bias.take_error();
  return Interpreter{.base = *bias, .entry = elf->header.e_entry + *bias};
}

Result<u64> map_vdso(AddressSpace& memory) {
  u64 size = static_cast<u64>(gantry_vdso_image_end - gantry_vdso_image);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  s64 start = memory.map(0, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (start < 0) return load_error(start, "[vdso]", "it");
  auto address = static_cast<u64>(start);
  std::memcpy(reinterpret_cast<void*>(address), gantry_vdso_image, size);
  memory.protect(address, size, PROT_READ | PROT_EXEC);
  memory.set_name(address, "[vdso]");
  return address;
}

// RLIMIT_STACK, as all of the stack is mapped at once; pages that are not touched cost nothing.
u64 stack_size() {
  constexpr u64 kLeast = 256 << 10, kMost = kGigabyte;
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) < 0) return 8 << 20;
  u64 size = limit.rlim_cur == RLIM_INFINITY ? kMost / 4 : limit.rlim_cur;
  return align_up(std::clamp<u64>(size, kLeast, kMost), 64 << 10);
}

void note_layout(Image& image, const ElfFile& elf, u64 bias) {
  for (const Elf64_Phdr& segment : elf.segments) {
    u64 start = segment.p_vaddr + bias, end = start + segment.p_filesz;
    bool code = segment.p_flags & PF_X;
    u64& known_start = code ? image.code_start : image.data_start;
    if (known_start == 0) known_start = start;
    (code ? image.code_end : image.data_end) = end;
  }
}

// In Linux's order (fs/binfmt_elf.c, create_elf_tables).
std::vector<std::pair<u64, u64>> auxiliary_vector(const Image& image, const ElfFile& elf, u64 bias,
                                                  const Interpreter& interpreter) {
  constexpr u64 kMinSigStack = 51, kTicksPerSecond = 100;
  u64 capabilities = sem::feature_bits(1, sem::Reg::kEdx);
  constexpr u64 kHwcap2FsGsBase = 2;
  return {
      {AT_SYSINFO_EHDR, image.vdso},
      {kMinSigStack, min_signal_stack()},
      {AT_HWCAP, capabilities},
      {AT_PAGESZ, kGuestPageSize},
      {AT_CLKTCK, kTicksPerSecond},
      {AT_PHDR, elf.header_table ? elf.header_table + bias : 0},
      {AT_PHENT, sizeof(Elf64_Phdr)},
      {AT_PHNUM, elf.header.e_phnum},
      {AT_BASE, interpreter.base},
      {AT_FLAGS, 0},
      {AT_ENTRY, elf.header.e_entry + bias},
      {AT_UID, getauxval(AT_UID)},
      {AT_EUID, getauxval(AT_EUID)},
      {AT_GID, getauxval(AT_GID)},
      {AT_EGID, getauxval(AT_EGID)},
      {AT_SECURE, getauxval(AT_SECURE)},
      {AT_HWCAP2, sem::has_feature("fsgsbase") ? kHwcap2FsGsBase : 0},
  };
}

}  // namespace

Result<Image> load(AddressSpace& memory, const Program& program,
                   const std::vector<std::string>& environment) {
  const ElfFile& elf = *program.elf;
  int stack_protection = PROT_READ | PROT_WRITE | (elf.executable_stack ? PROT_EXEC : 0);
  u64 size = stack_size();
  s64 stack_end = memory.map_stack(size, stack_protection);
  if (stack_end < 0) return load_error(stack_end, program.path, "the stack");

  TRY_ASSIGN(u64 bias, map_elf(memory, elf, program.fd, program.path, Role::kProgram));
  Interpreter interpreter;
  if (!elf.interpreter.empty()) {
    TRY_ASSIGN(interpreter, load_interpreter(memory, elf, program.path));
  }
  Image image;
  image.entry = elf.interpreter.empty() ? elf.header.e_entry + bias : interpreter.entry;
  note_layout(image, elf, bias);
  TRY_ASSIGN(image.vdso, map_vdso(memory));
  // A loader that is a program itself (static-pie, ld.so) lies where mappings go; its heap does
  // not.
  bool among_mappings = elf.is_relocatable() && elf.interpreter.empty();
  u64 heap = among_mappings ? away_from_our_heap(kProgramBase, 0) : elf.high() + bias;
  memory.set_brk_start(heap + memory.random_offset(kHeapRandom));

  StackContents contents{.file_name = program.file_name,
                         .arguments = program.argv,
                         .environment = environment,
                         .random = {},
                         .auxv = auxiliary_vector(image, elf, bias, interpreter)};
  (void)!getrandom(contents.random, sizeof contents.random, GRND_NONBLOCK);
  auto end = static_cast<u64>(stack_end);
  TRY(write_stack(end - size, end, contents, image));
  return image;
}

}  // namespace gantry::runtime::loader

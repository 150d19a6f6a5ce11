#include "runtime/loader/elf.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/loader/elf_builder.h"

namespace gantry::runtime::loader {
namespace {

Result<ElfFile> read(const std::string& bytes) {
  int fd = memfd_create("elf", MFD_CLOEXEC);
  EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  auto result = read_elf(fd, "prog");
  close(fd);
  return result;
}

TEST(Elf, Valid) {
  auto elf = read(ElfBuilder().bytes());
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->low(), 0x400000u);
  EXPECT_EQ(elf->high(), 0x402000u);
  EXPECT_EQ(elf->header_table, 0x400040u);
  EXPECT_FALSE(elf->is_relocatable());
  EXPECT_EQ(elf->interpreter, "");
}

TEST(Elf, Interpreter) {
  ElfBuilder builder;
  builder.add_interpreter("/lib64/ld.so");
  auto elf = read(builder.bytes());
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->interpreter, "/lib64/ld.so");
}

TEST(Elf, StackFlags) {
  ElfBuilder builder;
  builder.add(PT_GNU_STACK, 0, 0, 0, 0).p_flags = PF_R | PF_W | PF_X;
  EXPECT_TRUE(read(builder.bytes())->executable_stack);
}

struct BadElf {
  const char* name;
  void (*spoil)(ElfBuilder&);
  const char* reason;
};

const BadElf kBad[] = {
    {"Relocatable", [](ElfBuilder& b) { b.header.e_type = ET_REL; }, "not an executable ELF file"},
    {"Core", [](ElfBuilder& b) { b.header.e_type = ET_CORE; }, "not an executable ELF file"},
    {"BigEndian", [](ElfBuilder& b) { b.header.e_ident[EI_DATA] = ELFDATA2MSB; },
     "not a little-endian ELF file"},
    {"OtherMachine", [](ElfBuilder& b) { b.header.e_machine = EM_PPC64; },
     "not an x86-64 ELF file"},
    {"Class32", [](ElfBuilder& b) { b.header.e_ident[EI_CLASS] = ELFCLASS32; },
     "not an x86-64 ELF file"},
    {"HeaderSize", [](ElfBuilder& b) { b.header.e_phentsize = 32; }, "bad size of program headers"},
    {"TooManyHeaders", [](ElfBuilder& b) { b.header.e_phnum = 0xffff; },
     "too many program headers"},
    {"NoHeaders", [](ElfBuilder& b) { b.segments.clear(); }, "no program headers"},
    {"HeadersOutside", [](ElfBuilder& b) { b.header.e_phoff = 1 << 30; }, "the file is truncated"},
    {"HeadersFarOutside", [](ElfBuilder& b) { b.header.e_phoff = ~u64{0} - 8; },
     "the file is truncated"},
    {"OnlyHeader", [](ElfBuilder& b) { b.file_size = 64; }, "the file is truncated"},
    {"HalfAHeader", [](ElfBuilder& b) { b.file_size = 60; }, "the file is truncated"},
    {"SegmentCutOff", [](ElfBuilder& b) { b.file_size = 0x1800; }, "the file is truncated"},
    {"NothingToLoad", [](ElfBuilder& b) { b.segments[0].p_type = PT_NOTE; }, "no segments to load"},
    {"EmptySegment", [](ElfBuilder& b) { b.segments[0].p_memsz = b.segments[0].p_filesz = 0; },
     "no segments to load"},
    {"FileLargerThanMemory", [](ElfBuilder& b) { b.segments[0].p_memsz = 0x1000; },
     "a segment is larger in the file than in memory"},
    {"AddressTooHigh", [](ElfBuilder& b) { b.segments[0].p_vaddr = u64{1} << 47; },
     "a segment lies outside the address space"},
    {"AddressOverflows", [](ElfBuilder& b) { b.segments[0].p_vaddr = ~u64{0xfff}; },
     "a segment lies outside the address space"},
    {"HugeSegment", [](ElfBuilder& b) { b.segments[0].p_memsz = u64{1} << 60; },
     "a segment lies outside the address space"},
    {"NotCongruent", [](ElfBuilder& b) { b.segments[0].p_vaddr += 8; },
     "a segment is not aligned to pages"},
    {"OddAlignment", [](ElfBuilder& b) { b.segments[0].p_align = 0x3000; },
     "the alignment of a segment is not a power of two"},
    {"Overlap", [](ElfBuilder& b) { b.add(PT_LOAD, 0x1000, 0x401000, 0x1000, 0x1000); },
     "segments overlap or are not in ascending order"},
    {"Descending", [](ElfBuilder& b) { b.add(PT_LOAD, 0, 0x200000, 0x1000, 0x1000); },
     "segments overlap or are not in ascending order"},
    {"EmptyInterpreter", [](ElfBuilder& b) { b.add_interpreter(""); },
     "bad name of the interpreter"},
    {"InterpreterNotTerminated",
     [](ElfBuilder& b) {
       b.add_interpreter("/lib/ld.so");
       b.segments.back().p_filesz--;
     },
     "bad name of the interpreter"},
    {"InterpreterOutside", [](ElfBuilder& b) { b.add(PT_INTERP, 0x9000, 0x409000, 16, 16); },
     "the file is truncated"},
    {"HugeInterpreter", [](ElfBuilder& b) { b.add(PT_INTERP, 0x1000, 0x401000, u64{1} << 40, 16); },
     "bad name of the interpreter"},
};

class BadElfTest : public testing::TestWithParam<BadElf> {};
INSTANTIATE_TEST_SUITE_P(Files, BadElfTest, testing::ValuesIn(kBad),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(BadElfTest, IsRefusedWithItsReason) {
  ElfBuilder builder;
  GetParam().spoil(builder);
  auto elf = read(builder.bytes());
  ASSERT_FALSE(elf);
  EXPECT_EQ(elf.error().code, ENOEXEC);
  EXPECT_EQ(elf.error().message, std::string("prog: ") + GetParam().reason);
}

TEST(Elf, RandomChangesDoNotCrash) {
  const std::string valid = ElfBuilder().bytes();
  u32 random = 1;
  for (int i = 0; i < 20000; i++) {
    std::string bytes = valid.substr(0, 0x200);
    for (int n = 0; n < 3; n++) {
      random = random * 1664525 + 1013904223;
      bytes[(random >> 8) % 0xb0] = static_cast<char>(random >> 24);
    }
    int fd = memfd_create("elf", MFD_CLOEXEC);
    ASSERT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    (void)!ftruncate(fd, 0x2000);
    (void)read_elf(fd, "prog").ok();
    close(fd);
  }
}

}  // namespace
}  // namespace gantry::runtime::loader

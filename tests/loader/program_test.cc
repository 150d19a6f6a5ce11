// resolve_program: what a file starts, and why not.
#include "runtime/loader/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "tests/loader/elf_builder.h"

namespace gantry::runtime::loader {
namespace {

using Strings = std::vector<std::string>;

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/gantry-program-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { (void)!std::system(("rm -rf " + directory_).c_str()); }

  std::string write(const char* name, const std::string& bytes, mode_t mode = 0755) {
    std::string path = directory_ + "/" + name;
    int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    fchmod(fd, mode);
    close(fd);
    return path;
  }
  Result<Program> resolve(const std::string& path, Strings argv = {"name", "a"}) {
    return resolve_program(AT_FDCWD, path, 0, argv);
  }
  void expect_error(const std::string& path, int code, const std::string& reason) {
    auto program = resolve(path);
    ASSERT_FALSE(program) << path;
    EXPECT_EQ(program.error().code, code);
    EXPECT_EQ(program.error().message, path + ": " + reason);
  }

  std::string directory_;
};

TEST_F(ProgramTest, GuestElf) {
  std::string path = write("prog", ElfBuilder().bytes());
  auto program = resolve(path);
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_EQ(program->kind, ProgramKind::kGuest);
  EXPECT_EQ(program->path, path);
  EXPECT_EQ(program->file_name, path);
  EXPECT_EQ(program->argv, (Strings{"name", "a"}));
  close(program->fd);
}

TEST_F(ProgramTest, EmptyArgvGetsOneString) {
  auto program = resolve(write("prog", ElfBuilder().bytes()), {});
  ASSERT_TRUE(program);
  EXPECT_EQ(program->argv, (Strings{""}));
  close(program->fd);
}

TEST_F(ProgramTest, Script) {
  std::string elf = write("prog", ElfBuilder().bytes());
  std::string script = write("script", "#! " + elf + "  -x y \nrest");
  auto program = resolve(script);
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_EQ(program->path, elf);
  EXPECT_EQ(program->file_name, script);
  EXPECT_EQ(program->argv, (Strings{elf, "-x y", script, "a"}));
  close(program->fd);
}

TEST_F(ProgramTest, ScriptOfAScript) {
  std::string elf = write("prog", ElfBuilder().bytes());
  std::string inner = write("inner", "#!" + elf + " -i\n");
  std::string outer = write("outer", "#!" + inner + "\n");
  auto program = resolve(outer);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->argv, (Strings{elf, "-i", inner, outer, "a"}));
  close(program->fd);
}

TEST_F(ProgramTest, ScriptLoop) {
  std::string path = directory_ + "/loop";
  write("loop", "#!" + path + "\n");
  auto program = resolve(path);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, ELOOP);
}

TEST_F(ProgramTest, ByDescriptor) {
  std::string path = write("prog", ElfBuilder().bytes());
  int fd = open(path.c_str(), O_PATH | O_CLOEXEC);
  auto program = resolve_program(fd, "", AT_EMPTY_PATH, {"x"});
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_EQ(program->file_name, "/dev/fd/" + std::to_string(fd));
  close(program->fd);
  close(fd);
}

TEST_F(ProgramTest, ScriptByCloseOnExecDescriptor) {
  std::string path = write("script", "#!/bin/sh\n");
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto program = resolve_program(fd, "", AT_EMPTY_PATH, {"x"});
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, ENOENT);
  close(fd);
}

TEST_F(ProgramTest, NoFollow) {
  std::string path = write("prog", ElfBuilder().bytes());
  std::string link = directory_ + "/link";
  ASSERT_EQ(symlink(path.c_str(), link.c_str()), 0);
  EXPECT_EQ(resolve_program(AT_FDCWD, link, AT_SYMLINK_NOFOLLOW, {"x"}).error().code, ELOOP);
}

TEST_F(ProgramTest, Refused) {
  expect_error(directory_, EACCES, "is a directory");
  expect_error(directory_ + "/missing", ENOENT, "No such file or directory");
  expect_error("/dev/null", EACCES, "is not a regular file");
  expect_error(write("data", ElfBuilder().bytes(), 0644), EACCES, "Permission denied");
  expect_error(write("empty", ""), ENOEXEC, "neither an ELF program nor a script");
  expect_error(write("text", "echo\n"), ENOEXEC, "neither an ELF program nor a script");
  expect_error(write("cut", "\177ELF"), ENOEXEC, "the file is truncated");
  expect_error(write("no-name", "#!  \n"), ENOEXEC, "the first line names no interpreter");
}

TEST_F(ProgramTest, OtherMachines) {
  ElfBuilder i386, x32, other;
  i386.header.e_machine = EM_386;
  i386.header.e_ident[EI_CLASS] = ELFCLASS32;
  x32.header.e_ident[EI_CLASS] = ELFCLASS32;
  other.header.e_machine = EM_S390;
  expect_error(write("i386", i386.bytes()), ENOEXEC, "32-bit x86 programs are not supported");
  expect_error(write("x32", x32.bytes()), ENOEXEC, "x32 programs are not supported");
  expect_error(write("other", other.bytes()), ENOEXEC, "an ELF program for another machine");
}

TEST_F(ProgramTest, MissingInterpreters) {
  ElfBuilder builder;
  builder.add_interpreter("/nowhere/ld.so");
  expect_error(write("prog", builder.bytes()), ENOENT,
               "its interpreter /nowhere/ld.so: No such file or directory");
  expect_error(write("script", "#!/nowhere/sh\n"), ENOENT,
               "its interpreter /nowhere/sh: No such file or directory");
}

TEST_F(ProgramTest, FindInPath) {
  std::string path = write("prog", ElfBuilder().bytes());
  write("data", "x", 0644);
  std::string search = "/nowhere:" + directory_;
  EXPECT_EQ(*find_in_path("prog", search.c_str()), path);
  EXPECT_EQ(*find_in_path("./prog", search.c_str()), "./prog");
  EXPECT_EQ(find_in_path("data", search.c_str()).error().code, EACCES);
  EXPECT_EQ(find_in_path("none", search.c_str()).error().code, ENOENT);
  EXPECT_EQ(find_in_path("", search.c_str()).error().code, ENOENT);
}

TEST(ExitStatus, AsAShell) {
  EXPECT_EQ(exit_status_of(ENOENT), 127);
  EXPECT_EQ(exit_status_of(EACCES), 126);
  EXPECT_EQ(exit_status_of(ENOEXEC), 126);
}

struct LineCase {
  std::string head;
  bool valid;
  std::string interpreter;
  std::string argument;
};

TEST(ScriptLine, Parsing) {
  const std::string long_name(300, 'x');
  const LineCase kCases[] = {
      {"#!/bin/sh\n", true, "/bin/sh", ""},
      {"#!/bin/sh", true, "/bin/sh", ""},
      {"#! \t/bin/sh \t\n", true, "/bin/sh", ""},
      {"#!/bin/sh -e -x  \n", true, "/bin/sh", "-e -x"},
      {"#!/bin/sh\t-e\n", true, "/bin/sh", "-e"},
      {"#!/bin/sh\r\n", true, "/bin/sh\r", ""},
      {std::string("#!/bin/sh\0x\n", 12), true, "/bin/sh", ""},
      {"#!\n", false, "", ""},
      {"#!   \n/bin/sh\n", false, "", ""},
      {"#!", false, "", ""},
      {"x!/bin/sh\n", false, "", ""},
      {"#!/" + long_name, false, "", ""},
      {"#!/bin/sh " + long_name, true, "/bin/sh", std::string(255 - 10, 'x')},
  };
  for (const LineCase& c : kCases) {
    ScriptLine line;
    std::string head = c.head.substr(0, 256);
    EXPECT_EQ(parse_script_line(head.data(), head.size(), line), c.valid) << c.head;
    if (!c.valid) continue;
    EXPECT_EQ(line.interpreter, c.interpreter);
    EXPECT_EQ(line.argument, c.argument);
    EXPECT_EQ(line.has_argument, !c.argument.empty());
  }
}

}  // namespace
}  // namespace gantry::runtime::loader

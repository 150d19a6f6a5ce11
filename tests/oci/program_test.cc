#include "oci/program.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

using test::TemporaryBundle;
using test::write_file;
using test::write_link;

class ProgramTest : public ::testing::Test {
 protected:
  // "PATH MACHINE", or the error's text.
  std::string find(const std::string& name, const std::string& path = "PATH=/bin",
                   const std::string& directory = "/") {
    Result<GuestView> view = bundle_.view();
    if (!view) return view.error().message;
    Result<Program> program = find_program(*view, {name, directory, {path}});
    if (!program) return program.error().message;
    return program->path + " " + machine_name(program->file.machine);
  }

  TemporaryBundle bundle_;
};

TEST_F(ProgramTest, SearchesPath) {
  EXPECT_EQ(find("guest"), "/bin/guest x86-64");
  EXPECT_EQ(find("native", "PATH=/none:/bin/"), "/bin/native aarch64");
  EXPECT_EQ(find("guest", "PATH=/none:", "/bin"), "/bin/guest x86-64");
  EXPECT_EQ(find("guest", "PATH=bin"), "/bin/guest x86-64");
}

TEST_F(ProgramTest, TheLastPathCounts) {
  Result<GuestView> view = bundle_.view();
  EXPECT_TRUE(find_program(*view, {"guest", "/", {"PATH=/none", "PATH=/bin"}}));
  EXPECT_FALSE(find_program(*view, {"guest", "/", {"PATH=/bin", "PATH=/none"}}));
}

TEST_F(ProgramTest, NamesWithASlashIgnorePath) {
  EXPECT_EQ(find("/bin/guest", ""), "/bin/guest x86-64");
  EXPECT_EQ(find("./guest", "", "/bin"), "./guest x86-64");
}

TEST_F(ProgramTest, MissingIsWorded127) {
  constexpr const char* kText =
      "executable file `none` not found in $PATH: no such file or directory";
  EXPECT_EQ(find("none"), kText);
  EXPECT_EQ(find("none", "HOME=/"), kText);
  EXPECT_EQ(find("/bin/none"),
            "executable file `/bin/none` not found in $PATH: no such file or directory");
  EXPECT_EQ(find(""), "the program's name is empty: no such file or directory");
}

TEST_F(ProgramTest, LinksKeepTheNameThatWasFound) {
  write_link(bundle_.rootfs("/bin/alias"), "guest");
  EXPECT_EQ(find("alias"), "/bin/alias x86-64");
}

TEST_F(ProgramTest, ScriptsAreJudgedByTheirInterpreter) {
  EXPECT_EQ(find("script"), "/bin/script x86-64");
  write_file(bundle_.rootfs("/bin/outer"), "#! \t/bin/script\n", 0755);
  EXPECT_EQ(find("outer"), "/bin/outer x86-64");
  write_file(bundle_.rootfs("/bin/other"), "#!/bin/native", 0755);
  EXPECT_EQ(find("other"), "/bin/other aarch64");
}

TEST_F(ProgramTest, BrokenScripts) {
  write_file(bundle_.rootfs("/bin/lost"), "#!/bin/gone\n", 0755);
  EXPECT_EQ(find("lost"),
            "`/bin/lost` needs the interpreter `/bin/gone`: no such file or directory");
  write_file(bundle_.rootfs("/bin/loop"), "#!/bin/loop\n", 0755);
  EXPECT_EQ(find("loop"), "`/bin/loop` has too many levels of \"#!\" interpreters");
  write_file(bundle_.rootfs("/bin/long"), "#!/" + std::string(500, 'x') + "\n", 0755);
  EXPECT_EQ(find("long"), "`/bin/long` has a \"#!\" line that is too long: exec format error");
  write_file(bundle_.rootfs("/bin/empty"), "#!\n", 0755);
  EXPECT_EQ(find("empty"), "/bin/empty machine 0x0");
}

TEST_F(ProgramTest, WhatIsNoProgramIsNamed) {
  std::string bin = bundle_.rootfs("/bin/");
  std::filesystem::create_directory(bin + "folder");
  ::mkfifo((bin + "fifo").c_str(), 0755);
  write_file(bin + "plain", test::elf_header(EM_X86_64), 0644);
  EXPECT_EQ(find("folder"), "`/bin/folder` is a directory, not a program: permission denied");
  EXPECT_EQ(find("/bin/fifo"), "`/bin/fifo` is a FIFO, not a program: permission denied");
  EXPECT_EQ(find("plain"), "`/bin/plain` is not executable: permission denied");
}

TEST_F(ProgramTest, PathSearchPassesOverWhatCannotRun) {
  write_file(bundle_.rootfs("/first/guest"), "x", 0644);
  EXPECT_EQ(find("guest", "PATH=/first:/bin"), "/bin/guest x86-64");
}

TEST_F(ProgramTest, TruncatedElfFiles) {
  write_file(bundle_.rootfs("/bin/short"),
             "\x7f"
             "ELF",
             0755);
  write_file(bundle_.rootfs("/bin/half"), test::elf_header(EM_X86_64).substr(0, 60), 0755);
  EXPECT_EQ(find("short"), "`/bin/short` is a truncated ELF file: exec format error");
  EXPECT_EQ(find("half"), "`/bin/half` is a truncated ELF file: exec format error");
  std::string header = test::elf_header(EM_X86_64);
  auto* elf = reinterpret_cast<Elf64_Ehdr*>(header.data());
  elf->e_phoff = ~0ull;
  elf->e_phentsize = sizeof(Elf64_Phdr);
  elf->e_phnum = 1;
  write_file(bundle_.rootfs("/bin/far"), header, 0755);
  EXPECT_EQ(find("far"), "`/bin/far` is a truncated ELF file: exec format error");
}

TEST_F(ProgramTest, OtherFormatsAreNotOurs) {
  write_file(bundle_.rootfs("/bin/text"), "echo hi\n", 0755);
  write_file(bundle_.rootfs("/bin/nothing"), "", 0755);
  EXPECT_EQ(find("text"), "/bin/text machine 0x0");
  EXPECT_EQ(find("nothing"), "/bin/nothing machine 0x0");
}

}  // namespace
}  // namespace gantry

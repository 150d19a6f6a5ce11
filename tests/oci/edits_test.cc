#include "oci/edits/edits.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "oci/bundle.h"
#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

using test::TemporaryBundle;
using test::write_file;
using test::write_link;
using Words = std::vector<std::string>;

class EditsTest : public ::testing::Test {
 protected:
  EditsTest() {
    emulator_.path = "/usr/libexec/gantry/gantry-x64";
    emulator_.machine = EM_AARCH64;
  }

  Json& mounts() { return bundle_.config["mounts"]; }
  Json& args() { return bundle_.config["process"]["args"]; }

  // The edited document; null when nothing is to be changed.
  Result<Json> edit() {
    TRY_ASSIGN(GuestView view, bundle_.view());
    TRY_ASSIGN(auto plan, plan_container(bundle_.config, view, emulator_));
    if (!plan) return Json();
    Json spec = bundle_.config;
    apply_edits(spec, *plan);
    return spec;
  }

  Json edited_args() {
    Result<Json> spec = edit();
    if (!spec) return spec.error().message;
    return spec->is_null() ? Json() : (*spec)["process"]["args"];
  }

  std::string error() {
    Result<Json> spec = edit();
    return spec ? "" : spec.error().message;
  }

  TemporaryBundle bundle_;
  Emulator emulator_;
};

TEST_F(EditsTest, PrefixesAnX86Program) {
  EXPECT_EQ(edited_args(),
            Json({"/dev/.gantry/gantry-x64", "--argv0=guest", "/bin/guest", "one", "two"}));
}

TEST_F(EditsTest, NoArgv0WhenItIsThePath) {
  args()[0] = "/bin/guest";
  EXPECT_EQ(edited_args(), Json({"/dev/.gantry/gantry-x64", "/bin/guest", "one", "two"}));
}

TEST_F(EditsTest, ScriptsArePassedThemselves) {
  args() = {"script"};
  EXPECT_EQ(edited_args(), Json({"/dev/.gantry/gantry-x64", "--argv0=script", "/bin/script"}));
}

TEST_F(EditsTest, OptionsOfTheAdministratorComeFirst) {
  emulator_.options = {"--log=loader"};
  EXPECT_EQ(edited_args()[1], "--log=loader");
}

TEST_F(EditsTest, AProgramNeverLooksLikeAnOption) {
  write_file(bundle_.rootfs("/--strace/x"), test::elf_header(EM_X86_64), 0755);
  args() = {"--strace/x"};
  EXPECT_EQ(edited_args(), Json({"/dev/.gantry/gantry-x64", "--argv0=--strace/x", "./--strace/x"}));
}

TEST_F(EditsTest, NativeProgramsStay) {
  args()[0] = "native";
  EXPECT_EQ(edited_args(), Json());
  emulator_.machine = EM_X86_64;
  args()[0] = "guest";
  EXPECT_EQ(edited_args(), Json());
  emulator_.emulate_native = true;
  EXPECT_EQ(edited_args().size(), 5u);
}

TEST_F(EditsTest, SecondTimeChangesNothing) {
  bundle_.config = *edit();
  EXPECT_EQ(edited_args(), Json());
}

TEST_F(EditsTest, KeepsUnknownKeysAndOrder) {
  bundle_.config["zz"] = {{"b", 1}, {"a", {1.5, nullptr}}};
  bundle_.config["process"]["new"] = "x";
  Json spec = *edit();
  Json expected = bundle_.config;
  expected["process"]["args"] = spec["process"]["args"];
  expected["mounts"].push_back(spec["mounts"].back());
  EXPECT_EQ(spec.dump(), expected.dump());
  EXPECT_EQ(spec["process"]["env"], bundle_.config["process"]["env"]);
}

TEST_F(EditsTest, EmulatorIsTheLastMountAndReadOnly) {
  Json mount = (*edit())["mounts"].back();
  EXPECT_EQ(mount["destination"], "/dev/.gantry/gantry-x64");
  EXPECT_EQ(mount["source"], emulator_.path);
  EXPECT_EQ(mount["options"], Json({"bind", "ro", "nosuid", "nodev", "rprivate"}));
}

TEST_F(EditsTest, EngineInitStaysAndItsCommandIsPrefixed) {
  mounts().push_back(test::bind_mount("/bin/true", "/run/podman-init"));
  args() = {"/run/podman-init", "--", "guest", "x"};
  EXPECT_EQ(edited_args(), Json({"/run/podman-init", "--", "/dev/.gantry/gantry-x64",
                                 "--argv0=guest", "/bin/guest", "x"}));
}

TEST_F(EditsTest, AnInitOfTheImageIsAProgramLikeAnyOther) {
  write_file(bundle_.rootfs("/run/podman-init"), test::elf_header(EM_X86_64), 0755);
  args() = {"/run/podman-init", "--", "native"};
  EXPECT_EQ(edited_args()[0], "/dev/.gantry/gantry-x64");
}

TEST_F(EditsTest, StartContainerHooks) {
  args()[0] = "native";
  bundle_.config["hooks"]["startContainer"] = {
      {{"path", "/bin/native"}},
      {{"path", "/bin/guest"}, {"args", {"hook", "x"}}, {"env", {"E=1"}}},
      {{"path", "/bin/guest"}}};
  bundle_.config["hooks"]["poststart"] = {{{"path", "/bin/guest"}}};
  Json hooks = (*edit())["hooks"];
  Json list = hooks["startContainer"];
  EXPECT_EQ(list[0], Json({{"path", "/bin/native"}}));
  EXPECT_EQ(list[1]["path"], "/dev/.gantry/gantry-x64");
  EXPECT_EQ(list[1]["args"], Json({"/dev/.gantry/gantry-x64", "--argv0=hook", "/bin/guest", "x"}));
  EXPECT_EQ(list[1]["env"], Json({"E=1"}));
  EXPECT_EQ(list[2]["args"], Json({"/dev/.gantry/gantry-x64", "/bin/guest"}));
  EXPECT_EQ(hooks["poststart"], bundle_.config["hooks"]["poststart"]);
}

TEST_F(EditsTest, PreparingHooksMayBringTheProgram) {
  args()[0] = "none";
  EXPECT_NE(error(), "");
  bundle_.config["hooks"]["createRuntime"] = {{{"path", "/bin/true"}}};
  EXPECT_EQ(edited_args(), Json());
}

TEST_F(EditsTest, WorkingDirectoryInProcIsRefused) {
  bundle_.config["process"]["cwd"] = "/proc/self/fd/7";
  EXPECT_EQ(error(), "refused: process.cwd `/proc/self/fd/7` lies in a proc filesystem");
}

TEST_F(EditsTest, BrokenProcessIsNamed) {
  struct {
    Json process;
    const char* message;
  } const kCases[] = {
      {{{"args", Json::array()}}, "process.args is empty: no program to start"},
      {Json::object(), "process.args is empty: no program to start"},
      {{{"args", "guest"}}, "process.args is not an array"},
      {{{"args", {7}}}, "process.args[0] is not a string"},
      {{{"args", {"guest", nullptr}}}, "process.args[1] is not a string"},
      {{{"args", {"guest"}}, {"env", {false}}}, "process.env[0] is not a string"},
      {{{"args", {"guest"}}, {"cwd", 1}}, "process.cwd is not a string"},
      {Json::array(), "process is not an object"},
  };
  for (const auto& item : kCases) {
    bundle_.config["process"] = item.process;
    EXPECT_EQ(error(), item.message);
  }
}

TEST_F(EditsTest, NoEmulatorIsAnErrorOnlyWhenNeeded) {
  emulator_.path.clear();
  EXPECT_NE(error().find("gantry-x64 was not found"), std::string::npos);
  args()[0] = "native";
  EXPECT_EQ(error(), "");
}

// Where it is mounted.

TEST_F(EditsTest, RunWhenDevIsNoTmpfs) {
  mounts() = {test::bind_mount("/dev", "/dev"), test::tmpfs_mount("/run")};
  EXPECT_EQ(edited_args()[0], "/run/.gantry/gantry-x64");
}

TEST_F(EditsTest, ATmpfsOfOurOwnCoversRunAndComesFirst) {
  mounts() = Json::array({test::bind_mount("/bin/true", "/run/x")});
  Json spec = *edit();
  EXPECT_EQ(spec["process"]["args"][0], "/run/.gantry/gantry-x64");
  EXPECT_EQ(spec["mounts"][0]["destination"], "/run");
  EXPECT_EQ(spec["mounts"][0]["options"], Json({"nosuid", "nodev", "mode=755", "tmpcopyup"}));
  EXPECT_EQ(spec["mounts"].size(), 3u);
}

TEST_F(EditsTest, AVolumeOnDevOrRunIsNeverWrittenInto) {
  mounts() = {test::tmpfs_mount("/dev"), test::bind_mount("/dev", "/dev"),
              test::bind_mount("/run", "/run")};
  EXPECT_NE(error().find("no place for the emulator"), std::string::npos);
}

TEST_F(EditsTest, AVolumeOnDevByALinkOfTheImageIsSeen) {
  write_link(bundle_.rootfs("/volume"), "/dev");
  mounts().push_back(test::bind_mount("/dev", "/volume"));
  EXPECT_EQ(edited_args()[0], "/run/.gantry/gantry-x64");
}

TEST_F(EditsTest, AVolumeOverOurFolderGetsAnotherName) {
  mounts().push_back(test::bind_mount("/tmp", "/dev/.gantry"));
  EXPECT_EQ(edited_args()[0], "/dev/.gantry-2/gantry-x64");
}

TEST_F(EditsTest, TheImageCannotPrepareOurFolderInATmpfsThatCopiesUp) {
  mounts() = Json::array({test::tmpfs_mount("/run", {"tmpcopyup"})});
  write_link(bundle_.rootfs("/run/.gantry"), "/bin");
  EXPECT_EQ(edited_args()[0], "/run/.gantry-2/gantry-x64");
}

TEST_F(EditsTest, DevAsALinkIsRefused) {
  std::filesystem::remove(bundle_.rootfs("/dev"));
  write_link(bundle_.rootfs("/dev"), "/etc");
  EXPECT_NE(error().find("/dev in the root filesystem is a symbolic link to /etc"),
            std::string::npos);
}

TEST_F(EditsTest, DevAsALinkDoesNotMatterToNativePrograms) {
  std::filesystem::remove(bundle_.rootfs("/dev"));
  write_link(bundle_.rootfs("/dev"), "/bin");
  args()[0] = "/usr/native";
  write_file(bundle_.rootfs("/usr/native"), test::elf_header(EM_AARCH64), 0755);
  EXPECT_EQ(error(), "");
}

TEST_F(EditsTest, ANameAloneDoesNotMakeAMountOurs) {
  mounts().push_back(test::bind_mount("/tmp/x", "/dev/.gantry/gantry-x64"));
  EXPECT_EQ(edited_args()[0], "/dev/.gantry-2/gantry-x64");
}

}  // namespace
}  // namespace gantry

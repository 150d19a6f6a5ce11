// Real containers: the built gantry-runtime in front of crun and runc.

#include "tests/oci/runtime/container.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/oci/support/engine_documents.h"

namespace gantry {
namespace {

using test::Ended;
using test::write_file;
using Words = std::vector<std::string>;

// A profile that names only calls of x86-64 where there is a choice: what the probe calls on
// another machine has to be added.
Json seccomp_profile() {
  return {
      {"defaultAction", "SCMP_ACT_ERRNO"},
      {"architectures", Json::array({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"})},
      {"syscalls",
       Json::array({{{"names", {"open",       "stat",        "readlink",  "access",     "getdents",
                                "pause",      "getcwd",      "ioctl",     "arch_prctl", "poll",
                                "capget",     "capset",      "setresuid", "setresgid",  "setgroups",
                                "setuid",     "setgid",      "chdir",     "kill",       "getppid",
                                "umask",      "getuid",      "getegid",   "getgid",     "geteuid",
                                "epoll_ctl",  "epoll_pwait", "nanosleep", "faccessat2", "faccessat",
                                "getdents64", "fstatfs",     "lstat"}},
                     {"action", "SCMP_ACT_ALLOW"}}})}};
}

class Container : public ::testing::TestWithParam<const char*>, protected test::ProbeContainer {
 protected:
  void SetUp() override {
    use_low_level(GetParam());
    if (!can_run()) GTEST_SKIP() << "needs " << GetParam() << ", root and cgroup2";
  }

  // Both ways show the program the same, but for the mount that holds the emulator.
  void expect_same_but_for_the_mount() {
    emulate();
    Ended plain = start(direct());
    EXPECT_EQ(plain.status, 7) << plain.errors;
    Ended emulated = start(ours());
    EXPECT_EQ(emulated.status, 7) << emulated.errors;
    EXPECT_NE(emulated.output.find("/dev/.gantry/gantry-x64 ro,nosuid,nodev"), std::string::npos);
    EXPECT_EQ(test::without_lines(emulated.output, ".gantry"), plain.output);
  }
};

TEST_P(Container, NativeProgramsSeeNoDifference) {
  expect_native();
  Ended plain = start(direct());
  std::string files = test::fingerprint(bundle.rootfs());
  Ended through = start(ours());
  EXPECT_EQ(plain.status, 7) << plain.errors;
  EXPECT_EQ(through.status, 7) << through.errors;
  EXPECT_NE(plain.output.find("argv: one\n"), std::string::npos);
  EXPECT_EQ(through.output, plain.output);
  EXPECT_EQ(through.errors, plain.errors);
  EXPECT_EQ(bundle.written_config().dump(), bundle.config.dump());
  EXPECT_EQ(test::fingerprint(bundle.rootfs()), files);
}

TEST_P(Container, EmulatedProgramsSeeOnlyTheMount) { expect_same_but_for_the_mount(); }

TEST_P(Container, ReadOnlyRootNoCapabilitiesAnotherUser) {
  bundle.config["root"]["readonly"] = true;
  bundle.config["process"].erase("capabilities");
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  expect_same_but_for_the_mount();
}

TEST_P(Container, NoexecDev) {
  bundle.config["mounts"][1] = test::tmpfs_mount("/dev", {"nosuid", "noexec", "mode=755"});
  expect_same_but_for_the_mount();
}

TEST_P(Container, Seccomp) {
  bundle.config["linux"]["seccomp"] = seccomp_profile();
  emulate();
  Ended ended = start(ours());
  EXPECT_EQ(ended.status, 7) << ended.errors;
  EXPECT_NE(ended.output.find("status: Seccomp:\t2\n"), std::string::npos) << ended.output;
}

TEST_P(Container, WithoutATmpfsTheImageIsNotWrittenInto) {
  bundle.config["mounts"].erase(1);
  write_file(bundle.rootfs("/run/of-the-image"), "x");
  emulate();
  Ended ended = start(ours());
  EXPECT_EQ(ended.status, 7) << ended.errors;
  EXPECT_NE(ended.output.find("/run/.gantry/gantry-x64 ro,"), std::string::npos) << ended.output;
  EXPECT_EQ(test::fingerprint(bundle.rootfs()).find(".gantry"), std::string::npos);
}

TEST_P(Container, MissingProgramIsACreateTimeError) {
  bundle.config["process"]["args"] = {"none"};
  emulate();
  bundle.write_config();
  Ended ended = shell(ours() + " create --bundle " + bundle.directory() +
                      " gantry-test; echo $?; " + direct() + " state gantry-test");
  EXPECT_EQ(ended.output, "1\n");
  EXPECT_NE(ended.errors.find("executable file `none` not found in $PATH"), std::string::npos);
}

TEST_P(Container, LifeOfAContainer) {
  bundle.config["process"]["args"] = {"probe", "wait"};
  emulate();
  bundle.write_config();
  write_file(bundle.at("process.json"),
             R"({"args":["probe","document"],"cwd":"/bin","env":["PATH=/bin","X=y"],)"
             R"("user":{"uid":0,"gid":0}})");
  std::string run = ours() + " ";
  Ended ended = shell(
      run + "create --bundle " + bundle.directory() + " --pid-file " + bundle.path() +
      "/pid gantry-test >/dev/null && " + run + "start gantry-test && " + run +
      "exec --env A=c --env PATH=/bin gantry-test probe inline exit=9; echo status $?; " + run +
      "exec --process " + bundle.path() + "/process.json gantry-test; echo status $?; " + run +
      "exec gantry-test none; echo status $?; " + run +
      "kill gantry-test KILL; sleep 0.3; env -i " + run +
      "delete --force gantry-test; echo status $?; " + run + "state gantry-test");
  for (const char* fact : {"argv: inline\n", "env: A=c\n", "status 9\n", "argv: document\n",
                           "cwd: /bin\n", "env: X=y\n", "status 255\n", "status 0\n"}) {
    EXPECT_NE(ended.output.find(fact), std::string::npos) << fact << ended.output << ended.errors;
  }
  EXPECT_EQ(ended.output.find("fd: 3"), std::string::npos) << "a descriptor leaked";
  EXPECT_NE(ended.errors.find("executable file `none` not found in $PATH"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(bundle.path() + "/state/gantry-test"));
}

// The emulator itself, where the build has one.
TEST_P(Container, RealEmulator) {
  if (::access(GANTRY_X64, X_OK) != 0) GTEST_SKIP() << "gantry-x64 is not built";
  configure("emulator: " GANTRY_X64 "\nemulate_native: true\n");
  Ended ended = start(ours());
  EXPECT_EQ(ended.status, 7) << ended.errors;
  EXPECT_NE(ended.output.find("argv: probe\nargv: one\nargv: exit=7\nenv: PATH=/bin\nenv: A=b\n"),
            std::string::npos)
      << ended.output << ended.errors;
}

// The same with the seccomp profiles that engines give by default.
class EngineContainer : public ::testing::TestWithParam<test::EngineDocument>,
                        protected test::ProbeContainer {};

TEST_P(EngineContainer, RealEmulator) {
  use_low_level("crun");
  if (!can_run()) GTEST_SKIP() << "needs crun, root and cgroup2";
  ASSERT_EQ(::access(GANTRY_X64, X_OK), 0);
  configure("emulator: " GANTRY_X64 "\nemulate_native: true\n");
  bundle.config["linux"]["seccomp"] = GetParam().spec["linux"]["seccomp"];
  Ended ended = start(ours());
  EXPECT_EQ(ended.status, 7) << ended.errors;
  EXPECT_NE(ended.output.find("argv: probe\n"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("status: Seccomp:\t2\n"), std::string::npos) << ended.output;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EngineContainer);
INSTANTIATE_TEST_SUITE_P(EngineProfiles, EngineContainer,
                         ::testing::ValuesIn(test::engine_documents()),
                         [](const auto& info) { return info.param.name; });

// The profile of the first program and that of the one that exec starts, in the emulator itself.
TEST_P(Container, ProfilesReachTheProgram) {
  if (::access(GANTRY_X64, X_OK) != 0) GTEST_SKIP() << "gantry-x64 is not built";
  write_file(bundle.at("profiles/1.yaml"),
             "name: first\nmatch: {program: /bin/probe}\nenvironment: {A: changed, ADDED: by it}\n"
             "arguments: [before]\nsyscalls: {uname: EPERM}\n");
  write_file(bundle.at("profiles/2.yaml"),
             "name: second\nmatch: {program: /bin/other}\nenvironment: {A: null}\n");
  std::filesystem::copy_file(PROBE, bundle.rootfs("/bin/other"));
  bundle.config["process"]["args"] = {"probe", "wait"};
  configure("emulator: " GANTRY_X64 "\nemulate_native: true\nprofiles: " + bundle.path() +
            "/profiles\n");
  bundle.write_config();
  std::string run = ours() + " ", out = bundle.path() + "/output";
  Ended ended =
      shell(run + "create --bundle " + bundle.directory() + " gantry-test >" + out + " && " + run +
            "start gantry-test && " + run + "exec gantry-test other exec; sleep 0.3; " + run +
            "kill gantry-test KILL; sleep 0.3; " + run + "delete --force gantry-test");
  std::string first = test::read_file(out);
  EXPECT_NE(first.find("argv: probe\nargv: before\nargv: wait\nenv: PATH=/bin\n"),
            std::string::npos)
      << first << ended.errors;
  EXPECT_NE(first.find("env: A=changed\nenv: ADDED=by it\n"), std::string::npos) << first;
  EXPECT_NE(ended.output.find("argv: other\nargv: exec\nenv: PATH=/bin\n"), std::string::npos)
      << ended.output << ended.errors;
  EXPECT_EQ(ended.output.find("env: A="), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Oci, Container, ::testing::Values("crun", "runc"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace gantry

// Real containers: the built gantry-runtime in front of crun and runc.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/oci/runtime/started.h"

namespace gantry {
namespace {

using test::Ended;
using test::TemporaryBundle;
using test::write_file;
using Words = std::vector<std::string>;

std::string low_level_path(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return "";
}

std::string without_lines(const std::string& text, const std::string& what) {
  std::istringstream stream(text);
  std::string kept;
  for (std::string line; std::getline(stream, line);) {
    if (line.find(what) == std::string::npos) kept += line + "\n";
  }
  return kept;
}

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

class Container : public ::testing::TestWithParam<const char*> {
 protected:
  Container() {
    std::filesystem::copy_file(PROBE, bundle_.rootfs("/bin/probe"));
    Json& process = bundle_.config["process"];
    process["args"] = {"probe", "one", "exit=7"};
    process["noNewPrivileges"] = true;
    Json sets = {{"bounding", {"CAP_KILL", "CAP_CHOWN"}},
                 {"permitted", {"CAP_KILL", "CAP_CHOWN"}},
                 {"effective", {"CAP_KILL", "CAP_CHOWN"}}};
    process["capabilities"] = sets;
    bundle_.config["hostname"] = "probe-host";
    bundle_.config["linux"]["namespaces"].push_back({{"type", "uts"}});
  }

  void SetUp() override {
    runtime_ = low_level_path(GetParam());
    if (runtime_.empty()) GTEST_SKIP() << GetParam() << " is not installed";
    if (!test::can_make_private_worlds()) GTEST_SKIP() << "needs root and cgroup2";
  }

  // "RUNTIME FLAGS…" for a shell.
  std::string command(const std::string& runtime) const {
    std::string flags = " --root " + bundle_.path() + "/state";
    // crun then neither makes cgroups nor loads BPF programs, for which some machines lack rights.
    if (runtime_.ends_with("crun")) flags += " --cgroup-manager=disabled";
    return runtime + flags;
  }
  std::string direct() const { return command(runtime_); }
  std::string ours() const {
    return command(std::string(GANTRY_RUNTIME " --config ") + bundle_.path() + "/config.yaml");
  }

  void configure(const std::string& lines) const {
    write_file(bundle_.path() + "/config.yaml", "runtime: " + runtime_ + "\n" + lines);
  }
  void emulate() const { configure("emulator: " STAND_IN_EMULATOR "\nemulate_native: true\n"); }

  Ended shell(const std::string& script) const {
    return test::run_in_private_world({"/bin/sh", "-c", script});
  }
  Ended start(const std::string& command) const {
    bundle_.write_config();
    return shell(command + " run --bundle " + bundle_.directory() + " gantry-test");
  }

  // Both ways show the program the same, but for the mount that holds the emulator.
  void expect_same_but_for_the_mount() {
    emulate();
    Ended plain = start(direct());
    EXPECT_EQ(plain.status, 7) << plain.errors;
    Ended emulated = start(ours());
    EXPECT_EQ(emulated.status, 7) << emulated.errors;
    EXPECT_NE(emulated.output.find("/dev/.gantry/gantry-x64 ro,nosuid,nodev"), std::string::npos);
    EXPECT_EQ(without_lines(emulated.output, ".gantry"), plain.output);
  }

  TemporaryBundle bundle_;
  std::string runtime_;
};

TEST_P(Container, NativeProgramsSeeNoDifference) {
  configure("emulator: " STAND_IN_EMULATOR "\n");
  Ended plain = start(direct());
  std::string files = test::fingerprint(bundle_.rootfs());
  Ended through = start(ours());
  EXPECT_EQ(plain.status, 7) << plain.errors;
  EXPECT_EQ(through.status, 7) << through.errors;
  EXPECT_NE(plain.output.find("argv: one\n"), std::string::npos);
  EXPECT_EQ(through.output, plain.output);
  EXPECT_EQ(through.errors, plain.errors);
  EXPECT_EQ(bundle_.written_config().dump(), bundle_.config.dump());
  EXPECT_EQ(test::fingerprint(bundle_.rootfs()), files);
}

TEST_P(Container, EmulatedProgramsSeeOnlyTheMount) { expect_same_but_for_the_mount(); }

TEST_P(Container, ReadOnlyRootNoCapabilitiesAnotherUser) {
  bundle_.config["root"]["readonly"] = true;
  bundle_.config["process"].erase("capabilities");
  bundle_.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  expect_same_but_for_the_mount();
}

TEST_P(Container, NoexecDev) {
  bundle_.config["mounts"][1] = test::tmpfs_mount("/dev", {"nosuid", "noexec", "mode=755"});
  expect_same_but_for_the_mount();
}

TEST_P(Container, Seccomp) {
  bundle_.config["linux"]["seccomp"] = seccomp_profile();
  emulate();
  Ended ended = start(ours());
  EXPECT_EQ(ended.status, 7) << ended.errors;
  EXPECT_NE(ended.output.find("status: Seccomp:\t2\n"), std::string::npos) << ended.output;
}

TEST_P(Container, WithoutATmpfsTheImageIsNotWrittenInto) {
  bundle_.config["mounts"].erase(1);
  write_file(bundle_.rootfs("/run/of-the-image"), "x");
  emulate();
  Ended ended = start(ours());
  EXPECT_EQ(ended.status, 7) << ended.errors;
  EXPECT_NE(ended.output.find("/run/.gantry/gantry-x64 ro,"), std::string::npos) << ended.output;
  EXPECT_EQ(test::fingerprint(bundle_.rootfs()).find(".gantry"), std::string::npos);
}

TEST_P(Container, MissingProgramIsACreateTimeError) {
  bundle_.config["process"]["args"] = {"none"};
  emulate();
  bundle_.write_config();
  Ended ended = shell(ours() + " create --bundle " + bundle_.directory() +
                      " gantry-test; echo $?; " + direct() + " state gantry-test");
  EXPECT_EQ(ended.output, "1\n");
  EXPECT_NE(ended.errors.find("executable file `none` not found in $PATH"), std::string::npos);
}

TEST_P(Container, LifeOfAContainer) {
  bundle_.config["process"]["args"] = {"probe", "wait"};
  emulate();
  bundle_.write_config();
  write_file(bundle_.at("process.json"),
             R"({"args":["probe","document"],"cwd":"/bin","env":["PATH=/bin","X=y"],)"
             R"("user":{"uid":0,"gid":0}})");
  std::string run = ours() + " ";
  Ended ended =
      shell(run + "create --bundle " + bundle_.directory() + " --pid-file " + bundle_.path() +
            "/pid gantry-test >/dev/null && " + run + "start gantry-test && " + run +
            "exec --env A=c gantry-test probe inline exit=9; echo status $?; " + run +
            "exec --process " + bundle_.path() + "/process.json gantry-test; echo status $?; " +
            run + "exec gantry-test none; echo status $?; " + run +
            "kill gantry-test KILL; sleep 0.3; env -i " + run +
            "delete --force gantry-test; echo status $?; " + run + "state gantry-test");
  for (const char* fact : {"argv: inline\n", "env: A=c\n", "status 9\n", "argv: document\n",
                           "cwd: /bin\n", "env: X=y\n", "status 1\n", "status 0\n"}) {
    EXPECT_NE(ended.output.find(fact), std::string::npos) << fact << ended.output << ended.errors;
  }
  EXPECT_EQ(ended.output.find("fd: 3"), std::string::npos) << "a descriptor leaked";
  EXPECT_NE(ended.errors.find("executable file `none` not found in $PATH"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(bundle_.path() + "/state/gantry-test"));
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

INSTANTIATE_TEST_SUITE_P(Oci, Container, ::testing::Values("crun", "runc"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace gantry

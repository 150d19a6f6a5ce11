// The same bundle through a low-level runtime and through gantry-runtime in front of it: as a
// native one, which shows no difference at all, and as an emulated one, which shows the emulator's
// mount.

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <regex>
#include <tuple>

#include "oci/program_file.h"
#include "tests/oci/runtime/container.h"
#include "tests/oci/support/engine_documents.h"

namespace gantry {
namespace {

using test::Ended;
using test::ProbeContainer;
using test::tmpfs_mount;
using test::write_file;

constexpr int kFails = -1;  // each low-level runtime has a status of its own

struct Surroundings {
  std::string name;
  std::function<void(ProbeContainer&)> prepare;
  int status = 7;  // the probe's exit status; another one when the low-level runtime fails
};

Json& process_of(ProbeContainer& c) { return c.bundle.config["process"]; }
Json& linux_of(ProbeContainer& c) { return c.bundle.config["linux"]; }

Json id_map(unsigned size) {
  return Json::array({{{"containerID", 0}, {"hostID", 100000}, {"size", size}}});
}

void make_user_namespace(ProbeContainer& c) {
  linux_of(c)["namespaces"].push_back({{"type", "user"}});
  linux_of(c)["uidMappings"] = id_map(65536);
  linux_of(c)["gidMappings"] = id_map(65536);
  // What the mapped root makes mount points in.
  std::filesystem::permissions(c.bundle.rootfs(), std::filesystem::perms(0777));
}

// The profile that podman and docker use, as the package of the engines has it.
constexpr const char* kEngineProfile = "/usr/share/containers/seccomp.json";

// From an engine's profile to what it puts into config.json for a container without capabilities.
Json engine_seccomp() {
  Json profile = Json::parse(test::read_file(kEngineProfile), nullptr, false);
  const char* machine = host_machine() == EM_X86_64 ? "amd64" : "arm64";
  Json rules = Json::array();
  for (const Json& rule : profile.is_object() ? profile["syscalls"] : Json::array()) {
    Json includes = rule.value("includes", Json::object());
    Json machines = includes.value("arches", Json::array({machine}));
    bool included = !includes.contains("caps") &&
                    std::find(machines.begin(), machines.end(), machine) != machines.end();
    if (!included || !rule.value("excludes", Json::object()).empty()) continue;
    Json kept = {{"names", rule["names"]}, {"action", rule["action"]}};
    if (rule.contains("args") && rule["args"].is_array()) kept["args"] = rule["args"];
    if (rule.contains("errnoRet")) kept["errnoRet"] = rule["errnoRet"];
    rules.push_back(std::move(kept));
  }
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", 38},
          {"architectures", Json::array({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"})},
          {"syscalls", std::move(rules)}};
}

// CRI-O's is the same profile but for this.
Json without_unshare(Json seccomp) {
  for (Json& rule : seccomp["syscalls"]) {
    auto& names = *rule["names"].get_ptr<Json::array_t*>();
    std::erase(names, "unshare");
  }
  return seccomp;
}

Json hook(const ProbeContainer& c, const std::string& kind) {
  return Json::array({{{"path", "/bin/sh"},
                       {"args",
                        {"sh", "-c",
                         "echo " + kind + " $0 $HOOK >>" + c.bundle.path() +
                             "/hooks; sed 's/\"pid\": *[0-9]*//' >/dev/null",
                         "zero"}},
                       {"env", {"HOOK=" + kind, "PATH=/usr/bin:/bin"}}}});
}

const Surroundings kSurroundings[] = {
    {"Plain", [](auto&) {}},
    {"Signalled", [](auto& c) { process_of(c)["args"] = {"probe", "exit=255"}; }, 255},
    {"ReadOnlyRoot", [](auto& c) { c.bundle.config["root"]["readonly"] = true; }},
    {"OddArguments",
     [](auto& c) {
       process_of(c)["args"] = {"./bin/../bin/probe", "", "--argv0=x", "-", "a b\nc", "exit=7"};
     }},
    {"OddEnvironment",
     [](auto& c) {
       process_of(c)["env"] = {"PATH=/none:/bin", "EMPTY=", "TWICE=1", "TWICE=2", "A=b=c\nd"};
     }},
    {"User",
     [](auto& c) {
       process_of(c)["user"] = {
           {"uid", 1000}, {"gid", 1001}, {"additionalGids", {5, 6}}, {"umask", 63}};
     }},
    {"NoCapabilities", [](auto& c) { process_of(c).erase("capabilities"); }},
    {"AmbientCapabilities",
     [](auto& c) {
       Json all = Json::array({"CAP_KILL", "CAP_CHOWN"});
       for (const char* set : {"bounding", "permitted", "effective", "inheritable", "ambient"}) {
         process_of(c)["capabilities"][set] = all;
       }
       process_of(c)["user"] = {{"uid", 1000}, {"gid", 1000}};
       process_of(c)["noNewPrivileges"] = false;
     }},
    {"Limits",
     [](auto& c) {
       process_of(c)["rlimits"] =
           Json::array({{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}},
                        {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}},
                        {{"type", "RLIMIT_STACK"}, {"soft", 1 << 22}, {"hard", 1 << 23}}});
       process_of(c)["oomScoreAdj"] = 500;
     }},
    {"UserNamespace", make_user_namespace},
    {"MaskedAndReadonlyPaths",
     [](auto& c) {
       linux_of(c)["maskedPaths"] = {"/proc/kcore", "/proc/keys", "/proc/acpi"};
       linux_of(c)["readonlyPaths"] = {"/proc/sys", "/proc/bus"};
     }},
    {"NoexecDev",
     [](auto& c) {
       c.bundle.config["mounts"][1] = tmpfs_mount("/dev", {"nosuid", "noexec", "mode=755"});
     }},
    {"VolumeOverOurFolder",
     [](auto& c) {
       std::filesystem::create_directories(c.bundle.path() + "/volume");
       c.bundle.config["mounts"].push_back(
           test::bind_mount(c.bundle.path() + "/volume", "/dev/.gantry"));
     }},
    {"VolumeByDotsOverOurFolder",
     [](auto& c) {
       c.bundle.config["mounts"].push_back(test::bind_mount("/tmp", "/bin/../dev/./.gantry"));
     }},
    {"DevCopiedUp",
     [](auto& c) {
       c.bundle.config["mounts"][1] = tmpfs_mount("/dev", {"nosuid", "tmpcopyup", "mode=755"});
       test::write_link(c.bundle.rootfs("/dev/.gantry"), "/nowhere");
     }},
    {"TmpfsOnRun", [](auto& c) { c.bundle.config["mounts"].push_back(tmpfs_mount("/run")); }},
    {"DevicesAndCwd",
     [](auto& c) {
       linux_of(c)["devices"] = Json::array(
           {{{"path", "/dev/odd"}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"fileMode", 384}}});
       process_of(c)["cwd"] = "/bin";
     }},
    {"EngineSeccomp", [](auto& c) { linux_of(c)["seccomp"] = engine_seccomp(); }},
    {"CrioSeccomp", [](auto& c) { linux_of(c)["seccomp"] = without_unshare(engine_seccomp()); }},
    {"Hooks",
     [](auto& c) {
       for (const char* kind : {"prestart", "createRuntime", "poststart", "poststop"}) {
         c.bundle.config["hooks"][kind] = hook(c, kind);
       }
     }},
    {"FailingHook",
     [](auto& c) {
       c.bundle.config["hooks"]["createRuntime"] =
           Json::array({{{"path", "/bin/sh"}, {"args", {"sh", "-c", "cat >/dev/null; exit 3"}}}});
     },
     kFails},
    {"StartContainerHook",
     [](auto& c) {
       c.bundle.config["hooks"]["startContainer"] =
           Json::array({{{"path", "/bin/probe"}, {"args", {"probe", "hook"}}}});
     }},
};

// With the profiles that engines give by default.
std::vector<Surroundings> engine_surroundings() {
  std::vector<Surroundings> all;
  for (const test::EngineDocument& document : test::engine_documents()) {
    Json seccomp = document.spec["linux"]["seccomp"];
    all.push_back({document.name, [seccomp](auto& c) { linux_of(c)["seccomp"] = seccomp; }});
  }
  return all;
}

void PrintTo(const Surroundings& surroundings, std::ostream* out) { *out << surroundings.name; }

// Without what differs from run to run: process numbers, times, and the container's creation.
std::string steady(const std::string& text) {
  static const std::regex numbers(R"((pid"?: ?|NSpid:\t|init-p)[0-9]+|[0-9-]+T[0-9:.]+Z)");
  return std::regex_replace(text, numbers, "$1#");
}

class Differential : public ::testing::TestWithParam<std::tuple<const char*, Surroundings>>,
                     protected ProbeContainer {
 protected:
  void SetUp() override {
    use_low_level(std::get<0>(GetParam()));
    if (!can_run()) GTEST_SKIP() << "needs " << std::get<0>(GetParam()) << ", root and cgroup2";
    std::get<1>(GetParam()).prepare(*this);
  }

  Ended start_noting_hooks(const std::string& command) {
    std::filesystem::remove(bundle.path() + "/hooks");
    Ended ended = start(command);
    ended.output += test::read_file(bundle.path() + "/hooks");
    return ended;
  }
  int expected() const { return std::get<1>(GetParam()).status; }
};

TEST_P(Differential, NativeAndEmulated) {
  expect_native();
  Ended plain = start_noting_hooks(direct());
  if (expected() == kFails) {
    EXPECT_NE(plain.status, 0);
  } else {
    EXPECT_EQ(plain.status, expected()) << plain.errors;
  }
  std::string files = test::fingerprint(bundle.rootfs());
  Ended native = start_noting_hooks(ours());
  EXPECT_EQ(native.status, plain.status);
  EXPECT_EQ(native.output, plain.output);
  EXPECT_EQ(steady(native.errors), steady(plain.errors));
  emulate();
  Ended emulated = start_noting_hooks(ours());
  EXPECT_EQ(emulated.status, plain.status) << emulated.errors;
  EXPECT_EQ(test::without_lines(emulated.output, ".gantry"),
            test::without_lines(plain.output, ".gantry"));
  EXPECT_EQ(steady(emulated.errors), steady(plain.errors));
  EXPECT_EQ(test::fingerprint(bundle.rootfs()), files);
}

std::string name_of(const ::testing::TestParamInfo<Differential::ParamType>& info) {
  return std::get<0>(info.param) + ("_" + std::get<1>(info.param).name);
}

INSTANTIATE_TEST_SUITE_P(Oci, Differential,
                         ::testing::Combine(::testing::Values("crun", "runc"),
                                            ::testing::ValuesIn(kSurroundings)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(EngineProfiles, Differential,
                         ::testing::Combine(::testing::Values("crun", "runc"),
                                            ::testing::ValuesIn(engine_surroundings())),
                         name_of);

// What engines do with a container: each command, what it printed and its exit status. `R` is the
// runtime with its flags, `B` the bundle.
constexpr const char* kLife = R"sh(
ran() { echo "== $*"; $R "$@" </dev/null; echo "status $?"; }
ran --log=$B/log --log-format=json create --bundle $B --pid-file=$B/pid --no-pivot gantry-test >$B/created 2>&1
cat $B/created
[ -s $B/pid ] && echo 'pid file written'
ran state gantry-test
ran exec gantry-test probe early
ran --log $B/log start gantry-test
sleep 0.3
ran state gantry-test
ran list -q
ran list --format=json
ran ps --format json gantry-test | sed '/status/!s/[0-9]\+/#/g'
ran exec --env A=c gantry-test probe 2>&1 | sed 's/.*not found in .PATH.*/not found/'
ran exec --cwd /bin --env=A=c --env PATH=/bin --user 1000:1001 gantry-test probe exit=3
ran exec --process $B/process.json gantry-test
ran exec --process=$B/process.json --detach --pid-file $B/exec-pid gantry-test >$B/detached
sleep 0.3
sed -n '/^argv/p; /^status [0-9]/p' $B/detached | sort
[ -s $B/exec-pid ] && echo 'pid file written'
ran exec gantry-test none 2>&1 | sed 's/.*not found in .PATH.*/not found/'
ran exec gantry-test /bin 2>&1 | sed '/status/!s/.*/refused/'
ran exec -- gantry-test probe exit=4
ran update --resources=- gantry-test
ran update --resources $B/resources.json gantry-test
ran pause gantry-test
ran resume gantry-test
ran events --stats gantry-test | sed 's/"data.*//'
ran create --bundle $B gantry-test
ran start gantry-test
ran delete gantry-test
ran kill gantry-test CONT
ran kill --all gantry-test 9
sleep 0.5
ran state gantry-test
ran kill gantry-test TERM
ran delete gantry-test
ran delete gantry-test
ran delete --force gantry-test
ran state gantry-test
ran kill gantry-test KILL
ran nonsense
ran --nonsense state gantry-test
ran features
ran --version | grep -v gantry
ran run --detach --pid-file=$B/pid --bundle $B gantry-test >$B/created 2>&1
sleep 0.3
sort $B/created
ran kill gantry-test KILL
sleep 0.3
ran delete -f gantry-test
)sh";

class DifferentialLife : public ::testing::TestWithParam<const char*>, protected ProbeContainer {
 protected:
  void SetUp() override {
    use_low_level(GetParam());
    if (!can_run()) GTEST_SKIP() << "needs " << GetParam() << ", root and cgroup2";
    write_file(bundle.directory() + "/process.json",
               R"({"args":["probe","document","exit=6"],"cwd":"/bin","env":["PATH=/bin","X=y"],)"
               R"("user":{"uid":0,"gid":0},"noNewPrivileges":true})");
    write_file(bundle.directory() + "/resources.json", R"({"pids":{"limit":50}})");
    process_of(*this)["args"] = {"probe", "wait"};
  }

  std::string life(const std::string& command) {
    bundle.write_config();
    Ended ended = shell("exec 2>&1; R='" + command + "'; B=" + bundle.directory() + kLife);
    return test::without_lines(steady(ended.output), ".gantry");
  }
};

TEST_P(DifferentialLife, OfANativeContainer) {
  expect_native();
  std::string plain = life(direct());
  EXPECT_NE(plain.find("status 3\n"), std::string::npos) << plain;
  EXPECT_EQ(life(ours()), plain);
}

TEST_P(DifferentialLife, OfAnEmulatedContainer) {
  std::string plain = life(direct());
  emulate();
  EXPECT_EQ(life(ours()), plain);
}

INSTANTIATE_TEST_SUITE_P(Oci, DifferentialLife, ::testing::Values("crun", "runc"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace gantry

// Bundles that are broken or made to break us. Each must end in an error that names the problem,
// without the low-level runtime being called and without anything being written anywhere.

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>

#include "tests/oci/runtime/started.h"

namespace gantry {
namespace {

using test::Ended;
using test::FakeRuntime;
using test::TemporaryBundle;
using test::write_file;
using test::write_link;

struct Hostile {
  const char* name;
  std::function<void(TemporaryBundle&)> prepare;
  const char* message;
  // config.json as text; empty for that of the prepared bundle.
  std::string document = "";
};

std::function<void(TemporaryBundle&)> args(Json value) {
  return [value](TemporaryBundle& bundle) { bundle.config["process"]["args"] = value; };
}

std::function<void(TemporaryBundle&)> root_path(Json value) {
  return [value](TemporaryBundle& bundle) { bundle.config["root"]["path"] = value; };
}

void nothing(TemporaryBundle&) {}

void replace_by_link(TemporaryBundle& bundle, const std::string& name, const std::string& target) {
  std::filesystem::remove_all(bundle.rootfs(name));
  write_link(bundle.rootfs(name), target);
}

void make_socket(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::close(fd);
  ::chmod(path.c_str(), 0755);
}

// /long takes more than a thousand steps, and leads to /bin.
void write_long_link(TemporaryBundle& bundle) {
  std::string target = "bin";
  while (target.size() < 4000) target += "/../bin";
  write_link(bundle.rootfs("/long"), target);
}

// All names that the emulator's folder may have.
std::vector<std::string> emulator_folders() {
  std::vector<std::string> folders = {"/.gantry"};
  for (int i = 2; i <= 16; i++) folders.push_back("/.gantry-" + std::to_string(i));
  return folders;
}

// The file `outside` beside the bundle is an x86-64 program: one that leads there would be found.
const Hostile kBundles[] = {
    {"LinkOutAbsolute",
     [](auto& b) {
       write_link(b.rootfs("/bin/x"), b.at("outside"));
       b.config["process"]["args"] = {"x"};
     },
     "executable file `x` not found in $PATH"},
    {"LinkOutByDots",
     [](auto& b) {
       write_link(b.rootfs("/bin/x"), "../../../outside");
       b.config["process"]["args"] = {"/bin/x"};
     },
     "executable file `/bin/x` not found in $PATH"},
    {"DotsInTheName", args({"../../../../outside"}),
     "executable file `../../../../outside` not found in $PATH"},
    {"DotsInPath",
     [](auto& b) {
       b.config["process"]["env"] = {"PATH=/bin/../../..:../.."};
       b.config["process"]["args"] = {"outside"};
     },
     "executable file `outside` not found in $PATH"},
    {"FolderLinkOut",
     [](auto& b) {
       write_link(b.rootfs("/opt"), b.path());
       b.config["process"]["args"] = {"/opt/outside"};
     },
     "executable file `/opt/outside` not found in $PATH"},
    {"ScriptInterpreterLinkOut",
     [](auto& b) {
       write_link(b.rootfs("/bin/sh"), b.at("outside"));
       write_file(b.rootfs("/bin/x"), "#!/bin/sh\n", 0755);
       b.config["process"]["args"] = {"x"};
     },
     "`/bin/x` needs the interpreter `/bin/sh`: no such file or directory"},
    {"LinkLoop",
     [](auto& b) {
       write_link(b.rootfs("/bin/x"), "/bin/x");
       b.config["process"]["args"] = {"/bin/x"};
     },
     "Too many levels of symbolic links"},
    {"ScriptLoop",
     [](auto& b) {
       write_file(b.rootfs("/bin/x"), "#!/bin/x\n", 0755);
       b.config["process"]["args"] = {"x"};
     },
     "too many levels of \\\"#!\\\" interpreters"},
    {"DevIsALinkIntoTheImage", [](auto& b) { replace_by_link(b, "/dev", "/etc"); },
     "/dev in the root filesystem is a symbolic link to /etc"},
    {"DevIsALinkOut", [](auto& b) { replace_by_link(b, "/dev", "../../.."); },
     "/dev in the root filesystem is a symbolic link to /"},
    {"RunIsALink",
     [](auto& b) {
       replace_by_link(b, "/run", "/etc");
       b.config["mounts"] =
           Json::array({test::bind_mount("/dev", "/dev"), test::tmpfs_mount("/run")});
     },
     "/run in the root filesystem is a symbolic link to /etc"},
    {"HostDevAndHostRun",
     [](auto& b) {
       b.config["mounts"] = {test::tmpfs_mount("/dev"), test::bind_mount("/dev", "/dev"),
                             test::bind_mount("/run", "/run")};
     },
     "no place for the emulator"},
    {"HostDevByALink",
     [](auto& b) {
       write_link(b.rootfs("/lnk"), "dev");
       b.config["mounts"] = {test::tmpfs_mount("/dev"), test::bind_mount("/dev", "/lnk"),
                             test::bind_mount("/run", "/run")};
     },
     "no place for the emulator"},
    {"CwdInProc", [](auto& b) { b.config["process"]["cwd"] = "/proc/self/fd/8"; },
     "process.cwd `/proc/self/fd/8` lies in a proc filesystem"},
    {"CwdInProcByALink",
     [](auto& b) {
       write_link(b.rootfs("/lnk"), "bin/../proc");
       b.config["process"]["cwd"] = "/lnk/self/fd/8";
     },
     "process.cwd `/lnk/self/fd/8` lies in a proc filesystem"},
    {"CwdInAVolumeOfProc",
     [](auto& b) {
       b.config["mounts"].push_back(test::bind_mount("/proc", "/volume"));
       b.config["process"]["cwd"] = "/volume/self/fd/8";
     },
     "process.cwd `/volume/self/fd/8` lies in a proc filesystem"},
    {"CwdNotAString", [](auto& b) { b.config["process"]["cwd"] = 3; },
     "process.cwd is not a string"},
    {"CwdWithNul", [](auto& b) { b.config["process"]["cwd"] = std::string("/proc\0/bin", 10); },
     "is followed by a NUL byte"},
    {"EnvWithNul",
     [](auto& b) { b.config["process"]["env"] = {std::string("PATH=/x\0:/bin", 13)}; },
     "is followed by a NUL byte"},
    {"DestinationWithNul",
     [](auto& b) {
       b.config["mounts"].push_back(test::bind_mount("/dev", std::string("/dev\0x", 6)));
     },
     "is followed by a NUL byte"},
    {"RootWithNul", root_path(std::string("rootfs\0x", 8)), "is followed by a NUL byte"},
    {"AnnotationWithNul", [](auto& b) { b.config["annotations"]["a"] = std::string("\0", 1); },
     "is followed by a NUL byte"},
    {"PathOfLinks",
     [](auto& b) {
       write_long_link(b);
       std::string path = "PATH=";
       for (int i = 0; i < 1000; i++) path += "/long:";
       b.config["process"]["env"] = {path};
       b.config["process"]["args"] = {"none"};
     },
     "the container's paths take more than 100000 steps"},
    {"VolumesByLinks",
     [](auto& b) {
       write_long_link(b);
       for (int i = 0; i < 1000; i++) {
         b.config["mounts"].push_back(test::tmpfs_mount("/long/" + std::to_string(i)));
       }
     },
     "the container's paths take more than 100000 steps"},
    {"VolumesOnAllFolders",
     [](auto& b) {
       for (const std::string& folder : emulator_folders()) {
         b.config["mounts"].push_back(test::bind_mount("/tmp", "/dev" + folder));
       }
     },
     "all names for the emulator's folder in /dev are taken"},
    {"LinksToNowhereInAllFolders",
     [](auto& b) {
       b.config["mounts"][1] = test::tmpfs_mount("/dev", {"tmpcopyup"});
       for (const std::string& folder : emulator_folders()) {
         write_link(b.rootfs("/dev" + folder), "/nowhere");
       }
     },
     "all names for the emulator's folder in /dev are taken"},
    {"VolumeOnALinkToTheRoot",
     [](auto& b) {
       write_link(b.rootfs("/lnk"), "bin/..");
       b.config["mounts"].push_back(test::bind_mount("/tmp", "/lnk"));
     },
     "/lnk in the root filesystem is a symbolic link to /"},
    {"ProgramMissing", args({"none"}), "executable file `none` not found in $PATH"},
    {"ProgramNotExecutable",
     [](auto& b) {
       write_file(b.rootfs("/bin/x"), test::elf_header(EM_X86_64), 0644);
       b.config["process"]["args"] = {"x"};
     },
     "`/bin/x` is not executable: permission denied"},
    {"ProgramIsADirectory", args({"/bin"}), "`/bin` is a directory, not a program"},
    {"ProgramIsTheRoot", args({"/"}), "`/` is a directory, not a program"},
    {"ProgramIsAFifo",
     [](auto& b) {
       ::mkfifo(b.rootfs("/bin/x").c_str(), 0755);
       b.config["process"]["args"] = {"x"};
     },
     "`/bin/x` is a FIFO, not a program"},
    {"ProgramIsASocket",
     [](auto& b) {
       make_socket(b.rootfs("/bin/x"));
       b.config["process"]["args"] = {"/bin/x"};
     },
     "`/bin/x` is a socket, not a program"},
    {"ProgramIsATruncatedElf",
     [](auto& b) {
       write_file(b.rootfs("/bin/x"), test::elf_header(EM_X86_64).substr(0, 20), 0755);
       b.config["process"]["args"] = {"x"};
     },
     "`/bin/x` is a truncated ELF file"},
    {"ProgramBelowAFile", args({"/bin/guest/x"}), "executable file `/bin/guest/x` not found"},
    {"NameTooLong", args({std::string(5000, 'x')}), "File name too long"},
    {"NameEmpty", args({""}), "the program's name is empty"},
    {"NameNotAString", args(Json::array({7})), "process.args[0] is not a string"},
    {"NameWithNul", args(Json::array({std::string("a\0b", 3)})), "is followed by a NUL byte"},
    {"ArgsEmpty", args(Json::array()), "process.args is empty"},
    {"ArgsMissing", [](auto& b) { b.config["process"].erase("args"); }, "process.args is empty"},
    {"ArgsAString", args("guest"), "process.args is not an array"},
    {"EnvNotStrings", [](auto& b) { b.config["process"]["env"] = {1}; },
     "process.env[0] is not a string"},
    {"ProcessIsAList", [](auto& b) { b.config["process"] = Json::array(); },
     "process is not an object"},
    {"MountsIsAnObject", [](auto& b) { b.config["mounts"] = Json::object(); },
     "mounts is not an array"},
    {"MountWithoutDestination", [](auto& b) { b.config["mounts"].push_back(Json::object()); },
     "mounts[2] has no destination"},
    {"MountOptionsNotStrings",
     [](auto& b) { b.config["mounts"][1]["options"] = Json::array({Json::object()}); },
     "mounts[1].options[0] is not a string"},
    {"TooManyMounts",
     [](auto& b) { b.config["mounts"] = Json::array_t(5000, test::tmpfs_mount("/x")); },
     "mounts has more than 4096 entries"},
    {"RootMissing", [](auto& b) { b.config.erase("root"); }, "config.json has no root.path"},
    {"RootPathNotAString", root_path(3), "config.json has no root.path"},
    {"RootDoesNotExist", root_path("gone"),
     "the root filesystem `gone` (root.path) does not exist"},
    {"RootIsAFile", root_path("config.json"), "is not a directory"},
    {"RootLeadsOut", root_path("../outside-folder"), "leads out of the bundle"},
    {"RootLeadsOutDeep", root_path("rootfs/../../outside-folder"), "leads out of the bundle"},
    {"RootIsALink",
     [](auto& b) {
       write_link(b.directory() + "/linked", "rootfs");
       b.config["root"]["path"] = "linked";
     },
     "is not a directory (or is a symbolic link)"},
    {"RootBelowALink",
     [](auto& b) {
       write_link(b.directory() + "/linked", "..");
       b.config["root"]["path"] = "linked/bundle/rootfs";
     },
     "leads through a symbolic link"},
    {"RootIsAbsoluteLink",
     [](auto& b) {
       write_link(b.directory() + "/linked", "rootfs");
       b.config["root"]["path"] = b.directory() + "/linked";
     },
     "is not a directory (or is a symbolic link)"},
    {"HookWithoutPath",
     [](auto& b) { b.config["hooks"]["startContainer"] = Json::array({Json::object()}); },
     "a startContainer hook has no path"},
    {"HookThatIsANumber", [](auto& b) { b.config["hooks"]["startContainer"] = Json::array({3}); },
     "a startContainer hook has no path"},
    {"HookArgsNotStrings",
     [](auto& b) {
       b.config["hooks"]["startContainer"] =
           Json::array({{{"path", "/bin/guest"}, {"args", {"guest", 1}}}});
     },
     "hooks.startContainer[].args[1] is not a string"},
    {"DocumentEmpty", nothing, "parse error", " "},
    {"DocumentCutOff", nothing, "parse error", R"({"process":{"args":["gu)"},
    {"DocumentNotAnObject", nothing, "config.json is not a JSON object", "[1]"},
    {"DocumentTenMegabytes", nothing, "larger than 8388608 bytes",
     "{\"x\":\"" + std::string(10'000'000, 'x') + "\"}"},
    {"DocumentNestedDeeply", nothing, "nested deeper than 64 levels",
     "{\"x\":" + std::string(200'000, '[') + std::string(200'000, ']') + "}"},
    {"DuplicateKeys", nothing, "the key \\\"args\\\" occurs twice",
     R"({"process":{"args":["native"],"args":["guest"]},"root":{"path":"rootfs"}})"},
    {"DuplicateKeysByCase", nothing, "the key \\\"Process\\\" occurs twice",
     R"({"process":{"args":["native"]},"Process":{"args":["guest"]},"root":{"path":"rootfs"}})"},
    {"DuplicateKeysByUnicodesCase", nothing, "occurs twice",
     "{\"process\":{\"args\":[\"native\"]},\"proce\u017f\u017f\":{\"args\":[\"guest\"]},"
     "\"root\":{\"path\":\"rootfs\"}}"},
    {"DocumentWithAByteOrderMark", nothing, "starts with a byte order mark",
     "\ufeff{\"process\":{\"args\":[\"guest\"]},\"root\":{\"path\":\"rootfs\"}}"},
    {"NumberTooLarge", nothing, "number overflow",
     R"({"process":{"user":{"uid":1e999}},"root":{"path":"rootfs"}})"},
    {"DocumentNotUtf8", nothing, "parse error", "{\"x\":\"\xff\xfe\"}"},
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

class HostileBundle : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileBundle, IsRefused) {
  const Hostile& hostile = GetParam();
  TemporaryBundle bundle;
  FakeRuntime runtime(bundle);
  write_file(bundle.at("outside"), test::elf_header(EM_X86_64), 0755);
  write_file(bundle.at("outside-folder/bin/guest"), test::elf_header(EM_X86_64), 0755);
  hostile.prepare(bundle);
  bundle.write_config();
  if (!hostile.document.empty()) write_file(bundle.directory() + "/config.json", hostile.document);
  std::string before = test::fingerprint(bundle.path());
  Ended ended = runtime.call({"create", "--bundle", bundle.directory(), "id"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find(hostile.message), std::string::npos) << ended.errors.substr(0, 400);
  EXPECT_FALSE(runtime.was_called());
  EXPECT_EQ(test::fingerprint(bundle.path()), before);
}

INSTANTIATE_TEST_SUITE_P(Oci, HostileBundle, ::testing::ValuesIn(kBundles),
                         [](const auto& info) { return std::string(info.param.name); });

// Bundles that would have the emulator mounted where the image or a volume wants it.
struct Odd {
  const char* name;
  std::function<void(TemporaryBundle&)> prepare;
  const char* emulator = "/dev/.gantry-2/gantry-x64";  // where it has to be
};

// A tmpfs on /dev that starts as a copy of the image's.
void copy_dev(TemporaryBundle& bundle) {
  bundle.config["mounts"][1] = test::tmpfs_mount("/dev", {"nosuid", "tmpcopyup"});
}

std::function<void(TemporaryBundle&)> volume_at(const std::string& destination) {
  return [destination](TemporaryBundle& bundle) {
    bundle.config["mounts"].push_back(test::bind_mount("/tmp", destination));
  };
}

constexpr const char* kUsualPlace = "/dev/.gantry/gantry-x64";

const Odd kOddBundles[] = {
    {"HiddenByTheTmpfs", [](auto& b) { write_link(b.rootfs("/dev/.gantry"), "/etc"); },
     kUsualPlace},
    {"FolderInTheImage",
     [](auto& b) {
       copy_dev(b);
       std::filesystem::create_directory(b.rootfs("/dev/.gantry"));
     }},
    {"FileInTheImage",
     [](auto& b) {
       copy_dev(b);
       write_file(b.rootfs("/dev/.gantry"), "x");
     }},
    {"FifoInTheImage",
     [](auto& b) {
       copy_dev(b);
       ::mkfifo(b.rootfs("/dev/.gantry").c_str(), 0666);
     }},
    {"LinkInTheImage",
     [](auto& b) {
       copy_dev(b);
       write_link(b.rootfs("/dev/.gantry"), "/bin");
     }},
    {"LinkToNowhereInTheImage",
     [](auto& b) {
       copy_dev(b);
       write_link(b.rootfs("/dev/.gantry"), "/nowhere");
     }},
    {"LinkToNowhereInRun",
     [](auto& b) {
       b.config["mounts"].erase(1);
       write_link(b.rootfs("/run/.gantry"), "/nowhere");
     },
     "/run/.gantry-2/gantry-x64"},
    {"VolumeOnTheFile", volume_at("/dev/.gantry/gantry-x64")},
    {"VolumeBelowTheFile", volume_at("/dev/.gantry/gantry-x64/x")},
    {"VolumeByDots", volume_at("/bin/../dev/./.gantry//x")},
    {"VolumeByARelativePath", volume_at("dev/.gantry")},
    {"VolumeByALink",
     [](auto& b) {
       write_link(b.rootfs("/lnk"), "dev/.gantry");
       volume_at("/lnk/x")(b);
     }},
    {"TmpfsByARelativePath", [](auto& b) { b.config["mounts"][1] = test::tmpfs_mount("dev"); },
     kUsualPlace},
    {"TmpfsByDots", [](auto& b) { b.config["mounts"][1] = test::tmpfs_mount("/bin/.././dev/"); },
     kUsualPlace},
    {"TmpfsByALink",
     [](auto& b) {
       write_link(b.rootfs("/lnk"), "bin/../dev");
       b.config["mounts"][1] = test::tmpfs_mount("/lnk");
     },
     kUsualPlace},
    {"VariablesOfOurs",
     [](auto& b) {
       b.config["process"]["env"] = {"PATH=/bin", "LD_PRELOAD=/x", "GANTRY_CONFIG=/x",
                                     "GANTRY_X64_OPTIONS=--strace", "GLIBC_TUNABLES=x"};
     },
     kUsualPlace},
    {"OptionsAsArguments",
     [](auto& b) {
       write_file(b.rootfs("/bin/--log-file=x"), test::elf_header(EM_X86_64), 0755);
       b.config["process"]["cwd"] = "/bin";
       b.config["process"]["env"] = {"PATH="};
       b.config["process"]["args"] = {"--log-file=x", "--log=all"};
     },
     kUsualPlace},
    {"SeccompOfNonsense",
     [](auto& b) {
       b.config["linux"]["seccomp"] = Json::parse(R"({"defaultAction": "SCMP_ACT_ERRNO",
           "architectures": [3, null], "syscalls": [5, null, {"names": 1}, {"names": ["open"],
           "action": "SCMP_ACT_ALLOW", "args": [7, {"index": -1}, {"index": 1e9}]}]})");
     },
     kUsualPlace},
    {"AnnotationsOfOurs",
     [](auto& b) {
       b.config["annotations"] = {{"io.gantry.profile", "../../etc/shadow"},
                                  {"io.gantry.emulator", "/x"},
                                  {"run.oci.seccomp_fail_unknown_syscall", "1"}};
     },
     kUsualPlace},
};

void PrintTo(const Odd& odd, std::ostream* out) { *out << odd.name; }

class OddBundle : public ::testing::TestWithParam<Odd> {};

TEST_P(OddBundle, EmulatorIsWhereNothingIs) {
  TemporaryBundle bundle;
  FakeRuntime runtime(bundle);
  GetParam().prepare(bundle);
  bundle.write_config();
  std::string before = test::fingerprint(bundle.rootfs());
  Ended ended = runtime.call({"create", "--bundle", bundle.directory(), "id"});
  EXPECT_EQ(ended.status, 42) << ended.errors;
  Json written = bundle.written_config(), mount = written["mounts"].back();
  EXPECT_EQ(mount["destination"], GetParam().emulator);
  EXPECT_EQ(mount["options"], Json({"bind", "ro", "nosuid", "nodev", "rprivate"}));
  EXPECT_EQ(written["process"]["args"][0], GetParam().emulator);
  EXPECT_EQ(written["process"]["env"], bundle.config["process"]["env"]);
  // The words up to the program are ours and none the image's.
  for (const Json& word : written["process"]["args"]) {
    if (word.get<std::string>().starts_with("--argv0=") || word == GetParam().emulator) continue;
    EXPECT_FALSE(word.get<std::string>().starts_with("-")) << word;
    break;
  }
  EXPECT_EQ(test::fingerprint(bundle.rootfs()), before);
}

INSTANTIATE_TEST_SUITE_P(Oci, OddBundle, ::testing::ValuesIn(kOddBundles),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(HostileDirectory, ConfigThatIsNoFile) {
  TemporaryBundle bundle;
  FakeRuntime runtime(bundle);
  std::string path = bundle.directory() + "/config.json";
  std::filesystem::create_directory(path);
  EXPECT_NE(
      runtime.call({"create", "-b", bundle.directory(), "id"}).errors.find("not a regular file"),
      std::string::npos);
  std::filesystem::remove(path);
  ::mkfifo(path.c_str(), 0644);
  EXPECT_NE(
      runtime.call({"create", "-b", bundle.directory(), "id"}).errors.find("not a regular file"),
      std::string::npos);
  std::filesystem::remove(path);
  EXPECT_NE(runtime.call({"create", "-b", bundle.directory(), "id"}).errors.find("No such file"),
            std::string::npos);
  EXPECT_NE(runtime.call({"create", "-b", bundle.at("gone"), "id"}).errors.find("No such file"),
            std::string::npos);
}

TEST(HostileDirectory, ALinkedConfigIsReplacedAndNotWrittenThrough) {
  TemporaryBundle bundle;
  FakeRuntime runtime(bundle);
  bundle.write_config();
  std::string path = bundle.directory() + "/config.json";
  std::filesystem::rename(path, bundle.at("elsewhere.json"));
  write_link(path, bundle.at("elsewhere.json"));
  std::string before = test::read_file(bundle.at("elsewhere.json"));
  EXPECT_EQ(runtime.call({"create", "-b", bundle.directory(), "id"}).status, 42);
  EXPECT_EQ(test::read_file(bundle.at("elsewhere.json")), before);
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  EXPECT_EQ(bundle.written_config()["process"]["args"].size(), 5u);
}

}  // namespace
}  // namespace gantry

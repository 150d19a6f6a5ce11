// The built gantry-runtime in front of a low-level runtime that writes down how it was called.

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "profiles/profile.h"
#include "tests/oci/runtime/started.h"

namespace gantry {
namespace {

using test::Ended;
using test::FakeRuntime;
using test::read_file;
using test::TemporaryBundle;
using test::write_file;
using Words = std::vector<std::string>;

class CommandTest : public ::testing::Test {
 protected:
  CommandTest() : runtime_(bundle_) { bundle_.write_config(); }

  std::string config_text() { return read_file(bundle_.directory() + "/config.json"); }

  TemporaryBundle bundle_;
  FakeRuntime runtime_;
};

TEST_F(CommandTest, OtherCommandsAreHandedOnAsTheyAre) {
  for (const Words& words :
       {Words{"--root", "/r", "kill", "--all", "id", "15"}, Words{"delete", "--force", "id"},
        Words{"ps", "--format", "json", "id"}, Words{"events", "--stats", "id"},
        Words{"update", "--resources=-", "id"}, Words{"features"}, Words{"list", "-q"},
        Words{"--log=/dev/null", "--log-format", "json", "start", "id"},
        Words{"checkpoint", "--help"}, Words{"restore", "--lsm-mount-context"},
        Words{"new-command", "--config", "x", "--bundle"}}) {
    Ended ended = runtime_.call(words);
    EXPECT_EQ(ended.status, 42) << words[0];
    EXPECT_EQ(ended.errors, "");
    EXPECT_EQ(runtime_.received(), words);
  }
}

TEST_F(CommandTest, CreateRewritesTheBundleInPlace) {
  std::string path = bundle_.directory() + "/config.json";
  ::chmod(path.c_str(), 0640);
  Words words = {"--systemd-cgroup", "create", "--bundle", bundle_.directory(),
                 "--pid-file",       "/p",     "id"};
  EXPECT_EQ(runtime_.call(words).status, 42);
  EXPECT_EQ(runtime_.received(), words);
  EXPECT_EQ(bundle_.written_config()["process"]["args"][0], "/dev/.gantry/gantry-x64");
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  auto names = std::filesystem::directory_iterator(bundle_.directory());
  EXPECT_EQ(std::distance(begin(names), end(names)), 2);
}

TEST_F(CommandTest, NativeBundlesAreNotTouched) {
  bundle_.config["process"]["args"] = {"native"};
  bundle_.write_config();
  std::string before = test::fingerprint(bundle_.directory());
  for (const char* command : {"create", "run", "restore"}) {
    Words words = {command, "-b", bundle_.directory(), "id"};
    EXPECT_EQ(runtime_.call(words).status, 42);
    EXPECT_EQ(runtime_.received(), words);
  }
  EXPECT_EQ(test::fingerprint(bundle_.directory()), before);
}

TEST_F(CommandTest, TheRootFilesystemIsNotTouched) {
  std::string before = test::fingerprint(bundle_.rootfs());
  runtime_.call({"run", "-b", bundle_.directory(), "id"});
  EXPECT_TRUE(runtime_.was_called());
  EXPECT_EQ(test::fingerprint(bundle_.rootfs()), before);
}

TEST_F(CommandTest, TheBundleIsTheCurrentDirectoryByDefault) {
  runtime_.call({"create", "id"}, bundle_.directory());
  EXPECT_EQ(runtime_.received(), (Words{"create", "id"}));
  EXPECT_EQ(bundle_.written_config()["process"]["args"].size(), 5u);
}

TEST_F(CommandTest, CrunsConfigFlagNamesTheDocument) {
  std::filesystem::rename(bundle_.directory() + "/config.json", bundle_.directory() + "/other");
  runtime_.call({"create", "-f", "other", "-b", bundle_.directory(), "id"});
  EXPECT_EQ(Json::parse(read_file(bundle_.directory() + "/other"))["process"]["args"].size(), 5u);
}

TEST_F(CommandTest, CreateTwiceRewritesOnce) {
  runtime_.call({"create", "-b", bundle_.directory(), "id"});
  std::string once = config_text();
  runtime_.call({"create", "-b", bundle_.directory(), "id"});
  EXPECT_EQ(config_text(), once);
}

TEST_F(CommandTest, ErrorsGoToTheLogInItsFormat) {
  bundle_.config["process"]["args"] = {"none"};
  bundle_.write_config();
  std::string log = bundle_.at("log");
  Ended ended =
      runtime_.call({"--log-format=json", "--log", log, "create", "-b", bundle_.directory(), "id"});
  constexpr const char* kText =
      "executable file `none` not found in $PATH: no such file or directory";
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.errors, std::string(kText) + "\n");
  Json line = Json::parse(read_file(log));
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["msg"], kText);
  EXPECT_EQ(line["time"].get<std::string>().size(), 20u);
  EXPECT_FALSE(runtime_.was_called());

  ended = runtime_.call({"create", "-b", bundle_.directory(), "id"});
  EXPECT_EQ(ended.errors.substr(0, 6), "time=\"");
  EXPECT_NE(ended.errors.find(std::string("level=error msg=\"") + kText + "\"\n"),
            std::string::npos);
}

TEST_F(CommandTest, TheCpuIsAnOptionOfTheEmulator) {
  runtime_.configure("cpu: x86-64-v3,-rdrand\nemulator_options: [--stats]\n");
  EXPECT_EQ(runtime_.call({"create", "-b", bundle_.directory(), "id"}).status, 42);
  Json args = bundle_.written_config()["process"]["args"];
  EXPECT_EQ(args[1], "--cpu=x86-64-v3,-rdrand");
  EXPECT_EQ(args[2], "--stats");
}

TEST_F(CommandTest, AProfileIsApplied) {
  write_file(bundle_.at("own/1.yaml"), "name: a\nmatch: {program: /bin/guest}\nengine: interp\n");
  runtime_.configure("profiles: " + bundle_.path() + "/own\nengine: jit\n");
  Ended ended = runtime_.call({"--debug", "create", "-b", bundle_.directory(), "id"});
  EXPECT_EQ(ended.status, 42);
  EXPECT_EQ(bundle_.written_config()["process"]["args"][1], "--engine=interp");
  EXPECT_NE(ended.errors.find("profile a (program /bin/guest)"), std::string::npos);
}

TEST_F(CommandTest, ABrokenProfileKeepsNobodyFromKilling) {
  write_file(bundle_.at("own/1.yaml"), "nmae: a\n");
  runtime_.configure("profiles: " + bundle_.path() + "/own\n");
  EXPECT_EQ(runtime_.call({"kill", "id", "15"}).status, 42);
  Ended ended = runtime_.call({"create", "-b", bundle_.directory(), "id"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("/own/1.yaml:1:1: unknown key `nmae`; did you mean `name`?"),
            std::string::npos);
  EXPECT_FALSE(runtime_.was_called());
}

TEST_F(CommandTest, VersionNamesBoth) {
  Ended ended = runtime_.call({"--version"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.output.substr(0, 23), "gantry-runtime version ");
  EXPECT_NE(ended.output.find("\nfake version 1\n"), std::string::npos);
}

TEST_F(CommandTest, HelpNamesFlagsAndKeys) {
  Ended ended = runtime_.call({"--help"});
  EXPECT_EQ(ended.status, 0);
  for (const char* word : {"--config", "--root", "--log-format", "--cgroup-manager", "--rootless",
                           "emulate_native", "cpu (a CPU)", "emulator_options"}) {
    EXPECT_NE(ended.output.find(word), std::string::npos) << word;
  }
}

TEST_F(CommandTest, ABrokenConfigurationNamesThePlace) {
  runtime_.configure("  oops: 1\n");
  Ended ended = runtime_.call({"state", "id"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("config.yaml:4:"), std::string::npos);
}

// exec

class ExecTest : public CommandTest {
 protected:
  // As if the container of our bundle ran with its files as root, in this very process.
  void be_running() {
    runtime_.call({"create", "-b", bundle_.directory(), "id"});
    runtime_.set_state(
        Json{{"id", "id"}, {"pid", ::getpid()}, {"bundle", bundle_.directory()}}.dump());
    write_file(bundle_.at("guest"), test::elf_header(EM_X86_64), 0755);
  }

  std::string write_process(const Json& args) {
    Json process = {{"args", args}, {"env", {"PATH=" + bundle_.path()}}, {"cwd", "/"}, {"new", 1}};
    write_file(bundle_.at("process.json"), process.dump());
    return bundle_.at("process.json");
  }
};

TEST_F(ExecTest, ProcessDocumentIsReplaced) {
  be_running();
  std::string path = write_process({"guest", "x"});
  std::string before = read_file(path);
  EXPECT_EQ(runtime_.call({"exec", "-d", "--process", path, "--pid-file", "/p", "id"}).status, 42);
  Words received = runtime_.received();
  ASSERT_EQ(received.size(), 6u);
  EXPECT_EQ(received[2].substr(0, 24), "--process=/proc/self/fd/");
  EXPECT_EQ(received[5], "id");
  Json process = Json::parse(runtime_.received_process());
  EXPECT_EQ(process["args"],
            Json({"/dev/.gantry/gantry-x64", "--argv0=guest", bundle_.path() + "/guest", "x"}));
  EXPECT_EQ(process["new"], 1);
  EXPECT_EQ(read_file(path), before);
}

TEST_F(ExecTest, InlineCommand) {
  be_running();
  runtime_.call({"exec", "-e", "PATH=" + bundle_.path(), "id", "guest", "-p", "x"});
  EXPECT_EQ(runtime_.received(),
            (Words{"exec", "-e", "PATH=" + bundle_.path(), "id", "/dev/.gantry/gantry-x64",
                   "--argv0=guest", bundle_.path() + "/guest", "-p", "x"}));
}

TEST_F(ExecTest, NativeProgramsAndOtherContainersStay) {
  be_running();
  write_file(bundle_.at("tool"), test::elf_header(EM_AARCH64), 0755);
  Words words = {"exec", "--process", write_process({"tool"}), "id"};
  runtime_.call(words);
  EXPECT_EQ(runtime_.received(), words);
  // A container that was created without us.
  bundle_.write_config();
  words = {"exec", "id", "none"};
  runtime_.call(words);
  EXPECT_EQ(runtime_.received(), words);
}

TEST_F(ExecTest, UnknownContainersAreTheLowLevelRuntimesBusiness) {
  Words words = {"exec", "id", "ls"};
  EXPECT_EQ(runtime_.call(words).status, 42);
  EXPECT_EQ(runtime_.received(), words);
}

TEST_F(ExecTest, MissingCommandIsOurError) {
  be_running();
  Ended ended = runtime_.call({"exec", "id", "/none"});
  EXPECT_EQ(ended.status, 255);
  EXPECT_NE(ended.errors.find("executable file `/none` not found in $PATH"), std::string::npos);
  EXPECT_FALSE(runtime_.was_called());
}

TEST_F(ExecTest, BrokenProcessDocumentsAreNamed) {
  be_running();
  std::string path = bundle_.at("process.json");
  for (const char* text :
       {"{", "[]", R"({"args":["a"],"args":["b"]})", R"({"args":[1]})", R"({"args":[]})",
        R"({"args":["/bin/sh\u0000x"]})", R"({"args":["sh"],"env":[1]})",
        R"({"args":["sh"],"cwd":"/proc/self/fd/8"})", R"({"args":["sh"],"cwd":"proc/1"})"}) {
    write_file(path, text);
    Ended ended = runtime_.call({"exec", "--process", path, "id"});
    EXPECT_EQ(ended.status, 255) << text;
    EXPECT_NE(ended.errors, "");
    EXPECT_FALSE(runtime_.was_called());
  }
  for (const char* file : {"/dev/zero", "/proc", "/nonexistent"}) {
    EXPECT_EQ(runtime_.call({"exec", "--process", file, "id"}).status, 255) << file;
    EXPECT_FALSE(runtime_.was_called());
  }
}

TEST_F(ExecTest, TheDirectoryMayBeAFlag) {
  be_running();
  for (const char* directory : {"/proc/self/fd/800", "/proc/self/fd/0", "/proc/self/root/etc"}) {
    Ended ended = runtime_.call({"exec", "--cwd", directory, "id", "sh"});
    EXPECT_EQ(ended.status, 255) << directory;
    EXPECT_NE(ended.errors.find("lies in a proc filesystem"), std::string::npos) << ended.errors;
    EXPECT_FALSE(runtime_.was_called());
  }
}

// gantry

class ToolTest : public CommandTest {
 protected:
  Ended tool(Words words) {
    words.insert(words.begin(), {GANTRY_TOOL, "--config", bundle_.path() + "/fake/config.yaml"});
    return test::run(words);
  }
};

TEST_F(ToolTest, InspectShowsTheChangeAndMakesNone) {
  std::string before = test::fingerprint(bundle_.directory());
  Ended ended = tool({"inspect", bundle_.directory()});
  EXPECT_EQ(ended.status, 0);
  EXPECT_NE(ended.output.find("program:   /dev/.gantry/gantry-x64 --argv0=guest /bin/guest\n"),
            std::string::npos);
  ended = tool({"inspect", "--diff", bundle_.directory()});
  EXPECT_NE(ended.output.find("+      \"/dev/.gantry/gantry-x64\",\n"), std::string::npos);
  EXPECT_EQ(test::fingerprint(bundle_.directory()), before);
}

TEST_F(ToolTest, InspectOfANativeBundle) {
  bundle_.config["process"]["args"] = {"native"};
  bundle_.write_config();
  EXPECT_EQ(tool({"inspect", bundle_.directory()}).output,
            "nothing would change: no program of it needs the emulator\n");
  EXPECT_EQ(tool({"inspect", "--diff", bundle_.directory()}).output, "");
}

TEST_F(ToolTest, FeaturesIsJson) {
  Json features = Json::parse(tool({"features"}).output);
  EXPECT_EQ(features["guests"], Json::array({"linux/amd64"}));
}

class ProfileTest : public ToolTest {
 protected:
  ProfileTest() {
    write_file(bundle_.at("own/1.yaml"),
               "name: a\ndescription: the first\nselectable: true\n"
               "match: {program: /bin/guest, image_reference: docker.io/library/x}\n"
               "exact_float: true\narguments: [-a]\n");
    write_file(bundle_.at("builtin/2.yaml"), "name: b\nmatch: {program: '/bin/*'}\ncpu: max\n");
    runtime_.configure("profiles: " + bundle_.path() + "/own\nbuiltin_profiles: " + bundle_.path() +
                       "/builtin\n");
  }
};

TEST_F(ProfileTest, ListAndShow) {
  std::string output = tool({"profile", "list"}).output;
  EXPECT_EQ(output.find("a "), 0u);
  EXPECT_NE(output.find("administrator  the first\nb "), std::string::npos);
  EXPECT_NE(output.find("built-in"), std::string::npos);
  output = tool({"profile", "show", "a"}).output;
  EXPECT_EQ(output.find("# " + bundle_.path() +
                        "/own/1.yaml (administrator)\n"
                        "# gantry-x64 --exact-float\nname: a\n"),
            0u);
  Ended ended = tool({"profile", "show", "c"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("there is no profile `c`"), std::string::npos);
}

TEST_F(ProfileTest, Validate) {
  EXPECT_EQ(tool({"profile", "validate"}).status, 0);
  write_file(bundle_.at("new.yaml"), "name: c\nmatch: {}\nengnie: jit\n");
  Ended ended = tool({"profile", "validate", bundle_.at("new.yaml")});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.errors, "gantry: " + bundle_.path() +
                              "/new.yaml:3:1: unknown key `engnie`; did you mean `engine`?\n");
}

TEST_F(ProfileTest, MatchSaysWhichAndWhy) {
  EXPECT_EQ(tool({"profile", "match", "--program", "/bin/guest"}).output,
            "used:     a: program /bin/guest\nweaker:   b: program /bin/guest\n"
            "option:   --exact-float\nargument: -a\n");
  EXPECT_EQ(tool({"profile", "match", "--image", "x", "--program", "/bin/y"}).output,
            "used:     a: image docker.io/library/x:latest\nweaker:   b: program /bin/y\n"
            "option:   --exact-float\nargument: -a\n");
  EXPECT_EQ(tool({"profile", "match", "--named", "b"})
                .output.find("not used: io.gantry.profile names `b`, which is built in"),
            0u);
  EXPECT_EQ(tool({"profile", "match", "--bundle", bundle_.directory()}).output,
            "program:  /bin/guest\nused:     a: program /bin/guest\n"
            "weaker:   b: program /bin/guest\noption:   --exact-float\nargument: -a\n");
  EXPECT_EQ(tool({"profile", "match", "--bundle", "/x", "--named", "y"}).status, 2);
}

TEST_F(ProfileTest, KeysAreAllThere) {
  std::string output = tool({"profile", "keys"}).output;
  for (const Key& key : all_keys()) EXPECT_NE(output.find(key.name), std::string::npos) << key.name;
}

TEST_F(ProfileTest, InspectNamesIt) {
  EXPECT_NE(
      tool({"inspect", bundle_.directory()}).output.find("profile:   a (program /bin/guest)\n"),
      std::string::npos);
}

// A program finds those of the prefix that it lies in, unless others may write there.
TEST_F(ProfileTest, BuiltinProfilesOfThePrefix) {
  std::string program = bundle_.at("prefix/bin/gantry");
  std::filesystem::copy_file(GANTRY_TOOL, program);
  write_file(bundle_.at("prefix/share/gantry/profiles/p.yaml"),
             "name: of-the-prefix\nmatch: {program: /p}\n");
  write_file(bundle_.at("empty.yaml"), "profiles: /nonexistent\n");
  auto is_found = [&] {
    Ended ended =
        test::run({program, "--config", bundle_.path() + "/empty.yaml", "profile", "list"});
    EXPECT_EQ(ended.status, 0) << ended.errors;
    return ended.output.find("of-the-prefix") != std::string::npos;
  };
  EXPECT_TRUE(is_found());
  for (const char* folder : {"share", "share/gantry", "share/gantry/profiles"}) {
    std::string path = bundle_.path() + "/prefix/" + folder;
    ::chmod(path.c_str(), 0777);
    EXPECT_FALSE(is_found()) << folder;
    ::chmod(path.c_str(), 0755);
    if (::geteuid() != 0) continue;
    ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
    EXPECT_FALSE(is_found()) << folder;
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
  EXPECT_TRUE(is_found());
}

// Those that come with Gantry, of this build tree.
TEST_F(ProfileTest, BuiltinProfilesAreValidAndSayWhy) {
  runtime_.configure("profiles: /nonexistent\n");
  Ended ended = tool({"profile", "validate"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_NE(ended.output.find("/coroutines.yaml: good (coroutines)\n"), std::string::npos);
  auto profiles = load_profiles("/nonexistent", BUILTIN_PROFILES);
  ASSERT_TRUE(profiles);
  for (const Profile& profile : *profiles) {
    EXPECT_TRUE(profile.description && profile.reason && profile.evidence) << profile.file;
  }
}

TEST_F(ToolTest, UsageErrorsAre2) {
  EXPECT_EQ(tool({"nonsense"}).status, 2);
  EXPECT_EQ(tool({}).status, 2);
  EXPECT_EQ(tool({"inspect"}).status, 2);
  EXPECT_EQ(tool({"--help"}).status, 0);
  EXPECT_EQ(tool({"--version"}).output.substr(0, 15), "gantry version ");
}

TEST_F(ToolTest, DoctorFindsABrokenConfiguration) {
  write_file(bundle_.path() + "/fake/config.yaml", "oops: 1\n");
  Ended ended = tool({"doctor"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.output.find("broken   configuration"), std::string::npos);
}

}  // namespace
}  // namespace gantry

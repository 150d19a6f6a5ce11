// Profiles: their files, which one is chosen, and what it does to a bundle.

#include "profiles/profile.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "oci/edits/edits.h"
#include "shim/tuning.h"
#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

using test::TemporaryBundle;
using test::TemporaryDirectory;
using test::write_file;
using Words = std::vector<std::string>;

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string error_of(const std::string& text) {
  Result<Profile> profile = parse_profile(text, "f", true);
  return profile ? "" : profile.error().message;
}

// A profile's text with something to choose it by.
std::string profile_text(const std::string& name, const std::string& lines) {
  return "name: " + name + "\n" + lines;
}

TEST(ProfileFile, AllKeys) {
  Result<Profile> profile = parse_profile(
      "name: all.keys-1\ndescription: d\nreason: r\nevidence: |\n  one\n  two\nselectable: true\n"
      "match:\n  image_digest: " +
          kDigest +
          "\n  image_reference: [docker.io/library/debian, '*/x:1?']\n  program: /usr/bin/*\n"
          "  build_id: 0123456789abcdef\n"
          "engine: interp\nmemory_model: tso\ncpu: x86-64-v2\nexact_float: true\n"
          "exact_flags: false\nreturn_prediction: false\ncode_verification: always\n"
          "syscalls: {openat2: ENOSYS, io_uring_setup: EPERM}\n"
          "environment: {A: '1', B: null}\narguments: [-x, '']\n"
          "libraries: {libz.so.1: emulated}\nemulator_options: [--stats]\n",
      "f", false);
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->called(), "all.keys-1");
  EXPECT_EQ(profile->evidence, "one\ntwo\n");
  EXPECT_EQ(profile->image_reference, (Words{"docker.io/library/debian", "*/x:1?"}));
  EXPECT_EQ(profile->arguments, (Words{"-x", ""}));
  EXPECT_EQ(emulator_options_of(*profile),
            (Words{"--engine=interp", "--memory-model=tso", "--cpu=x86-64-v2", "--exact-float",
                   "--no-return-prediction", "--verify-code", "--answer=openat2=ENOSYS",
                   "--answer=io_uring_setup=EPERM", "--set-env=A=1", "--unset-env=B", "--stats"}));
}

TEST(ProfileFile, ErrorsGiveThePlace) {
  EXPECT_EQ(error_of("name: a\nenviroment: {}\n"),
            "f:2:1: unknown key `enviroment`; did you mean `environment`?");
  EXPECT_EQ(error_of("match:\n  image_refrence: x\n"),
            "f:2:3: unknown key `image_refrence`; did you mean `image_reference`?");
  EXPECT_EQ(error_of("program: /x\n"),
            "f:1:1: `program` belongs into the mapping `match` of a profile");
  EXPECT_EQ(error_of("runtime: /x\n"), "f:1:1: `runtime` belongs into the configuration file");
  EXPECT_EQ(error_of("match: {name: x}\n"),
            "f:1:9: `name` belongs into the outermost mapping of a profile");
  EXPECT_EQ(error_of("match: []\n"), "f:1:8: expected a mapping of keys");
  EXPECT_EQ(error_of("name: A b\n").substr(0, 27), "f:1:7: `A b` is not a name:");
  EXPECT_EQ(error_of("name: a\nname: b\n"), "f:2:1: `name` is given twice");
  EXPECT_EQ(error_of("engine: fast\n"),
            "f:1:9: expected auto (the default), jit, interp or cosim, not `fast`");
  EXPECT_EQ(error_of("memory_model: {}\n"), "f:1:15: expected a word");
  EXPECT_EQ(error_of("return_prediction: no\n"), "f:1:20: expected true or false, not `no`");
  EXPECT_EQ(error_of("syscalls: {opne: ENOSYS}\n"), "f:1:12: `opne` is no system call of x86-64");
  EXPECT_EQ(error_of("syscalls: {open: ENOSIS}\n").substr(0, 24), "f:1:18: `ENOSIS` is no e");
  EXPECT_EQ(error_of("environment: {A=B: c}\n"), "f:1:15: `A=B` is not the name of a variable");
  EXPECT_EQ(error_of("environment: {A: [b]}\n"), "f:1:18: expected a word");
  EXPECT_EQ(error_of("arguments: -x\n"), "f:1:12: expected a list of arguments");
  EXPECT_EQ(error_of("arguments: [\"a\\0b\"]\n"), "f:1:13: a NUL character in a word");
}

TEST(ProfileFile, ErrorsInMatch) {
  auto message = [](const std::string& match) { return error_of("match: {" + match + "}\n"); };
  EXPECT_EQ(message("image_digest: sha256:12").substr(0, 35),
            "f:1:23: `sha256:12` is not a digest");
  EXPECT_EQ(message("image_reference: debian"),
            "f:1:26: `debian` names no registry, as docker.io/library/debian:12 does");
  EXPECT_EQ(message("program: [/a, b]"), "f:1:23: `b` is not an absolute path");
  EXPECT_EQ(message("build_id: xyz").substr(0, 31), "f:1:19: `xyz` is not a build ID");
}

// Never ignored, since somebody relies on it.
TEST(ProfileFile, WhatIsNotThereYetIsRefused) {
  EXPECT_EQ(error_of("libraries: {libz.so.1: native}\n"),
            "f:1:24: `native` is not possible yet: libraries are always emulated");
  EXPECT_EQ(error_of("registers_after_native_calls: kept\n"),
            "f:1:31: functions of native libraries cannot be called yet, so no register is changed "
            "by them; remove this key");
}

TEST(ProfileFile, MustBeNamedAndChosenBySomething) {
  EXPECT_EQ(error_of("match: {program: /x}\n"), "f: a profile needs a `name`");
  EXPECT_EQ(error_of("").substr(0, 12), "f: a profile");
  EXPECT_EQ(error_of("name: a\n").substr(0, 29), "f: the profile fits nothing: ");
  EXPECT_EQ(error_of("name: a\nselectable: true\n"), "");
}

class Directories : public ::testing::Test {
 protected:
  void own(const std::string& file, const std::string& text) {
    write_file(directory_.at("own/" + file), text);
  }
  void builtin(const std::string& file, const std::string& text) {
    write_file(directory_.at("builtin/" + file), text);
  }
  Result<std::vector<Profile>> load() {
    return load_profiles(directory_.path() + "/own", directory_.path() + "/builtin");
  }
  std::string error() {
    auto profiles = load();
    return profiles ? "" : profiles.error().message;
  }

  TemporaryDirectory directory_;
};

TEST_F(Directories, NeedNotExist) { EXPECT_TRUE(load()->empty()); }

TEST_F(Directories, TheAdministratorsComeFirstAndReplace) {
  own("2.yaml", profile_text("b", "match: {}\n"));
  own("1.yaml", profile_text("z", "match: {}\n"));
  own("notes.txt", "no profile");
  builtin("a.yaml", profile_text("a", "match: {program: /x}\n"));
  builtin("b.yaml", profile_text("b", "match: {program: /x}\n"));
  auto profiles = load();
  ASSERT_TRUE(profiles);
  Words names;
  for (const Profile& profile : *profiles) names.push_back(profile.called());
  EXPECT_EQ(names, (Words{"z", "b", "a"}));
  EXPECT_TRUE((*profiles)[1].is_administrators);
}

TEST_F(Directories, MistakesNameTheFile) {
  own("1.yaml", profile_text("a", "match: {}\n"));
  own("2.yaml", profile_text("a", "match: {}\n"));
  EXPECT_NE(error().find("2.yaml are both called `a`"), std::string::npos);
  own("2.yaml", "nmae: x\n");
  EXPECT_NE(error().find("/own/2.yaml:1:1: unknown key `nmae`; did you mean `name`?"),
            std::string::npos);
  own("2.yaml", profile_text("b", "match: {}\n"));
  EXPECT_EQ(error(), "");
  ::chmod(directory_.at("own/2.yaml").c_str(), 0666);
  EXPECT_NE(error().find("may be written by everyone"), std::string::npos);
  ::chmod(directory_.at("own/2.yaml").c_str(), 0644);
  ::chmod((directory_.path() + "/own").c_str(), 0777);
  EXPECT_NE(error().find("/own may be written by everyone"), std::string::npos);
}

// Which profile is chosen.

class Selection : public Directories {
 protected:
  // "name: reason" of those that fit.
  Words fitting() {
    Words lines;
    profiles_ = std::move(*load());
    for (const Candidate& candidate : fitting_profiles(profiles_, image_, program_)) {
      lines.push_back(candidate.profile->called() + ": " + candidate.text);
    }
    return lines;
  }

  std::vector<Profile> profiles_;
  ImageFacts image_;
  ProgramFacts program_;
};

TEST_F(Selection, DigestThenReferenceThenNameThenProgram) {
  own("1.yaml", profile_text("by-program", "match: {program: /usr/bin/x}\n"));
  own("2.yaml", profile_text("by-name", "selectable: true\n"));
  own("3.yaml", profile_text("by-reference", "match: {image_reference: docker.io/library/*}\n"));
  builtin("4.yaml", profile_text("by-digest", "match: {image_digest: " + kDigest + "}\n"));
  builtin("5.yaml", profile_text("by-build-id", "match: {build_id: 0123456789abcdef}\n"));
  image_ = {{kDigest}, {"debian"}, "by-name"};
  program_ = {{"/usr/bin/x"}, "0123456789abcdef"};
  EXPECT_EQ(fitting(),
            (Words{"by-digest: image digest " + kDigest,
                   "by-reference: image docker.io/library/debian:latest",
                   "by-name: io.gantry.profile=by-name", "by-program: program /usr/bin/x",
                   "by-build-id: build ID 0123456789abcdef"}));
  image_ = {};
  EXPECT_EQ(fitting().size(), 2u);
  program_ = {};
  EXPECT_EQ(fitting(), Words());
}

TEST_F(Selection, AProfileStandsForItsStrongestReason) {
  own("1.yaml",
      profile_text("a", "selectable: true\nmatch: {program: /x, image_digest: " + kDigest + "}\n"));
  image_ = {{kDigest}, {}, "a"};
  program_.paths = {"/x"};
  EXPECT_EQ(fitting(), (Words{"a: image digest " + kDigest}));
}

TEST_F(Selection, References) {
  auto fits = [&](const std::string& pattern, const std::string& reference) {
    own("1.yaml", profile_text("a", "match: {image_reference: '" + pattern + "'}\n"));
    image_.references = {reference};
    return !fitting().empty();
  };
  EXPECT_TRUE(fits("docker.io/library/debian:12", "debian:12"));
  EXPECT_TRUE(fits("docker.io/library/debian:latest", "debian"));
  EXPECT_FALSE(fits("docker.io/library/debian:12", "debian"));
  EXPECT_TRUE(fits("docker.io/library/debian", "debian:12"));
  EXPECT_TRUE(fits("docker.io/me/tool:*", "me/tool:v1"));
  EXPECT_TRUE(fits("localhost:5000/a/b", "localhost:5000/a/b:3"));
  EXPECT_TRUE(fits("localhost/a", "localhost/a"));
  EXPECT_TRUE(fits("quay.io/*", "quay.io/a/b/c:d"));
  EXPECT_TRUE(fits("quay.io/a/b", "quay.io/a/b:1@" + kDigest));
  EXPECT_TRUE(fits("quay.io/a/b", "quay.io/a/b@" + kDigest));
  EXPECT_FALSE(fits("quay.io/a/b:latest", "quay.io/a/b@" + kDigest));
  EXPECT_FALSE(fits("docker.io/library/debian", "quay.io/library/debian"));
  EXPECT_FALSE(fits("docker.io/library/debian", "docker.io/library/debian-x"));
}

// The image controls the name: it reaches what the administrator offers, and nothing else.
TEST_F(Selection, NamesChooseOnlyWhatIsOffered) {
  own("1.yaml", profile_text("hidden", "match: {program: /x}\n"));
  builtin("2.yaml", profile_text("built-in", "selectable: true\nmatch: {}\n"));
  for (const char* name : {"hidden", "built-in", "none", "../own/1.yaml", "/etc/passwd", "*"}) {
    image_.named = name;
    EXPECT_EQ(fitting(), Words()) << name;
    EXPECT_NE(refusal_of_name(profiles_, image_), "") << name;
  }
  own("1.yaml", profile_text("hidden", "selectable: true\n"));
  image_.named = "hidden";
  EXPECT_EQ(fitting().size(), 1u);
  EXPECT_EQ(refusal_of_name(profiles_, image_), "");
}

// What a profile does to a bundle.

class Effect : public Directories {
 protected:
  Effect() {
    emulator_.path = "/usr/libexec/gantry/gantry-x64";
    emulator_.machine = EM_AARCH64;
    config_.profiles = directory_.path() + "/own";
    config_.builtin_profiles = directory_.path() + "/builtin";
  }

  Result<std::optional<Plan>> plan() {
    apply_profiles(emulator_, config_, [this] { return image_; });
    TRY_ASSIGN(GuestView view, bundle_.view());
    return plan_container(bundle_.config, view, emulator_);
  }
  Words words() { return (*plan())->process->words; }

  TemporaryBundle bundle_;
  Emulator emulator_;
  Config config_;
  ImageFacts image_;
};

TEST_F(Effect, OptionsAndArguments) {
  own("1.yaml", profile_text("a",
                             "match: {program: /bin/guest}\nengine: interp\n"
                             "environment: {A: b}\narguments: [--first]\n"));
  EXPECT_EQ(words(), (Words{"/dev/.gantry/gantry-x64", "--engine=interp", "--set-env=A=b",
                            "--argv0=guest", "/bin/guest", "--first"}));
  EXPECT_EQ((*plan())->process->profile, "a (program /bin/guest)");
}

TEST_F(Effect, TheProfileWinsOverTheConfiguration) {
  config_.memory_model = "tso";
  config_.exact_float = true;
  config_.engine = "jit";
  own("1.yaml",
      profile_text("a", "match: {program: /bin/guest}\nexact_float: false\nengine: auto\n"));
  EXPECT_EQ(words(), (Words{"/dev/.gantry/gantry-x64", "--engine=auto", "--memory-model=tso",
                            "--argv0=guest", "/bin/guest"}));
}

TEST_F(Effect, ANameThatLeadsNowhereIsMentioned) {
  own("1.yaml", profile_text("a", "selectable: true\n"));
  image_.named = "b";
  EXPECT_EQ((*plan())->process->profile,
            "none; io.gantry.profile names `b`, and there is no such profile");
  image_.named = "a";
  EXPECT_EQ((*plan())->process->profile, "a (io.gantry.profile=a)");
}

TEST_F(Effect, LinksAndInterpretersCount) {
  test::write_link(bundle_.rootfs("/bin/link"), "guest");
  for (const char* pattern : {"/bin/guest", "/bin/link", "/*/link"}) {
    own("1.yaml",
        profile_text("a", "match: {program: '" + std::string(pattern) + "'}\nengine: interp\n"));
    bundle_.config["process"]["args"] = {"/bin/link"};
    EXPECT_EQ(words()[1], "--engine=interp") << pattern;
  }
  own("1.yaml", profile_text("a", "match: {program: /bin/guest}\nengine: interp\n"));
  bundle_.config["process"]["args"] = {"script"};
  EXPECT_EQ(words()[1], "--engine=interp");
}

// An ELF file with a note, as ld --build-id writes it.
TEST_F(Effect, BuildId) {
  std::string elf = test::elf_header(EM_X86_64);
  Elf64_Ehdr head;
  elf.resize(sizeof head);
  std::memcpy(&head, elf.data(), sizeof head);
  head.e_phoff = sizeof head;
  head.e_phentsize = sizeof(Elf64_Phdr);
  head.e_phnum = 1;
  Elf64_Phdr segment = {};
  segment.p_type = PT_NOTE;
  segment.p_offset = sizeof head + sizeof segment;
  Elf64_Nhdr note = {4, 8, NT_GNU_BUILD_ID};
  segment.p_filesz = sizeof note + 12;
  auto bytes = [](const auto& object) {
    return std::string(reinterpret_cast<const char*>(&object), sizeof object);
  };
  elf = bytes(head) + bytes(segment) + bytes(note) + std::string("GNU", 4) +
        "\x01\x23\x45\x67\x89\xab\xcd\xef";
  own("1.yaml", profile_text("a", "match: {build_id: 0123456789abcdef}\nengine: interp\n"));
  write_file(bundle_.rootfs("/bin/guest"), elf, 0755);
  EXPECT_EQ(words()[1], "--engine=interp");
  // Cut off, or longer than the file: no build ID, and no harm.
  write_file(bundle_.rootfs("/bin/guest"), elf.substr(0, elf.size() - 1), 0755);
  EXPECT_EQ(words()[1], "--argv0=guest");
}

TEST_F(Effect, BrokenProfilesStopEmulatedProgramsOnly) {
  own("1.yaml", "name: [\n");
  EXPECT_EQ(plan().error().message.find(directory_.path() + "/own/1.yaml:2:"), 0u);
  bundle_.config["process"]["args"] = {"native"};
  EXPECT_TRUE(plan());
}

TEST_F(Effect, HooksGetTheirOwn) {
  own("1.yaml", profile_text("a", "match: {program: /bin/guest}\nengine: interp\n"));
  bundle_.config["process"]["args"] = {"native"};
  bundle_.config["hooks"]["startContainer"] = {{{"path", "/bin/guest"}}};
  auto planned = plan();
  ASSERT_TRUE(planned && *planned);
  EXPECT_EQ((*planned)->hooks[0].launch.words[1], "--engine=interp");
}

// A second create, of the same bundle.
TEST_F(Effect, IsNotRepeated) {
  own("1.yaml", profile_text("a", "match: {program: /bin/guest}\narguments: [--first]\n"));
  auto once = plan();
  apply_edits(bundle_.config, **once);
  EXPECT_FALSE(*plan());
}

}  // namespace
}  // namespace gantry

// Stored code: which store a container gets, from which directories, and what that does to a
// bundle.

#include "shim/code_stores.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "oci/edits/edits.h"
#include "shim/tuning.h"
#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

using test::TemporaryBundle;
using test::TemporaryDirectory;
using test::write_file;
using Words = std::vector<std::string>;

std::string digest_of(char digit) { return "sha256:" + std::string(64, digit); }

const std::string kDigest = digest_of('a');
const std::string kOtherDigest = digest_of('b');

const std::string kNamed = "0000000000000001";
const std::string kImages = "0000000000000002";

// Two stores: one called "named", and one of the image kDigest.
class Stores : public ::testing::Test {
 protected:
  Stores() {
    config_.cache_directory = directory_.path() + "/cache";
    ::mkdir(config_.cache_directory->c_str(), 0755);
    ::mkdir(folder().c_str(), 0711);
    add({kNamed, path_of(kNamed), "named", {}, "tree", "00"});
    add({kImages, path_of(kImages), "", {kOtherDigest, kDigest}, "image", "00"});
  }

  std::string folder() const { return *config_.cache_directory + "/code"; }
  std::string path_of(const std::string& id) const { return folder() + "/" + id; }
  void add(const SharedStore& store) const {
    ::mkdir(store.path.c_str(), 0755);
    Result<void> described = describe_store(store);
    EXPECT_TRUE(described) << described.error().message;
  }

  StoreChoice choose(const std::string& cache, Words digests = {}) const {
    return choose_code_store(config_, cache, {std::move(digests), {}, ""});
  }

  TemporaryDirectory directory_;
  Config config_;
};

TEST_F(Stores, Choice) {
  const struct {
    const char* cache;
    Words digests;
    std::string path, remark;
  } kCases[] = {
      {"", {kDigest}, "", ""},
      {"off", {kDigest}, "", ""},
      {"image", {kDigest}, path_of(kImages), "stored code of image"},
      {"image", {digest_of('c'), kOtherDigest}, path_of(kImages), "stored code of image"},
      {"image", {digest_of('c')}, "", "no stored code: the image has no store"},
      {"image", {}, "", "no stored code: the image's digest is not known"},
      {"named", {}, path_of(kNamed), "stored code of tree"},
      {"other", {kDigest}, "", "no stored code: there is no store `other`"},
  };
  for (const auto& item : kCases) {
    StoreChoice choice = choose(item.cache, item.digests);
    EXPECT_EQ(choice.path, item.path) << item.cache;
    EXPECT_EQ(choice.remark, item.remark) << item.cache;
  }
}

TEST_F(Stores, NoneWhereThereIsNoDirectory) {
  std::filesystem::remove_all(*config_.cache_directory);
  EXPECT_EQ(choose("named").path, "");
  EXPECT_EQ(choose("named").remark, "no stored code: there is no store `named`");
}

// What a store lacks about.json for is being made, or being removed.
TEST_F(Stores, UnfinishedOnesDoNotCount) {
  ::mkdir(path_of("0000000000000003").c_str(), 0755);
  ::mkdir(path_of(".warm-0000000000000004").c_str(), 0777);
  ::chmod(path_of(".warm-0000000000000004").c_str(), 0777);
  write_file(path_of(kImages) + "/about.json", "{");
  EXPECT_EQ(choose("named").path, path_of(kNamed));
  EXPECT_EQ(choose("image", {kDigest}).path, "");
}

TEST_F(Stores, WhatOthersMayChangeIsRefused) {
  for (const std::string& path :
       {*config_.cache_directory, folder(), path_of(kNamed), path_of(kNamed) + "/about.json"}) {
    struct stat before;
    ASSERT_EQ(::stat(path.c_str(), &before), 0);
    for (mode_t more : {S_IWGRP, S_IWOTH}) {
      ::chmod(path.c_str(), before.st_mode | more);
      EXPECT_EQ(choose("named").path, "") << path;
      EXPECT_EQ(choose("named").remark,
                "no stored code: others may write to " + path + " (chmod go-w)");
    }
    ::chmod(path.c_str(), before.st_mode);
    EXPECT_EQ(choose("named").path, path_of(kNamed)) << path;
  }
}

TEST_F(Stores, ADirectoryAboveIsChecked) {
  std::string above = directory_.path();
  ::chmod(above.c_str(), 0777);
  EXPECT_EQ(choose("named").remark,
            "no stored code: others may write to " + above + " (chmod go-w)");
  // Nobody but its owner can take the cache out of a sticky one.
  ::chmod(above.c_str(), 01777);
  EXPECT_EQ(choose("named").path, path_of(kNamed));
}

TEST_F(Stores, AnotherUsersIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  for (const std::string& path :
       {directory_.path(), folder(), path_of(kNamed), path_of(kNamed) + "/about.json"}) {
    ASSERT_EQ(::chown(path.c_str(), 1000, 1000), 0);
    EXPECT_EQ(choose("named").remark,
              "no stored code: " + path + " belongs to neither root nor the user");
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
}

// A link would lead elsewhere when the low-level runtime mounts.
TEST_F(Stores, ALinkIsResolvedOnceAndForAll) {
  std::string link = directory_.path() + "/link";
  test::write_link(link, *config_.cache_directory);
  config_.cache_directory = link;
  EXPECT_EQ(choose("named").path, directory_.path() + "/cache/code/" + kNamed);
  std::filesystem::rename(directory_.path() + "/cache/code/" + kNamed,
                          directory_.path() + "/elsewhere");
  test::write_link(directory_.path() + "/cache/code/" + kNamed, directory_.path() + "/elsewhere");
  EXPECT_EQ(choose("named").path, "");
}

// What a store does to a bundle.
class StoreEdit : public Stores {
 protected:
  StoreEdit() {
    emulator_.path = "/usr/libexec/gantry/gantry-x64";
    emulator_.machine = EM_AARCH64;
    config_.profiles = directory_.path() + "/own";
    config_.builtin_profiles = directory_.path() + "/builtin";
  }

  void profile(const std::string& file, const std::string& program, const std::string& cache) {
    write_file(directory_.at("own/" + file), "name: " + file.substr(0, 1) + "\nmatch: {program: " +
                                                 program + "}\ncache: " + cache + "\n");
  }
  std::optional<Plan> plan() {
    apply_profiles(emulator_, config_, [] { return ImageFacts{{kDigest}, {}, ""}; });
    Result<GuestView> view = bundle_.view();
    Result<std::optional<Plan>> planned = plan_container(bundle_.config, *view, emulator_);
    return planned ? std::move(*planned) : std::nullopt;
  }
  Json edited() {
    Json spec = bundle_.config;
    apply_edits(spec, *plan());
    return spec;
  }
  // The same for a process that joins the container of the document.
  Words exec_words(const Json& spec, const std::string& program) {
    Result<GuestView> view = bundle_.view();
    Result<std::vector<Mount>> mounts = read_mounts(spec);
    Json process = bundle_.config["process"];
    process["args"] = {program};
    auto launch = plan_process(process, *view, emulator_, *mounted_place(*mounts));
    return launch && *launch ? (*launch)->words : Words();
  }

  TemporaryBundle bundle_;
  Emulator emulator_;
};

TEST_F(StoreEdit, IsMountedReadOnlyBesideTheEmulator) {
  config_.cache = "named";
  Json spec = edited();
  Json mount = spec["mounts"][spec["mounts"].size() - 2];
  EXPECT_EQ(mount, Json({{"destination", "/dev/.gantry/code"},
                         {"type", "bind"},
                         {"source", path_of(kNamed)},
                         {"options", {"bind", "ro", "nosuid", "nodev", "noexec", "rprivate"}}}));
  EXPECT_EQ(spec["mounts"].back()["destination"], "/dev/.gantry/gantry-x64");
  EXPECT_EQ(spec["process"]["args"],
            Json({"/dev/.gantry/gantry-x64", "--code-store=/dev/.gantry/code",
                  "--code-store-read-only", "--argv0=guest", "/bin/guest", "one", "two"}));
  EXPECT_EQ(plan()->process->code_store_remark, "stored code of tree");
}

TEST_F(StoreEdit, NothingIsMountedWithoutOne) {
  Json without = edited();
  for (const char* cache : {"off", "none-of-this-name"}) {
    config_.cache = cache;
    EXPECT_EQ(edited(), without);
  }
}

TEST_F(StoreEdit, TheImagesOwn) {
  profile("1.yaml", "/bin/guest", "image");
  EXPECT_EQ(plan()->code_store.source, path_of(kImages));
}

TEST_F(StoreEdit, AProfileMayTurnItOff) {
  config_.cache = "named";
  profile("1.yaml", "/bin/guest", "'off'");
  EXPECT_EQ(plan()->code_store.source, "");
}

TEST_F(StoreEdit, InOurOwnTmpfsToo) {
  config_.cache = "named";
  bundle_.config["mounts"] = Json::array({test::bind_mount("/bin/true", "/run/x")});
  Json spec = edited();
  EXPECT_EQ(spec["mounts"][0]["destination"], "/run");
  EXPECT_EQ(spec["mounts"][2]["destination"], "/run/.gantry/code");
}

// There is one mount; programs that ask for another store do without.
TEST_F(StoreEdit, TheFirstProgramDecides) {
  std::filesystem::copy_file(bundle_.rootfs("/bin/guest"), bundle_.rootfs("/bin/other"));
  profile("1.yaml", "/bin/guest", "named");
  profile("2.yaml", "/bin/other", "image");
  bundle_.config["hooks"]["startContainer"] = {{{"path", "/bin/other"}}, {{"path", "/bin/guest"}}};
  Json spec = edited();
  EXPECT_EQ(spec["process"]["args"][1], "--code-store=/dev/.gantry/code");
  EXPECT_EQ(spec["hooks"]["startContainer"][0]["args"][1], "/bin/other");
  EXPECT_EQ(spec["hooks"]["startContainer"][1]["args"][1], "--code-store=/dev/.gantry/code");
  EXPECT_EQ(spec["mounts"].size(), bundle_.config["mounts"].size() + 2);
}

// What exec starts uses what was mounted when the container was created.
TEST_F(StoreEdit, Exec) {
  profile("1.yaml", "/bin/guest", "named");
  Json spec = edited();
  EXPECT_EQ(exec_words(spec, "/bin/guest"),
            (Words{"/dev/.gantry/gantry-x64", "--code-store=/dev/.gantry/code",
                   "--code-store-read-only", "/bin/guest"}));
  profile("1.yaml", "/bin/guest", "image");
  EXPECT_EQ(exec_words(spec, "/bin/guest"), (Words{"/dev/.gantry/gantry-x64", "/bin/guest"}));
  profile("1.yaml", "/bin/guest", "'off'");
  Json without = edited();
  profile("1.yaml", "/bin/guest", "named");
  EXPECT_EQ(exec_words(without, "/bin/guest"), (Words{"/dev/.gantry/gantry-x64", "/bin/guest"}));
}

// A mount that its container may write to, or that somebody else has put there, is none of ours.
TEST_F(StoreEdit, ExecUsesReadOnlyMountsAlone) {
  config_.cache = "named";
  Json spec = edited();
  Json& mount = spec["mounts"][spec["mounts"].size() - 2];
  mount["options"] = {"bind", "rw"};
  EXPECT_EQ(exec_words(spec, "/bin/guest"), (Words{"/dev/.gantry/gantry-x64", "/bin/guest"}));
}

TEST_F(StoreEdit, IsNotRepeated) {
  config_.cache = "named";
  bundle_.config = edited();
  EXPECT_FALSE(plan());
}

TEST(StoreKeys, Values) {
  auto error_of = [](const std::string& text) {
    Result<Config> config = parse_config(text, "f");
    return config ? "" : config.error().message;
  };
  for (const char* good :
       {"cache: off\n", "cache: image\n", "cache: a.name-1\n", "cache_directory: /srv/cache\n"}) {
    EXPECT_EQ(error_of(good), "") << good;
  }
  EXPECT_EQ(error_of("cache: /var/cache\n"),
            "f:1:8: `/var/cache` is not a name: up to 64 of a-z 0-9 . _ -, the first a letter or "
            "digit");
  EXPECT_EQ(error_of("cache: [image]\n"), "f:1:8: expected a word");
  EXPECT_EQ(error_of("cache_directory: cache\n"), "f:1:18: `cache` is not an absolute path");
}

}  // namespace
}  // namespace gantry

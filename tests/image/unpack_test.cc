// Layers, well-formed and hostile, applied to a directory beside one that must stay as it is.
#include "oci/image/unpack.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "oci/image/tree.h"
#include "tests/image/maker.h"
#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

using test::file;
using test::folder;
using test::hard_link;
using test::Member;
using test::symlink;

class Unpack : public ::testing::Test {
 protected:
  Unpack() {
    test::write_file(outside() + "/secret", "untouched");
    std::filesystem::create_directory(root());
    before_ = test::fingerprint(outside());
  }

  // Whatever a layer holds, nothing outside changes.
  ~Unpack() override { EXPECT_EQ(test::fingerprint(outside()), before_); }

  std::string outside() const { return files_.path() + "/outside"; }
  std::string root(const std::string& name = "") const { return files_.path() + "/root" + name; }

  // The reason, or "" when it went well.
  std::string apply(const std::vector<Member>& members) { return apply_bytes(test::tar(members)); }
  std::string apply_bytes(const std::string& bytes) {
    UniqueFd fd(::open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    TextStream stream(bytes);
    Result<void> applied = apply_layer(fd.get(), stream, {::geteuid() != 0});
    return applied ? "" : applied.error().message;
  }

  std::string read(const std::string& name) const { return test::read_file(root(name)); }
  bool exists(const std::string& name) const {
    struct stat status;
    return ::lstat(root(name).c_str(), &status) == 0;
  }
  bool is_link(const std::string& name) const { return std::filesystem::is_symlink(root(name)); }

  test::TemporaryDirectory files_;

 private:
  std::string before_;
};

TEST_F(Unpack, MembersHaveContentModeAndTime) {
  Member program = file("./bin/tool", "text");
  program.mode = 04755;
  ASSERT_EQ(apply({folder("./"), folder("bin/"), program, symlink("bin/alias", "tool"),
                   hard_link("bin/other", "bin/tool")}),
            "");
  struct stat status, other;
  ASSERT_EQ(::lstat(root("/bin/tool").c_str(), &status), 0);
  ASSERT_EQ(::lstat(root("/bin/other").c_str(), &other), 0);
  EXPECT_EQ(status.st_mode & 07777, 04755u);
  EXPECT_EQ(status.st_mtime, 1'000'000'000);
  EXPECT_EQ(status.st_ino, other.st_ino);
  EXPECT_EQ(read("/bin/alias"), "text");
  ASSERT_EQ(::lstat(root("/bin").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtime, 1'000'000'000);
}

TEST_F(Unpack, OwnersAreTheImagesWhereTheyExist) {
  Member owned = file("owned", "x");
  owned.user = 33;
  ASSERT_EQ(apply({owned}), "");
  struct stat status;
  ASSERT_EQ(::lstat(root("/owned").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, ::geteuid() == 0 ? 33u : ::geteuid());
}

TEST_F(Unpack, FoldersThatNoMemberNamesAreMade) {
  ASSERT_EQ(apply({file("a/b/c", "deep")}), "");
  EXPECT_EQ(read("/a/b/c"), "deep");
}

TEST_F(Unpack, NamesBeyondAsciiStayAsTheyAre) {
  Member long_name = file("short", "x");
  long_name.pax["path"] = "d\xc3\xa4/\xe2\x82\xac";
  ASSERT_EQ(apply({long_name, file("raw\xff", "y")}), "");
  EXPECT_EQ(read("/d\xc3\xa4/\xe2\x82\xac"), "x");
  EXPECT_EQ(read("/raw\xff"), "y");
}

TEST_F(Unpack, LaterLayersReplace) {
  ASSERT_EQ(apply({folder("d"), file("d/old", "1"), file("f", "1"), symlink("l", "f")}), "");
  ASSERT_EQ(apply({file("d", "now a file"), folder("f"), file("f/new", "2"), file("l", "own")}),
            "");
  EXPECT_EQ(read("/d"), "now a file");
  EXPECT_EQ(read("/f/new"), "2");
  EXPECT_FALSE(is_link("/l"));
}

TEST_F(Unpack, OfTwoMembersWithOneNameTheLastCounts) {
  ASSERT_EQ(apply({file("f", "first"), file("f", "second")}), "");
  EXPECT_EQ(read("/f"), "second");
}

TEST_F(Unpack, FoldersKeepWhatLowerLayersPutThere) {
  ASSERT_EQ(apply({folder("d"), file("d/old", "1")}), "");
  Member changed = folder("d");
  changed.mode = 0700;
  ASSERT_EQ(apply({changed, file("d/new", "2")}), "");
  EXPECT_EQ(read("/d/old"), "1");
  struct stat status;
  ASSERT_EQ(::lstat(root("/d").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(Unpack, MergedUsrIsFollowed) {
  ASSERT_EQ(apply({folder("usr"), folder("usr/lib"), symlink("lib", "usr/lib")}), "");
  ASSERT_EQ(apply({file("lib/x", "1")}), "");
  EXPECT_TRUE(is_link("/lib"));
  EXPECT_EQ(read("/usr/lib/x"), "1");
}

TEST_F(Unpack, WhiteoutsRemoveWhatIsBelow) {
  ASSERT_EQ(apply({file("gone", "1"), folder("d"), file("d/e/f", "2"), file("kept", "3")}), "");
  ASSERT_EQ(apply({file(".wh.gone"), file(".wh.d"), file(".wh.never")}), "");
  EXPECT_FALSE(exists("/gone"));
  EXPECT_FALSE(exists("/d"));
  EXPECT_EQ(read("/kept"), "3");
  EXPECT_FALSE(exists("/.wh.gone"));
}

TEST_F(Unpack, WhiteoutsSpareTheirOwnLayer) {
  ASSERT_EQ(apply({file("f", "lower"), folder("d"), file("d/old", "1")}), "");
  ASSERT_EQ(apply({file("f", "upper"), file(".wh.f"), file("d/new", "2"), file(".wh.d")}), "");
  EXPECT_EQ(read("/f"), "upper");
  EXPECT_EQ(read("/d/new"), "2");
  EXPECT_FALSE(exists("/d/old"));
}

TEST_F(Unpack, OpaqueFoldersHideWhatIsBelowWhereverTheMarkStands) {
  for (bool mark_first : {true, false}) {
    ASSERT_EQ(apply({folder("d"), file("d/old", "1"), folder("d/e"), file("d/e/old", "1")}), "");
    Member mark = file("d/.wh..wh..opq");
    std::vector<Member> members = {file("d/e/new", "2")};
    members.insert(mark_first ? members.begin() : members.end(), mark);
    ASSERT_EQ(apply(members), "");
    EXPECT_FALSE(exists("/d/old")) << mark_first;
    EXPECT_FALSE(exists("/d/e/old")) << mark_first;
    EXPECT_EQ(read("/d/e/new"), "2") << mark_first;
  }
}

TEST_F(Unpack, NamesReservedByAufsAreNotFiles) {
  ASSERT_EQ(apply({file(".wh..wh.plnk", "x"), file(".wh..wh.aufs", "x")}), "");
  EXPECT_TRUE(std::filesystem::is_empty(root()));
}

TEST_F(Unpack, NamesThatLeadOutAreRefused) {
  EXPECT_EQ(apply({file("../outside/new", "x")}),
            "`../outside/new`: refused: `../outside/new` has a \"..\"");
  EXPECT_NE(apply({file("a/../../outside/new", "x")}), "");
  EXPECT_NE(apply({folder("..")}), "");
  EXPECT_NE(apply({symlink("../outside/link", "x")}), "");
}

TEST_F(Unpack, AbsoluteNamesStayInside) {
  ASSERT_EQ(apply({file(outside() + "/new", "x")}), "");
  EXPECT_EQ(read(outside() + "/new"), "x");
}

TEST_F(Unpack, LinksAreFollowedInsideOnly) {
  ASSERT_EQ(apply({symlink("absolute", outside()), symlink("relative", "../outside")}), "");
  EXPECT_NE(apply({file("absolute/new", "x")}), "");
  EXPECT_NE(apply({file("relative/new", "x")}), "");
  ASSERT_EQ(apply({folder("outside"), file("relative/new", "x")}), "");
  EXPECT_EQ(read("/outside/new"), "x");
}

TEST_F(Unpack, FilesReplaceLinksOfTheirName) {
  ASSERT_EQ(apply({symlink("f", outside() + "/secret"), file("f", "own")}), "");
  EXPECT_EQ(read("/f"), "own");
  ASSERT_EQ(apply({symlink("d", outside()), folder("d"), file("d/secret", "own")}), "");
  EXPECT_EQ(read("/d/secret"), "own");
}

TEST_F(Unpack, HardLinksStayInside) {
  EXPECT_NE(apply({hard_link("stolen", "../outside/secret")}), "");
  EXPECT_NE(apply({hard_link("stolen", outside() + "/secret")}), "");
  EXPECT_NE(apply({symlink("way", outside()), hard_link("stolen", "way/secret")}), "");
  EXPECT_FALSE(exists("/stolen"));
  // Of a link it is another name, and what is written to it later takes its place.
  ASSERT_EQ(apply({symlink("l", outside() + "/secret"), hard_link("m", "l"), file("m", "own")}),
            "");
  EXPECT_TRUE(is_link("/l"));
  EXPECT_EQ(read("/m"), "own");
}

TEST_F(Unpack, WhiteoutsStayInside) {
  ASSERT_EQ(apply({symlink("way", outside())}), "");
  EXPECT_NE(apply({file("way/.wh.secret")}), "");
  EXPECT_NE(apply({file("way/.wh..wh..opq")}), "");
  EXPECT_EQ(apply({file(".wh...")}), "`.wh...`: refused: a whiteout of `..`");
  EXPECT_EQ(apply({file(".wh..")}), "`.wh..`: refused: a whiteout of `.`");
  EXPECT_EQ(apply({file(".wh.")}), "`.wh.`: refused: a whiteout of ``");
}

TEST_F(Unpack, GiantSizesAreRefusedAtOnce) {
  Member giant = file("giant", "x");
  giant.size = 1ll << 61;
  EXPECT_NE(apply({giant}).find("refused: it is 2305843009213693952 bytes long"),
            std::string::npos);
}

TEST_F(Unpack, ArchivesThatAreCutOffAreErrors) {
  std::string whole = test::tar({file("f", std::string(3000, 'x'))});
  for (std::size_t size : {100u, 600u, 2000u})
    EXPECT_NE(apply_bytes(whole.substr(0, size)), "") << size;
  EXPECT_NE(apply_bytes("this is no archive at all" + std::string(2000, 'x')), "");
}

TEST_F(Unpack, AnEmptyArchiveIsALayer) {
  EXPECT_EQ(apply({}), "");
  EXPECT_EQ(apply_bytes(""), "");
}

TEST_F(Unpack, AttributesOfTheKernelsOwnAreLeftOut) {
  Member member = file("f", "x");
  member.pax["SCHILY.xattr.user.note"] = "kept";
  member.pax["SCHILY.xattr.user.overlay.opaque"] = "y";
  member.pax["SCHILY.xattr.trusted.overlay.redirect"] = "/elsewhere";
  ASSERT_EQ(apply({member}), "");
  char value[16] = {};
  EXPECT_EQ(::getxattr(root("/f").c_str(), "user.overlay.opaque", value, sizeof value), -1);
  EXPECT_EQ(::getxattr(root("/f").c_str(), "trusted.overlay.redirect", value, sizeof value), -1);
  ssize_t size = ::getxattr(root("/f").c_str(), "user.note", value, sizeof value);
  // A tmpfs of an old kernel has none.
  if (size < 0 && errno == EOPNOTSUPP) GTEST_SKIP() << "no user attributes here";
  EXPECT_STREQ(value, "kept");
}

TEST_F(Unpack, DevicesNeedTheHostsRoot) {
  Member device = file("null");
  device.type = '3';
  Member fifo = file("fifo");
  fifo.type = '6';
  UniqueFd fd(::open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  TextStream stream(test::tar({device, fifo}));
  ASSERT_TRUE(apply_layer(fd.get(), stream, {true}).ok());
  EXPECT_TRUE(std::filesystem::is_fifo(root("/fifo")));
  EXPECT_EQ(exists("/null"), ::geteuid() == 0);
}

// remove_tree() must cope with what a container leaves behind.
TEST_F(Unpack, TreesOfAnyDepthAreRemoved) {
  std::string place = root();
  UniqueFd at(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  UniqueFd top(::dup(at.get()));
  for (int depth = 0; depth < 5000; depth++) {
    ASSERT_EQ(::mkdirat(at.get(), "d", 0700), 0);
    at = UniqueFd(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  Result<void> removed = remove_tree(top.get(), "d");
  EXPECT_TRUE(removed.ok());
  EXPECT_FALSE(exists("/d"));
}

TEST_F(Unpack, CopiesAreEqual) {
  Member program = file("bin/tool", std::string(100'000, 'x'));
  program.mode = 04711;
  program.user = 7;
  ASSERT_EQ(apply({program, hard_link("bin/same", "bin/tool"), symlink("l", "/nowhere"),
                   folder("empty")}),
            "");
  std::string copy = files_.path() + "/copy";
  std::filesystem::create_directory(copy);
  UniqueFd from(::open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  UniqueFd to(::open(copy.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(copy_tree(from.get(), to.get()).ok());
  struct stat first, second;
  ASSERT_EQ(::lstat((copy + "/bin/tool").c_str(), &first), 0);
  ASSERT_EQ(::lstat((copy + "/bin/same").c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  EXPECT_EQ(first.st_mode & 07777, 04711u);
  EXPECT_EQ(first.st_mtime, 1'000'000'000);
  EXPECT_EQ(test::read_file(copy + "/bin/tool"), program.content);
  EXPECT_EQ(std::filesystem::read_symlink(copy + "/l"), "/nowhere");
}

}  // namespace
}  // namespace gantry

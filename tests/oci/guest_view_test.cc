#include "oci/guest_view.h"

#include <fcntl.h>
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

class GuestViewTest : public ::testing::Test {
 protected:
  void mount(Json value) { bundle_.config["mounts"].push_back(std::move(value)); }

  // The resolved path, or the error's code as text.
  std::string open(const std::string& path, const std::string& directory = "/") {
    Result<GuestView> view = bundle_.view();
    if (!view) return view.error().message;
    Result<GuestFile> file = view->open(path, directory);
    return file ? file->path : std::to_string(file.error().code);
  }

  static std::string code(int value) { return std::to_string(value); }

  TemporaryBundle bundle_;
};

TEST_F(GuestViewTest, PlainPaths) {
  EXPECT_EQ(open("/bin/guest"), "/bin/guest");
  EXPECT_EQ(open("bin//./guest"), "/bin/guest");
  EXPECT_EQ(open("guest", "/bin"), "/bin/guest");
  EXPECT_EQ(open("/"), "/");
  EXPECT_EQ(open("/bin/none"), code(ENOENT));
  EXPECT_EQ(open("/bin/guest/x"), code(ENOTDIR));
  EXPECT_EQ(open("/bin/guest/"), code(ENOTDIR));
}

TEST_F(GuestViewTest, LinksStayInTheRootFilesystem) {
  write_file(bundle_.at("outside"), "secret");
  write_file(bundle_.rootfs("/outside"), "inside");
  write_link(bundle_.rootfs("/up"), "../../../../../../../../outside");
  write_link(bundle_.rootfs("/absolute"), "/outside");
  write_link(bundle_.rootfs("/bin/up"), "../../outside");
  EXPECT_EQ(open("/up"), "/outside");
  EXPECT_EQ(open("/absolute"), "/outside");
  EXPECT_EQ(open("/bin/up"), "/outside");
  EXPECT_EQ(open("/../../outside"), "/outside");
  write_link(bundle_.rootfs("/host"), bundle_.at("outside"));
  EXPECT_EQ(open("/host"), code(ENOENT));
}

TEST_F(GuestViewTest, LinkLoopsEnd) {
  write_link(bundle_.rootfs("/a"), "/b");
  write_link(bundle_.rootfs("/b"), "/a");
  write_link(bundle_.rootfs("/self"), "self/self/self");
  EXPECT_EQ(open("/a"), code(ELOOP));
  EXPECT_EQ(open("/self"), code(ELOOP));
}

TEST_F(GuestViewTest, VolumesCoverTheImage) {
  write_file(bundle_.at("volume/tool"), "x");
  mount(test::bind_mount(bundle_.at("volume"), "/bin"));
  EXPECT_EQ(open("/bin/tool"), "/bin/tool");
  EXPECT_EQ(open("/bin/guest"), code(ENOENT));
}

TEST_F(GuestViewTest, LinksOfAVolumeLeadIntoTheImage) {
  write_link(bundle_.at("volume/tool"), "/bin/guest");
  write_link(bundle_.at("volume/up"), "../bin/guest");
  mount(test::bind_mount(bundle_.at("volume"), "/app"));
  EXPECT_EQ(open("/app/tool"), "/bin/guest");
  EXPECT_EQ(open("/app/up"), "/bin/guest");
}

TEST_F(GuestViewTest, AFileMayBeMountedBelowNothing) {
  write_file(bundle_.at("init"), "x");
  mount(test::bind_mount(bundle_.at("init"), "/new/folder/init"));
  mount(test::bind_mount(bundle_.at("init"), "/dev/init"));
  EXPECT_EQ(open("/new/folder/init"), "/new/folder/init");
  EXPECT_EQ(open("/dev/init"), "/dev/init");
}

TEST_F(GuestViewTest, RelativeSourcesBelongToTheBundle) {
  write_file(bundle_.directory() + "/volume/tool", "x");
  mount(test::bind_mount("volume", "/app"));
  EXPECT_EQ(open("/app/tool"), "/app/tool");
}

TEST_F(GuestViewTest, OverlayVolumesShowTheirLayers) {
  write_file(bundle_.at("lower/tool"), "x");
  write_file(bundle_.at("lower2/folder/other"), "x");
  write_link(bundle_.at("upper/link"), "/bin/guest");
  std::string lower = "lowerdir=" + bundle_.path() + "/lower:" + bundle_.path() + "/lower2";
  mount({{"destination", "/app"},
         {"type", "overlay"},
         {"source", "overlay"},
         {"options", {lower, "upperdir=" + bundle_.path() + "/upper", "workdir=/w"}}});
  EXPECT_EQ(open("/app/tool"), "/app/tool");
  EXPECT_EQ(open("/app/folder/other"), "/app/folder/other");
  EXPECT_EQ(open("/app/link"), "/bin/guest");
  EXPECT_EQ(open("/app/none"), code(ENOENT));
  if (::mknod(bundle_.at("upper/tool").c_str(), S_IFCHR, 0) == 0) {
    EXPECT_EQ(open("/app/tool"), code(ENOENT));
  }
}

TEST_F(GuestViewTest, LaterMountsHideEarlierOnes) {
  write_file(bundle_.at("one/tool"), "x");
  mount(test::bind_mount(bundle_.at("one"), "/app/bin"));
  EXPECT_EQ(open("/app/bin/tool"), "/app/bin/tool");
  mount(test::tmpfs_mount("/app"));
  EXPECT_EQ(open("/app/bin/tool"), code(EXDEV));
}

TEST_F(GuestViewTest, FilesystemsThatDoNotExistYet) {
  EXPECT_EQ(open("/dev/tool"), code(EXDEV));
  EXPECT_EQ(open("/proc/self/exe"), code(EXDEV));
}

TEST_F(GuestViewTest, ATmpfsThatCopiesUpShowsTheImage) {
  mount(test::tmpfs_mount("/bin", {"tmpcopyup"}));
  EXPECT_EQ(open("/bin/guest"), "/bin/guest");
}

TEST_F(GuestViewTest, MountPointsFollowLinksOfTheImage) {
  write_file(bundle_.at("volume/tool"), "x");
  write_link(bundle_.rootfs("/lnk"), "bin");
  mount(test::bind_mount(bundle_.at("volume"), "/lnk/sub"));
  Result<GuestView> view = bundle_.view();
  ASSERT_TRUE(view);
  EXPECT_EQ(view->mount_point_of("/lnk/sub"), "/bin/sub");
  EXPECT_TRUE(view->has_mount_in("/bin"));
  EXPECT_EQ(open("/bin/sub/tool"), "/bin/sub/tool");
}

TEST_F(GuestViewTest, RunningRootResolvesTheSameWay) {
  write_link(bundle_.rootfs("/up"), "../../../etc/passwd");
  Result<UniqueFd> root = open_at(AT_FDCWD, bundle_.rootfs(), O_PATH | O_DIRECTORY);
  ASSERT_TRUE(root);
  GuestView view = GuestView::of_root(std::move(*root));
  EXPECT_EQ(view.open("/bin/guest")->path, "/bin/guest");
  EXPECT_EQ(view.open("/up").error().code, ENOENT);
}

TEST(LexicalPath, Table) {
  EXPECT_EQ(lexical_path("/a/../b//./c/"), "/b/c");
  EXPECT_EQ(lexical_path("../../x"), "/x");
  EXPECT_EQ(lexical_path(""), "/");
  EXPECT_TRUE(is_at_or_below("/a/b", "/a"));
  EXPECT_FALSE(is_at_or_below("/ab", "/a"));
}

}  // namespace
}  // namespace gantry

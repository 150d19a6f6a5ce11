// Images, right ones and tampered ones, through the store.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "oci/image/store.h"
#include "tests/image/maker.h"
#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

using test::file;
using test::folder;
using test::Layout;

std::string lower() { return test::tar({folder("bin"), file("bin/sh", "shell"), file("gone")}); }
std::string upper() { return test::tar({file(".wh.gone"), file("new", "2")}); }

class Image : public ::testing::Test {
 protected:
  std::string at(const std::string& name) const { return files_.path() + "/" + name; }

  Result<StoredImage> ensure(const std::string& source,
                             const std::string& platform = "linux/amd64") {
    Result<ImageStore> store = ImageStore::open(at("data"));
    return store->ensure(source, platform, {::geteuid() != 0}, nullptr);
  }

  // The reason why the image cannot be had, with nothing of it left in the store.
  std::string refusal(const std::string& source, const std::string& platform = "linux/amd64") {
    Result<StoredImage> image = ensure(source, platform);
    EXPECT_TRUE(!std::filesystem::exists(at("data/images")) ||
                std::filesystem::is_empty(at("data/images")));
    return image ? "" : image.error().message;
  }

  std::string refusal(const Layout& layout) {
    std::filesystem::remove_all(at("layout"));
    layout.write(at("layout"));
    return refusal(at("layout"));
  }

  void expect_complete(const Result<StoredImage>& image) {
    ASSERT_TRUE(image.ok()) << image.error().message;
    EXPECT_EQ(test::read_file(image->rootfs() + "/bin/sh"), "shell");
    EXPECT_EQ(test::read_file(image->rootfs() + "/new"), "2");
    EXPECT_FALSE(std::filesystem::exists(image->rootfs() + "/gone"));
    EXPECT_NE(test::read_file(image->config()).find("/bin/sh"), std::string::npos);
  }

  test::TemporaryDirectory files_;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Image, LayoutsInADirectory) {
  Layout layout({lower(), upper()});
  layout.write(at("layout"));
  Result<StoredImage> image = ensure(at("layout"));
  expect_complete(image);
  EXPECT_EQ(image->id, sha256_of(layout.manifest.dump()));
}

TEST_F(Image, LayersMayBeCompressed) {
  for (auto* pack : {test::gzip, test::zstd}) {
    std::filesystem::remove_all(at("layout"));
    Layout({lower(), upper()}, pack).write(at("layout"));
    expect_complete(ensure(at("layout")));
  }
}

TEST_F(Image, LayoutsInAnArchive) {
  std::string archive = Layout({lower(), upper()}, test::gzip).archive();
  test::write_file(at("plain"), archive);
  expect_complete(ensure(at("plain")));
  std::filesystem::remove_all(at("data"));
  test::write_file(at("packed"), test::gzip(archive));
  expect_complete(ensure(at("packed")));
}

TEST_F(Image, ArchivesOfDockerSave) {
  test::write_file(at("saved"), Layout({lower(), upper()}).docker_archive());
  expect_complete(ensure(at("saved")));
  expect_complete(ensure(at("saved") + ":localhost/made:1"));
  expect_complete(ensure(at("saved") + ":made:1"));
  EXPECT_TRUE(
      contains(ensure(at("saved") + ":other:1").error().message, "0 images called other:1"));
}

// docker save of old put a link where a layer had been before.
TEST_F(Image, LayersOfAnArchiveMayBeLinks) {
  Layout layout({lower(), lower()});
  std::string name = sha256_of(layout.config.dump()) + ".json";
  Json manifest = {{"Config", name}, {"Layers", {"a/layer.tar", "b/layer.tar"}}};
  test::write_file(at("saved"),
                   test::tar({file(name, layout.config.dump()), file("a/layer.tar", lower()),
                              test::symlink("b/layer.tar", "../a/layer.tar"),
                              file("manifest.json", Json::array({manifest}).dump())}));
  Result<StoredImage> image = ensure(at("saved"));
  EXPECT_TRUE(image.ok()) << image.error().message;
}

TEST_F(Image, WhatIsStoredIsNotReadAgain) {
  Layout layout({lower(), upper()});
  layout.write(at("layout"));
  expect_complete(ensure(at("layout")));
  for (const std::string& layer : layout.packed) {
    std::filesystem::remove(at("layout/blobs/sha256/" + sha256_of(layer)));
  }
  expect_complete(ensure(at("layout")));
}

TEST_F(Image, ImagesInUseStay) {
  Layout({lower(), upper()}).write(at("layout"));
  Result<StoredImage> image = ensure(at("layout"));
  Result<ImageStore> store = ImageStore::open(at("data"));
  {
    Result<UniqueFd> held = ImageStore::hold(*image);
    ASSERT_TRUE(held.ok());
    Result<void> removed = store->remove(*image);
    ASSERT_FALSE(removed.ok());
    EXPECT_TRUE(contains(removed.error().message, "a container runs on the image"));
  }
  EXPECT_TRUE(store->find(image->id.substr(0, 8)).ok());
  EXPECT_TRUE(store->remove(*image).ok());
  EXPECT_TRUE(store->list()->empty());
}

TEST_F(Image, UnpackingThatWasCutShortIsDoneAnew) {
  test::write_file(at("data/images/.part/rootfs/rest"), "of a killed run");
  Layout({lower(), upper()}).write(at("layout"));
  Result<StoredImage> image = ensure(at("layout"));
  expect_complete(image);
  EXPECT_FALSE(std::filesystem::exists(image->rootfs() + "/rest"));
}

TEST_F(Image, TheIndexIsSearchedByPlatform) {
  Layout layout({lower(), upper()});
  Json amd64 = layout.index["manifests"][0], arm64 = amd64, note = amd64;
  amd64["platform"] = {{"os", "linux"}, {"architecture", "amd64"}};
  arm64["platform"] = {{"os", "linux"}, {"architecture", "arm64"}, {"variant", "v8"}};
  arm64["digest"] = "sha256:" + std::string(64, '0');
  note["platform"] = {{"os", "unknown"}, {"architecture", "unknown"}};
  note["digest"] = "sha256:" + std::string(64, '1');
  Json nested = {{"schemaVersion", 2}, {"manifests", {arm64, note, amd64}}};
  layout.add_blob(nested.dump());
  layout.index["manifests"] =
      Json::array({layout.descriptor(nested.dump(), "application/vnd.oci.image.index.v1+json")});
  layout.files["index.json"] = layout.index.dump();
  layout.write(at("layout"));
  expect_complete(ensure(at("layout")));
  EXPECT_TRUE(contains(ensure(at("layout"), "linux/s390x").error().message,
                       "no image for linux/s390x; there is linux/arm64/v8"));
}

TEST_F(Image, OneOfSeveralIsNamed) {
  Layout layout({lower(), upper()});
  Json one = layout.index["manifests"][0], other = one;
  one["annotations"] = {{"org.opencontainers.image.ref.name", "one"}};
  other["annotations"] = {{"org.opencontainers.image.ref.name", "other"}};
  other["digest"] = "sha256:" + std::string(64, '0');
  layout.files["index.json"] = Json{{"manifests", {one, other}}}.dump();
  layout.write(at("layout"));
  EXPECT_TRUE(contains(refusal(at("layout")), "several images: one, other; name one"));
  expect_complete(ensure(at("layout") + ":one"));
  EXPECT_TRUE(contains(ensure(at("layout") + ":none").error().message, "no image called none"));
}

TEST_F(Image, ImagesForOtherMachinesAreRefused) {
  Layout layout({lower()});
  layout.config["architecture"] = "arm64";
  layout.finish();
  EXPECT_TRUE(contains(refusal(layout), "the image is for linux/arm64, not for linux/amd64"));
}

// Each of the documents and files, changed without its digest.
TEST_F(Image, WrongDigestsAreRefused) {
  for (const char* what : {"manifest", "config", "layer"}) {
    Layout layout({lower(), upper()});
    std::string bytes = what == std::string("manifest") ? layout.manifest.dump()
                        : what == std::string("config") ? layout.config.dump()
                                                        : layout.packed[1];
    std::string& stored = layout.files["blobs/sha256/" + sha256_of(bytes)];
    stored[stored.size() / 2] ^= 1;
    std::string reason = refusal(layout);
    EXPECT_TRUE(contains(reason, "digest is sha256:")) << what << ": " << reason;
  }
}

TEST_F(Image, WrongDiffIdsAreRefused) {
  Layout layout({lower(), upper()}, test::gzip);
  layout.config["rootfs"]["diff_ids"][1] = "sha256:" + std::string(64, '0');
  layout.finish();
  EXPECT_TRUE(contains(refusal(layout), "its diff_id is sha256:"));
  test::write_file(at("saved"), layout.docker_archive());
  EXPECT_TRUE(contains(refusal(at("saved")), "its diff_id is sha256:"));
}

TEST_F(Image, LayersAndDiffIdsMustBeAsMany) {
  Layout layout({lower(), upper()});
  layout.config["rootfs"]["diff_ids"].erase(1);
  layout.finish();
  EXPECT_EQ(refusal(layout), at("layout") + ": the image has 2 layers and 1 diff_ids");
}

TEST_F(Image, WrongSizesAreRefused) {
  Layout layout({lower()});
  layout.manifest["layers"][0]["size"] = 17;
  layout.add_blob(layout.manifest.dump());
  layout.index["manifests"][0] =
      layout.descriptor(layout.manifest.dump(), "application/vnd.oci.image.manifest.v1+json");
  layout.files["index.json"] = layout.index.dump();
  EXPECT_TRUE(contains(refusal(layout), "bytes instead of 17"));
}

TEST_F(Image, StreamsThatAreCutOffAreRefused) {
  for (auto* pack : {test::gzip, test::zstd}) {
    Layout layout({lower()}, pack);
    std::string& stored = layout.files["blobs/sha256/" + sha256_of(layout.packed[0])];
    stored.resize(stored.size() / 2);
    EXPECT_NE(refusal(layout), "");
  }
  std::string archive = Layout({lower()}).archive();
  for (std::size_t size : {700u, 2000u}) {
    test::write_file(at("cut"), archive.substr(0, size));
    EXPECT_NE(refusal(at("cut")), "") << size;
  }
}

TEST_F(Image, WhatComesAfterTheArchiveCountsForTheDigest) {
  Layout layout({lower() + std::string(5000, 'x')});
  layout.write(at("layout"));
  EXPECT_TRUE(ensure(at("layout")).ok());
  Layout other({lower() + std::string(5000, 'x')});
  other.files["blobs/sha256/" + sha256_of(other.packed[0])].back() = 'y';
  std::filesystem::remove_all(at("data"));
  EXPECT_TRUE(contains(refusal(other), "digest"));
}

TEST_F(Image, MissingFilesAreNamed) {
  Layout layout({lower()});
  std::string name = "blobs/sha256/" + sha256_of(layout.packed[0]);
  layout.files.erase(name);
  EXPECT_TRUE(contains(refusal(layout), name));
  EXPECT_TRUE(contains(refusal(at("layout/blobs")), "neither an OCI layout"));
  EXPECT_TRUE(contains(refusal(at("nothing")), "No such file"));
}

// A name in a document is looked up in the image only.
TEST_F(Image, DocumentsCannotNameFilesOfTheHost) {
  test::write_file(at("secret"), lower());
  Layout layout({lower()});
  layout.manifest["layers"][0]["digest"] = "sha256:../../../secret";
  layout.add_blob(layout.manifest.dump());
  layout.index["manifests"][0] =
      layout.descriptor(layout.manifest.dump(), "application/vnd.oci.image.manifest.v1+json");
  layout.files["index.json"] = layout.index.dump();
  EXPECT_TRUE(contains(refusal(layout), "is not sha256: and 64 digits"));
  std::string config = layout.config.dump(), name = sha256_of(config) + ".json";
  Json manifest = {{"Config", name}, {"Layers", {at("secret")}}};
  test::write_file(at("saved"), test::tar({file(name, config),
                                           file("manifest.json", Json::array({manifest}).dump())}));
  EXPECT_TRUE(contains(refusal(at("saved")), "not in the archive"));
  Layout linked({lower()});
  linked.write(at("linked"));
  std::string blob = at("linked/blobs/sha256/" + sha256_of(linked.packed[0]));
  std::filesystem::remove(blob);
  test::write_link(blob, at("secret"));
  EXPECT_NE(refusal(at("linked")), "");
}

TEST_F(Image, OtherDigestsAndVersionsAreNamed) {
  Layout layout({lower()});
  layout.index["manifests"][0]["digest"] = "sha512:" + std::string(128, '0');
  layout.files["index.json"] = layout.index.dump();
  EXPECT_TRUE(contains(refusal(layout), "sha512:"));
  layout.files["oci-layout"] = R"({"imageLayoutVersion":"2.0.0"})";
  EXPECT_TRUE(contains(refusal(layout), "OCI layout version `2.0.0` is not supported"));
}

TEST_F(Image, AKeyThatIsThereTwiceIsRefused) {
  Layout layout({lower()});
  layout.files["index.json"] = R"({"manifests":[],"manifests":[]})";
  EXPECT_NE(refusal(layout), "");
}

TEST_F(Image, IndexesDoNotNestForEver) {
  Layout layout({lower()});
  for (int depth = 0; depth < 6; depth++) {
    std::string nested = layout.index.dump();
    layout.add_blob(nested);
    layout.index["manifests"] =
        Json::array({layout.descriptor(nested, "application/vnd.oci.image.index.v1+json")});
  }
  layout.files["index.json"] = layout.index.dump();
  EXPECT_TRUE(contains(refusal(layout), "nested too deep"));
}

}  // namespace
}  // namespace gantry

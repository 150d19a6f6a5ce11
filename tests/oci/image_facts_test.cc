#include "shim/image_facts.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

using test::write_file;
using Words = std::vector<std::string>;

const std::string kContainer(64, 'c');
const std::string kImage(64, 'd');
const std::string kManifest = "sha256:" + std::string(64, 'e');

class ImageFactsTest : public ::testing::Test {
 protected:
  // A directory of that name; the bundle.
  std::string bundle(const std::string& name) {
    write_file(directory_.at(name + "/config.json"), "{}");
    return directory_.path() + "/" + name;
  }
  // As podman's storage has it.
  std::string podman_bundle(const std::string& list = "containers.json") {
    std::string path = bundle("overlay-containers/" + kContainer + "/userdata");
    Json metadata = {{"image-name", "quay.io/a/b:1"}, {"image-id", kImage}};
    write_file(directory_.at("overlay-containers/" + list),
               Json::array({{{"id", "other"}, {"image", "x"}},
                            {{"id", kContainer}, {"image", kImage}, {"metadata", metadata.dump()}}})
                   .dump());
    write_file(directory_.at("overlay-images/images.json"),
               Json::array({{{"id", kImage}, {"digest", kManifest}}}).dump());
    return path;
  }
  ImageFacts facts(const std::string& bundle) {
    return image_facts_of(bundle, {{"annotations", annotations_}});
  }

  test::TemporaryDirectory directory_;
  // What an image's annotations could look like.
  Json annotations_ = {{"io.kubernetes.cri.image-name", "quay.io/trusted"},
                       {"io.kubernetes.cri-o.ImageName", "quay.io/trusted"},
                       {"io.kubernetes.cri-o.ImageRef", kManifest},
                       {"io.container.manager", "cri-o"}};
};

TEST_F(ImageFactsTest, FromPodmansStorage) {
  for (const char* list : {"containers.json", "volatile-containers.json"}) {
    ImageFacts found = facts(podman_bundle(list));
    EXPECT_EQ(found.references, Words{"quay.io/a/b:1"}) << list;
    EXPECT_EQ(found.digests, (Words{"sha256:" + kImage, kManifest})) << list;
    std::filesystem::remove_all(directory_.path() + "/overlay-containers");
  }
}

TEST_F(ImageFactsTest, LabelFromPodmansStorage) {
  std::string path = podman_bundle();
  // base64 of "sha256:" and 64 times "d".
  std::string name =
      "=c2hhMjU2OmRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRk"
      "ZGRkZGRkZGRkZGQ=";
  Json config = {{"config", {{"Labels", {{"io.gantry.profile", "label"}}}}}};
  write_file(directory_.at("overlay-images/" + kImage + "/" + name), config.dump());
  EXPECT_EQ(facts(path).named, "label");
  annotations_["io.gantry.profile"] = "annotation";
  EXPECT_EQ(facts(path).named, "annotation");
}

// Podman and buildah copy an image's annotations into config.json.
TEST_F(ImageFactsTest, AnnotationsOfUnknownBundlesAreNotBelieved) {
  annotations_["io.gantry.profile"] = "x";
  for (const char* name : {"bundle", "io.containerd.runtime.v2.task/default/id",
                           "io.containerd.runtime.v2.task/k8s.io/id/rootfs"}) {
    ImageFacts found = facts(bundle(name));
    EXPECT_EQ(found.references, Words()) << name;
    EXPECT_EQ(found.digests, Words()) << name;
    EXPECT_EQ(found.named, "x");
  }
  EXPECT_EQ(facts(podman_bundle()).references, Words{"quay.io/a/b:1"});
}

TEST_F(ImageFactsTest, FromContainerdsCri) {
  annotations_["io.kubernetes.cri.image-name"] = "quay.io/a/b@" + kManifest;
  ImageFacts found = facts(bundle("io.containerd.runtime.v2.task/k8s.io/id"));
  EXPECT_EQ(found.references, Words{"quay.io/a/b@" + kManifest});
  EXPECT_EQ(found.digests, Words{kManifest});
}

TEST_F(ImageFactsTest, FromCriO) {
  std::string path = bundle("overlay-containers/" + kContainer + "/userdata");
  EXPECT_EQ(facts(path).references, Words());
  annotations_["io.kubernetes.cri-o.ContainerID"] = kContainer;
  ImageFacts found = facts(path);
  EXPECT_EQ(found.references, Words{"quay.io/trusted"});
  EXPECT_EQ(found.digests, Words{kManifest});
}

TEST_F(ImageFactsTest, BrokenStorageIsNotKnown) {
  std::string path = podman_bundle();
  for (const char* text : {"", "{", "[1, {}]", "[{\"id\": 3}]", "null"}) {
    write_file(directory_.at("overlay-containers/containers.json"), text);
    EXPECT_EQ(facts(path).references, Words()) << text;
  }
  EXPECT_EQ(image_facts_of("/nonexistent", Json()).named, "");
}

}  // namespace
}  // namespace gantry

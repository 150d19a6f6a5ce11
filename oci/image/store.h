// Images unpacked on this machine: DATA/images/ID with rootfs/, config.json, name and config-id.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "oci/image/manifest.h"
#include "oci/image/unpack.h"

namespace gantry {

struct StoredImage {
  std::string id;         // digits
  std::string path;       // its directory
  std::string name;       // what it was unpacked from
  std::string config_id;  // digits of its configuration's digest; empty when it is not known
  std::string config() const { return path + "/config.json"; }
  std::string rootfs() const { return path + "/rootfs"; }
};

// Called now and then while a layer is unpacked; `done` and `total` are bytes of its file, the
// latter 0 when it is not known.
struct UnpackProgress {
  std::size_t layer = 0;  // from 1
  std::size_t layers = 0;
  u64 done = 0;
  u64 total = 0;
  bool is_complete = false;  // the layer
};
using ShowProgress = std::function<void(const UnpackProgress&)>;

class ImageStore {
 public:
  // `data` is made where it is missing.
  static Result<ImageStore> open(const std::string& data);

  // The image in the file or directory `source`, PATH[:REFERENCE]; unpacked unless it is there.
  // What is unpacked is verified, layer by layer, before it becomes part of the store.
  Result<StoredImage> ensure(const std::string& source, const std::string& platform,
                             const UnpackOptions& options, const ShowProgress& show) const;

  Result<std::vector<StoredImage>> list() const;
  // The one image whose id starts with `prefix`.
  Result<StoredImage> find(const std::string& prefix) const;
  // Fails with EBUSY while a container runs on it.
  Result<void> remove(const StoredImage& image) const;

  // Keeps the image from being removed as long as the descriptor is open.
  static Result<UniqueFd> hold(const StoredImage& image);

 private:
  explicit ImageStore(std::string path) : path_(std::move(path)) {}
  StoredImage image_of(const std::string& id) const;
  Result<void> unpack(const ImageSource& source, const ImageDescription& description,
                      const std::string& name, const UnpackOptions& options,
                      const ShowProgress& show) const;

  std::string path_;
};

}  // namespace gantry

// Where an image comes from: an OCI layout (a directory, or an archive of one) or what
// `docker save` writes. Files are known by their names in it.
#pragma once

#include <memory>
#include <string>

#include "oci/image/stream.h"
#include "oci/json.h"

namespace gantry {

class ImageSource {
 public:
  virtual ~ImageSource() = default;

  // `path` is a directory or an archive (tar, also with gzip or zstd).
  static Result<std::unique_ptr<ImageSource>> open(const std::string& path);

  virtual bool has(const std::string& name) const = 0;
  virtual Result<std::unique_ptr<ByteStream>> open_file(const std::string& name) const = 0;

  // A JSON document; fails with EFBIG above 4 MiB, as registries do.
  Result<std::string> read_text(const std::string& name) const;
  Result<Json> read_json(const std::string& name) const;
};

}  // namespace gantry

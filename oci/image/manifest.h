// Which image of a source is meant, and what it is made of (OCI image-spec, image-layout.md,
// image-index.md, manifest.md, config.md; for `docker save`, its manifest.json).
#pragma once

#include <string>
#include <vector>

#include "oci/image/source.h"

namespace gantry {

struct Layer {
  std::string file;     // in the source
  std::string digest;   // of that file; empty when nothing but diff_id is known
  std::string diff_id;  // of the tar archive in it
  u64 size = 0;         // of that file, 0 when not known
};

struct ImageDescription {
  std::string id;  // digits of the manifest's digest; of the configuration's for `docker save`
  std::string config_id;  // those of the configuration's
  Json config;
  std::vector<Layer> layers;  // the lowest first
};

struct ImageChoice {
  std::string platform;   // os/architecture[/variant]
  std::string reference;  // org.opencontainers.image.ref.name or a tag; empty: the only one
};

// Documents are verified against their digests before they are parsed.
Result<ImageDescription> describe_image(const ImageSource& source, const ImageChoice& choice);

}  // namespace gantry

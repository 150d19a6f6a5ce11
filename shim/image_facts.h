// What an engine knows of the image that a bundle was made from.
#pragma once

#include <string>

#include "oci/json.h"
#include "profiles/select.h"

namespace gantry {

// The facts of the bundle in `directory`, whose config.json is `spec`. What the image or the caller
// names as profile is in `named`. The rest is what no image can say of itself: annotations are
// copied from images by podman and buildah, so digests and references are taken from the storage of
// podman beside the bundle, and from annotations only where containerd's or CRI-O's CRI service
// wrote them, which the bundle's place shows (docs/profiles.md). Never fails: what cannot be read
// is not known.
ImageFacts image_facts_of(const std::string& directory, const Json& spec);

// The profile that an image's label names; `image_config` is its configuration document (OCI
// image-spec, config.md). Empty when there is none.
std::string profile_named_by(const Json& image_config);

}  // namespace gantry

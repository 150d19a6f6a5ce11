#include "oci/image/manifest.h"

#include <algorithm>
#include <cerrno>
#include <optional>

namespace gantry {
namespace {

constexpr int kMaxIndexDepth = 4;
constexpr std::size_t kMaxLayers = 1000;
constexpr const char* kReferenceKey = "org.opencontainers.image.ref.name";

struct Descriptor {
  std::string media_type;
  std::string digest;  // digits
  u64 size = 0;
  std::string platform;   // empty when it does not say
  std::string reference;  // empty when it has none

  std::string file() const { return "blobs/sha256/" + digest; }
  bool is_index() const {
    return media_type == "application/vnd.oci.image.index.v1+json" ||
           media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
  }
};

std::string platform_of(const Json* value) {
  if (!value) return "";
  std::string variant = text_member(*value, "variant");
  std::string platform = text_member(*value, "os") + "/" + text_member(*value, "architecture");
  return variant.empty() ? platform : platform + "/" + variant;
}

// "linux/amd64" is served by linux/amd64/v1, but by no later level, which it may not run.
bool serves(const std::string& platform, const std::string& wanted) {
  return platform == wanted || platform == wanted + "/v1" ||
         (wanted == "linux/arm64" && platform == "linux/arm64/v8");
}

Result<Descriptor> read_descriptor(const Json* value, const std::string& where) {
  if (!value || !value->is_object())
    return make_error(EINVAL, "%s is no descriptor", where.c_str());
  Descriptor descriptor;
  descriptor.media_type = text_member(*value, "mediaType");
  Result<std::string> digest = parse_digest(text_member(*value, "digest"));
  if (!digest) return make_error(EINVAL, "%s: %s", where.c_str(), digest.error().message.c_str());
  descriptor.digest = std::move(*digest);
  const Json* size = member(*value, "size");
  if (!size || !size->is_number_unsigned())
    return make_error(EINVAL, "%s has no size", where.c_str());
  descriptor.size = size->get<u64>();
  descriptor.platform = platform_of(member(*value, "platform"));
  const Json* annotations = member(*value, "annotations");
  if (annotations) descriptor.reference = text_member(*annotations, kReferenceKey);
  return descriptor;
}

Result<void> verify(const std::string& text, const std::string& digest, const std::string& file) {
  std::string found = sha256_of(text);
  if (found == digest) return {};
  return make_error(EBADMSG, "%s: its digest is sha256:%s instead of sha256:%s", file.c_str(),
                    found.c_str(), digest.c_str());
}

Result<Json> read_verified(const ImageSource& source, const Descriptor& descriptor) {
  TRY_ASSIGN(std::string text, source.read_text(descriptor.file()));
  TRY(verify(text, descriptor.digest, descriptor.file()));
  return parse_json(text, descriptor.file());
}

Result<std::vector<Json>> list_of(const Json& object, const char* key, const std::string& where) {
  const Json* list = member(object, key);
  if (!list || !list->is_array()) return make_error(EINVAL, "%s has no %s", where.c_str(), key);
  if (list->size() > kMaxLayers) {
    return make_error(E2BIG, "%s has more than %zu %s", where.c_str(), kMaxLayers, key);
  }
  return list->get<std::vector<Json>>();
}

// The layers' digests before compression are part of the configuration.
Result<void> take_diff_ids(ImageDescription& image) {
  const Json* rootfs = member(image.config, "rootfs");
  TRY_ASSIGN(auto ids, string_list(rootfs ? member(*rootfs, "diff_ids") : nullptr, "diff_ids"));
  if (ids.size() != image.layers.size()) {
    return make_error(EBADMSG, "the image has %zu layers and %zu diff_ids", image.layers.size(),
                      ids.size());
  }
  for (std::size_t i = 0; i < ids.size(); i++) {
    TRY_ASSIGN(image.layers[i].diff_id, parse_digest(ids[i]));
  }
  return {};
}

Result<void> check_platform(const Json& config, const std::string& wanted) {
  std::string platform = platform_of(&config);
  if (serves(platform, wanted)) return {};
  return make_error(ENOTSUP, "the image is for %s, not for %s; see --platform", platform.c_str(),
                    wanted.c_str());
}

Result<ImageDescription> read_manifest(const ImageSource& source, const Descriptor& descriptor,
                                       const std::string& platform) {
  TRY_ASSIGN(Json manifest, read_verified(source, descriptor));
  ImageDescription image;
  image.id = descriptor.digest;
  TRY_ASSIGN(Descriptor config, read_descriptor(member(manifest, "config"), "config"));
  image.config_id = config.digest;
  TRY_ASSIGN(image.config, read_verified(source, config));
  TRY(check_platform(image.config, platform));
  TRY_ASSIGN(auto layers, list_of(manifest, "layers", descriptor.file()));
  for (const Json& value : layers) {
    TRY_ASSIGN(Descriptor layer, read_descriptor(&value, "a layer"));
    image.layers.push_back({layer.file(), layer.digest, "", layer.size});
  }
  TRY(take_diff_ids(image));
  return image;
}

std::string names_of(const std::vector<Descriptor>& candidates) {
  std::string names;
  for (const Descriptor& candidate : candidates) {
    std::string name = candidate.reference.empty() ? candidate.platform : candidate.reference;
    if (name.empty()) name = "sha256:" + candidate.digest;
    names += (names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? "nothing" : names;
}

class Index {
 public:
  Index(const ImageSource& source, const ImageChoice& choice) : source_(source), choice_(choice) {}

  // The manifest that is meant in an index; of a nested one if need be.
  Result<Descriptor> choose(const Json& index, int depth);

 private:
  std::vector<Descriptor> matching(const std::vector<Descriptor>& all, int depth) const;

  const ImageSource& source_;
  const ImageChoice& choice_;
};

std::vector<Descriptor> Index::matching(const std::vector<Descriptor>& all, int depth) const {
  std::vector<Descriptor> found;
  for (const Descriptor& one : all) {
    bool is_named = depth > 0 || choice_.reference.empty() || one.reference == choice_.reference;
    bool fits = one.platform.empty() || serves(one.platform, choice_.platform);
    if (is_named && fits) found.push_back(one);
  }
  // The same manifest may be listed under several names.
  auto same = [](const Descriptor& a, const Descriptor& b) { return a.digest == b.digest; };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

Result<Descriptor> Index::choose(const Json& index, int depth) {
  if (depth > kMaxIndexDepth) return make_error(ELOOP, "image indexes are nested too deep");
  TRY_ASSIGN(auto list, list_of(index, "manifests", "the image index"));
  std::vector<Descriptor> all;
  for (const Json& value : list) {
    TRY_ASSIGN(Descriptor one, read_descriptor(&value, "a manifest of the index"));
    all.push_back(std::move(one));
  }
  std::vector<Descriptor> found = matching(all, depth);
  if (found.empty()) {
    std::string name = choice_.reference.empty() ? "" : " called " + choice_.reference;
    return make_error(ENOENT, "no image%s for %s; there is %s", name.c_str(),
                      choice_.platform.c_str(), names_of(all).c_str());
  }
  if (found.size() > 1 && depth == 0) {
    return make_error(EINVAL, "several images: %s; name one as PATH:NAME", names_of(found).c_str());
  }
  if (!found[0].is_index()) return found[0];
  TRY_ASSIGN(Json nested, read_verified(source_, found[0]));
  return choose(nested, depth + 1);
}

bool has_tag(const Json& image, const std::string& reference) {
  auto tags = string_list(member(image, "RepoTags"), "RepoTags");
  auto matches = [&](const std::string& tag) {
    return tag == reference || tag.ends_with("/" + reference);
  };
  return reference.empty() || (tags && std::any_of(tags->begin(), tags->end(), matches));
}

// A configuration's name is its digest, "DIGITS.json" or "blobs/sha256/DIGITS".
Result<std::string> digest_in_name(const std::string& name) {
  std::string digits = name.substr(name.rfind('/') + 1);
  return parse_digest("sha256:" + digits.substr(0, digits.find('.')));
}

Result<ImageDescription> describe_saved(const ImageSource& source, const ImageChoice& choice) {
  TRY_ASSIGN(Json images, source.read_json("manifest.json"));
  std::vector<Json> found;
  for (const Json& image : images) {
    if (has_tag(image, choice.reference)) found.push_back(image);
  }
  if (found.size() != 1) {
    return make_error(EINVAL, "%zu images%s%s in the archive; name one as PATH:NAME", found.size(),
                      choice.reference.empty() ? "" : " called ", choice.reference.c_str());
  }
  ImageDescription description;
  std::string config = text_member(found[0], "Config");
  TRY_ASSIGN(description.id, digest_in_name(config));
  description.config_id = description.id;
  TRY_ASSIGN(std::string text, source.read_text(config));
  TRY(verify(text, description.id, config));
  TRY_ASSIGN(description.config, parse_json(text, config));
  TRY(check_platform(description.config, choice.platform));
  TRY_ASSIGN(auto layers, string_list(member(found[0], "Layers"), "Layers"));
  if (layers.size() > kMaxLayers) return make_error(E2BIG, "more than %zu layers", kMaxLayers);
  for (std::string& file : layers) description.layers.push_back({std::move(file), "", "", 0});
  TRY(take_diff_ids(description));
  return description;
}

Result<void> check_layout(const ImageSource& source) {
  TRY_ASSIGN(Json layout, source.read_json("oci-layout"));
  std::string version = text_member(layout, "imageLayoutVersion");
  if (version.starts_with("1.")) return {};
  return make_error(ENOTSUP, "OCI layout version `%s` is not supported", version.c_str());
}

}  // namespace

Result<ImageDescription> describe_image(const ImageSource& source, const ImageChoice& choice) {
  // New archives of `docker save` are both; only manifest.json has its tags as they were given.
  bool is_layout = source.has("oci-layout") && source.has("index.json");
  bool is_saved = source.has("manifest.json");
  if (is_saved && (!is_layout || !choice.reference.empty())) return describe_saved(source, choice);
  if (!is_layout) {
    return make_error(EINVAL,
                      "neither an OCI layout (oci-layout, index.json) nor an archive of "
                      "`docker save` (manifest.json)");
  }
  TRY(check_layout(source));
  TRY_ASSIGN(Json index, source.read_json("index.json"));
  TRY_ASSIGN(Descriptor manifest, Index(source, choice).choose(index, 0));
  return read_manifest(source, manifest, choice.platform);
}

}  // namespace gantry

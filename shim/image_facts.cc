#include "shim/image_facts.h"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "emulator/base/descriptor.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIdLength = 64;

bool is_id(std::string_view text) {
  return text.size() == kIdLength && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// An image's ID is its configuration's digest.
void add_digest(ImageFacts& facts, std::string text) {
  std::size_t at = text.find('@');
  if (at != text.npos) text.erase(0, at + 1);
  if (is_id(text)) text.insert(0, "sha256:");
  if (text.starts_with("sha256:")) facts.digests.push_back(std::move(text));
}

void add_reference(ImageFacts& facts, const std::string& text) {
  if (text.empty()) return;
  add_digest(facts, text);
  bool is_digest = is_id(text) || text.starts_with("sha256:");
  if (!is_digest) facts.references.push_back(text);
}

Json read_document(const fs::path& path) {
  Result<UniqueFd> fd = open_at(AT_FDCWD, path.string(), O_RDONLY | O_NOCTTY | O_NONBLOCK);
  if (!fd) return Json();
  Result<std::string> text = read_all(fd->get(), kMaxJsonBytes);
  if (!text) return Json();
  Result<Json> document = parse_json(*text, path.string());
  return document ? std::move(*document) : Json();
}

Json find_record(const fs::path& path, const std::string& id) {
  Json list = read_document(path);
  auto found = std::find_if(list.begin(), list.end(),
                            [&](const Json& record) { return text_member(record, "id") == id; });
  return list.is_array() && found != list.end() ? *found : Json();
}

// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    u32 group = 0;
    for (std::size_t n = 0; n < 3; n++) {
      group = group << 8 | (i + n < bytes.size() ? static_cast<u8>(bytes[i + n]) : 0u);
    }
    for (unsigned n = 0; n < 4; n++) {
      bool is_padding = i + n > bytes.size();
      text += is_padding ? '=' : kDigits[group >> (18 - 6 * n) & 63];
    }
  }
  return text;
}

// The storage that podman and CRI-O share: ROOT/DRIVER-containers/ID/userdata is the bundle, lists
// beside it tell the containers, and ROOT/DRIVER-images the images.
struct Storage {
  std::string container;
  fs::path containers, images;
};

std::optional<Storage> storage_of(const fs::path& bundle) {
  constexpr std::string_view kSuffix = "-containers";
  fs::path container = bundle.parent_path(), folder = container.parent_path();
  std::string id = container.filename(), name = folder.filename();
  if (bundle.filename() != "userdata" || !is_id(id) || !name.ends_with(kSuffix)) return {};
  name.erase(name.size() - kSuffix.size());
  return Storage{id, folder, folder.parent_path() / (name + "-images")};
}

void add_image(const Storage& storage, const std::string& id, ImageFacts& facts) {
  add_digest(facts, id);
  Json image = find_record(storage.images / "images.json", id);
  add_digest(facts, text_member(image, "digest"));
  if (!facts.named.empty() || !is_id(id)) return;
  Json config = read_document(storage.images / id / ("=" + base64("sha256:" + id)));
  facts.named = profile_named_by(config);
}

// False when the container is not in its lists: it is CRI-O's, which keeps them elsewhere.
bool add_from_lists(const Storage& storage, ImageFacts& facts) {
  for (const char* list : {"containers.json", "volatile-containers.json"}) {
    Json record = find_record(storage.containers / list, storage.container);
    if (record.is_null()) continue;
    add_image(storage, text_member(record, "image"), facts);
    Result<Json> metadata = parse_json(text_member(record, "metadata"), list);
    if (metadata) add_reference(facts, text_member(*metadata, "image-name"));
    return true;
  }
  return false;
}

// CRI-O overwrites these annotations. That it was CRI-O tells the container's ID, which no image
// knows beforehand.
void add_from_crio(const Storage& storage, const Json& annotations, ImageFacts& facts) {
  if (text_member(annotations, "io.kubernetes.cri-o.ContainerID") != storage.container) return;
  for (const char* name : {"io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image",
                           "io.kubernetes.cri-o.ImageRef"}) {
    add_reference(facts, text_member(annotations, name));
  }
}

// …/io.containerd.runtime.v2.task/k8s.io/ID: containers of other namespaces are made by clients
// that write annotations as they like.
bool is_of_containerd_cri(const fs::path& bundle) {
  fs::path space = bundle.parent_path();
  return space.filename() == "k8s.io" &&
         space.parent_path().filename() == "io.containerd.runtime.v2.task";
}

}  // namespace

std::string profile_named_by(const Json& image_config) {
  const Json* config = member(image_config, "config");
  const Json* labels = config ? member(*config, "Labels") : nullptr;
  return labels ? text_member(*labels, kProfileAnnotation) : "";
}

ImageFacts image_facts_of(const std::string& directory, const Json& spec) {
  ImageFacts facts;
  static const Json kNone = Json::object();
  const Json* found = member(spec, "annotations");
  const Json& annotations = found ? *found : kNone;
  facts.named = text_member(annotations, kProfileAnnotation);
  std::error_code error;
  fs::path bundle = fs::canonical(directory, error);
  if (error) return facts;
  if (is_of_containerd_cri(bundle)) {
    add_reference(facts, text_member(annotations, "io.kubernetes.cri.image-name"));
  } else if (auto storage = storage_of(bundle)) {
    if (!add_from_lists(*storage, facts)) add_from_crio(*storage, annotations, facts);
  }
  return facts;
}

}  // namespace gantry

#include "oci/image/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "emulator/base/files.h"
#include "oci/image/tree.h"

namespace gantry {
namespace {

constexpr u64 kProgressStep = 4 << 20;  // bytes
constexpr const char* kPart = ".part";

// Reports how much of a layer's file was read.
class CountingStream : public ByteStream {
 public:
  CountingStream(ByteStream& source, UnpackProgress& progress, const ShowProgress& show)
      : source_(source), progress_(progress), show_(show) {}

  Result<std::size_t> read(char* bytes, std::size_t size) override {
    TRY_ASSIGN(std::size_t count, source_.read(bytes, size));
    u64 before = progress_.done / kProgressStep;
    progress_.done += count;
    if (show_ && progress_.done / kProgressStep != before) show_(progress_);
    return count;
  }

 private:
  ByteStream& source_;
  UnpackProgress& progress_;
  const ShowProgress& show_;
};

Result<void> compare(const char* what, const std::string& found, const std::string& wanted) {
  if (found == wanted) return {};
  return make_error(EBADMSG, "its %s is sha256:%s instead of sha256:%s", what, found.c_str(),
                    wanted.c_str());
}

Result<void> unpack_layer(const ImageSource& source, const Layer& layer, int root,
                          const UnpackOptions& options, UnpackProgress& progress,
                          const ShowProgress& show) {
  TRY_ASSIGN(auto file, source.open_file(layer.file));
  CountingStream counted(*file, progress, show);
  HashingStream packed(counted);
  TRY_ASSIGN(auto decompressed, DecompressedStream::open(packed));
  HashingStream tar(*decompressed);
  TRY(apply_layer(root, tar, options));
  TRY_ASSIGN(std::string diff_id, tar.finish());
  TRY_ASSIGN(std::string digest, packed.finish());
  if (!layer.digest.empty()) TRY(compare("digest", digest, layer.digest));
  if (layer.size > 0 && packed.size() != layer.size) {
    return make_error(EBADMSG, "it has %llu bytes instead of %llu",
                      static_cast<unsigned long long>(packed.size()),
                      static_cast<unsigned long long>(layer.size));
  }
  return compare("diff_id", diff_id, layer.diff_id);
}

Result<void> write_file(int directory, const char* name, const std::string& text) {
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  UniqueFd fd(::openat(directory, name, flags, 0644));
  if (!fd) return make_system_error(errno, "cannot create %s", name);
  return write_all(fd.get(), text);
}

// PATH, or PATH:REFERENCE where there is nothing called that as a whole.
void split_source(const std::string& source, std::string& path, std::string& reference) {
  path = source;
  std::size_t colon = source.find(':');
  while (colon != std::string::npos && ::access(path.c_str(), F_OK) < 0) {
    std::string shorter = source.substr(0, colon);
    if (::access(shorter.c_str(), F_OK) == 0) {
      path = shorter;
      reference = source.substr(colon + 1);
    }
    colon = source.find(':', colon + 1);
  }
}

}  // namespace

Result<ImageStore> ImageStore::open(const std::string& data) {
  std::string path = data + "/images";
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return make_system_error(error.value(), "cannot create %s", path.c_str());
  return ImageStore(std::move(path));
}

StoredImage ImageStore::image_of(const std::string& id) const {
  StoredImage image{id, path_ + "/" + id, "", ""};
  image.name = read_whole_file(image.path + "/name");
  image.config_id = read_whole_file(image.path + "/config-id");
  return image;
}

Result<UniqueFd> ImageStore::hold(const StoredImage& image) {
  return lock_directory(image.path, LOCK_SH);
}

Result<void> ImageStore::unpack(const ImageSource& source, const ImageDescription& description,
                                const std::string& name, const UnpackOptions& options,
                                const ShowProgress& show) const {
  // Modes are the image's.
  ::umask(022);
  TRY_ASSIGN(UniqueFd store, open_directory(path_));
  // Whoever was killed in the middle of it left this behind; the store is locked.
  TRY(remove_tree(store.get(), kPart));
  if (::mkdirat(store.get(), kPart, 0755) < 0) return make_system_error(errno, "mkdir");
  TRY_ASSIGN(UniqueFd part, open_at(store.get(), kPart, O_RDONLY | O_DIRECTORY));
  if (::mkdirat(part.get(), "rootfs", 0755) < 0) return make_system_error(errno, "mkdir");
  TRY_ASSIGN(UniqueFd root, open_at(part.get(), "rootfs", O_RDONLY | O_DIRECTORY));
  for (std::size_t i = 0; i < description.layers.size(); i++) {
    const Layer& layer = description.layers[i];
    UnpackProgress progress{i + 1, description.layers.size(), 0, layer.size, false};
    if (show) show(progress);
    Result<void> unpacked = unpack_layer(source, layer, root.get(), options, progress, show);
    if (!unpacked) {
      return make_error(unpacked.error().code, "%s: %s", layer.file.c_str(),
                        unpacked.error().message.c_str());
    }
    progress.is_complete = true;
    if (show) show(progress);
  }
  TRY(write_file(part.get(), "config.json", to_text(description.config)));
  TRY(write_file(part.get(), "name", name));
  TRY(write_file(part.get(), "config-id", description.config_id));
  if (::renameat(store.get(), kPart, store.get(), description.id.c_str()) < 0) {
    return make_system_error(errno, "rename");
  }
  return {};
}

Result<StoredImage> ImageStore::ensure(const std::string& source, const std::string& platform,
                                       const UnpackOptions& options,
                                       const ShowProgress& show) const {
  std::string path;
  ImageChoice choice{platform, ""};
  split_source(source, path, choice.reference);
  TRY_ASSIGN(auto opened, ImageSource::open(path));
  Result<ImageDescription> description = describe_image(*opened, choice);
  if (!description) {
    return make_error(description.error().code, "%s: %s", path.c_str(),
                      description.error().message.c_str());
  }
  TRY_ASSIGN(UniqueFd exclusive, lock_directory(path_, LOCK_EX));
  StoredImage image = image_of(description->id);
  if (::access(image.config().c_str(), F_OK) == 0) return image;
  Result<void> unpacked = unpack(*opened, *description, source, options, show);
  if (unpacked) return image_of(description->id);
  TRY_ASSIGN(UniqueFd store, open_directory(path_));
  [[maybe_unused]] Result<void> removed = remove_tree(store.get(), kPart);
  return make_error(unpacked.error().code, "%s: %s", path.c_str(),
                    unpacked.error().message.c_str());
}

Result<std::vector<StoredImage>> ImageStore::list() const {
  TRY_ASSIGN(UniqueFd store, open_directory(path_));
  TRY_ASSIGN(std::vector<std::string> names, names_in(store.get()));
  std::sort(names.begin(), names.end());
  std::vector<StoredImage> images;
  for (const std::string& name : names) {
    if (name != kPart) images.push_back(image_of(name));
  }
  return images;
}

Result<StoredImage> ImageStore::find(const std::string& prefix) const {
  TRY_ASSIGN(std::vector<StoredImage> images, list());
  std::erase_if(images, [&](const StoredImage& image) { return !image.id.starts_with(prefix); });
  if (images.size() == 1 && !prefix.empty()) return images[0];
  return make_error(ENOENT, "%zu images have an id that starts with `%s`; see gantry image list",
                    images.size(), prefix.c_str());
}

Result<void> ImageStore::remove(const StoredImage& image) const {
  TRY_ASSIGN(UniqueFd exclusive, lock_directory(path_, LOCK_EX));
  Result<UniqueFd> unused = lock_directory(image.path, LOCK_EX | LOCK_NB);
  if (!unused) return make_error(EBUSY, "a container runs on the image %.12s", image.id.c_str());
  // Its name goes first: half of an image is none.
  TRY_ASSIGN(UniqueFd store, open_directory(path_));
  TRY(remove_tree(store.get(), kPart));
  if (::renameat(store.get(), image.id.c_str(), store.get(), kPart) < 0) {
    return make_system_error(errno, "rename");
  }
  return remove_tree(store.get(), kPart);
}

}  // namespace gantry

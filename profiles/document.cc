#include "profiles/document.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <numeric>
#include <string_view>

#include "profiles/values.h"

namespace gantry {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr KeyPlace kMatchKeys[] = {KeyPlace::kMatch};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); i++) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); j++) {
      std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

bool contains(std::span<const KeyPlace> places, KeyPlace place) {
  return std::find(places.begin(), places.end(), place) != places.end();
}

const char* home_of(KeyPlace place) {
  switch (place) {
    case KeyPlace::kConfig:
      return "the configuration file";
    case KeyPlace::kTuning:
      return "the configuration file or the outermost mapping of a profile";
    case KeyPlace::kProfile:
      return "the outermost mapping of a profile";
    case KeyPlace::kMatch:
      return "the mapping `match` of a profile";
  }
  return "";
}

std::string about_unknown(const std::string& word, std::span<const KeyPlace> places) {
  const Key* nearest = nullptr;
  for (const Key& key : all_keys()) {
    if (word == key.name) return "`" + word + "` belongs into " + home_of(key.place);
    if (!contains(places, key.place)) continue;
    if (!nearest || edit_distance(word, key.name) < edit_distance(word, nearest->name)) {
      nearest = &key;
    }
  }
  return "unknown key `" + word + "`; did you mean `" + nearest->name + "`?";
}

// Reads a mapping, and the one in it, into `keys`.
class Reader {
 public:
  Reader(const std::string& file, Keys& keys) : file_(file), keys_(keys) {}

  Result<void> read(const YAML::Node& node, std::span<const KeyPlace> places) {
    return for_each_entry(node, file_, "a mapping of keys",
                          [&](const YAML::Node& name, const YAML::Node& value) {
                            return read_key(name, value, places);
                          });
  }

 private:
  template <typename Type>
  Result<void> read_into(std::optional<typename Type::Value>& key, Type type,
                         const YAML::Node& value) {
    TRY_ASSIGN(key, read_value(type, value, file_));
    return {};
  }
  Result<void> read_into(std::optional<bool>& key, key_type::Match, const YAML::Node& value) {
    key = true;
    return read(value, kMatchKeys);
  }

  Result<void> read_key(const YAML::Node& name, const YAML::Node& value,
                        std::span<const KeyPlace> places) {
    const std::string& word = name.Scalar();
#define KEY(place, name, type, option, meaning)              \
  if (word == #name && contains(places, KeyPlace::k##place)) \
    return read_into(keys_.name, key_type::type(), value);
#include "profiles/keys.def"
#undef KEY
    return error_at(file_, name.Mark(), about_unknown(word, places));
  }

  const std::string& file_;
  Keys& keys_;
};

Result<void> check_not_open(const struct stat& status, const std::string& path) {
  if (!(status.st_mode & S_IWOTH)) return {};
  return make_error(EPERM, "refused: %s may be written by everyone", path.c_str());
}

Result<std::string> read_text(int fd, const std::string& path) {
  struct stat status;
  if (::fstat(fd, &status) < 0) return make_system_error(errno, "%s", path.c_str());
  if (!S_ISREG(status.st_mode)) return make_error(EINVAL, "%s is not a file", path.c_str());
  TRY(check_not_open(status, path));
  std::string text(kMaxFileBytes + 1, '\0');
  ssize_t size = ::read(fd, text.data(), text.size());
  if (size < 0) return make_system_error(errno, "%s", path.c_str());
  if (static_cast<std::size_t>(size) > kMaxFileBytes) {
    return make_error(EFBIG, "%s is larger than 1 MiB", path.c_str());
  }
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

Result<Keys> parse_keys(const std::string& text, const std::string& file,
                        std::span<const KeyPlace> places) {
  try {
    Keys keys;
    YAML::Node document = YAML::Load(text);
    if (document.IsNull()) return keys;  // an empty file
    TRY(Reader(file, keys).read(document, places));
    return keys;
  } catch (const YAML::Exception& error) {
    return error_at(file, error.mark, error.msg);
  }
}

Result<Keys> load_keys(const std::string& path, std::span<const KeyPlace> places) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return make_system_error(errno, "cannot open %s", path.c_str());
  Result<std::string> text = read_text(fd, path);
  ::close(fd);
  if (!text) return text.take_error();
  return parse_keys(*text, path, places);
}

Result<std::vector<std::string>> yaml_files_in(const std::string& directory) {
  std::vector<std::string> paths;
  struct stat status;
  if (::stat(directory.c_str(), &status) < 0) {
    if (errno == ENOENT) return paths;
    return make_system_error(errno, "%s", directory.c_str());
  }
  TRY(check_not_open(status, directory));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path().string());
  }
  if (error) return make_error(error.value(), "%s: %s", directory.c_str(), error.message().c_str());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace gantry

#include "profiles/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <set>
#include <string_view>

namespace gantry {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;

struct Key {
  const char* name;
  const char* type;
  const char* meaning;
};

constexpr Key kKeys[] = {
#define KEY(name, type, default_value, meaning) {#name, #type, meaning},
#include "profiles/keys.def"
#undef KEY
};

// "file:line:column: text", counted from 1.
Error error_at(const std::string& file, const YAML::Mark& mark, const std::string& text) {
  return make_error(EINVAL, "%s:%d:%d: %s", file.c_str(), mark.line + 1, mark.column + 1,
                    text.c_str());
}

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

std::string nearest_key(const std::string& name) {
  auto closer = [&](const Key& a, const Key& b) {
    return edit_distance(name, a.name) < edit_distance(name, b.name);
  };
  return std::min_element(std::begin(kKeys), std::end(kKeys), closer)->name;
}

Result<std::string> read_word(const YAML::Node& node, const std::string& file) {
  if (!node.IsScalar()) return error_at(file, node.Mark(), "expected a word");
  return node.Scalar();
}

Result<void> read_value(const YAML::Node& node, const std::string& file, std::string& path) {
  TRY_ASSIGN(path, read_word(node, file));
  if (!path.starts_with('/')) {
    return error_at(file, node.Mark(), "`" + path + "` is not an absolute path");
  }
  return {};
}

Result<void> read_value(const YAML::Node& node, const std::string& file, bool& value) {
  std::string word;
  TRY_ASSIGN(word, read_word(node, file));
  if (word != "true" && word != "false") {
    return error_at(file, node.Mark(), "expected true or false, not `" + word + "`");
  }
  value = word == "true";
  return {};
}

// The emulator knows the names; here it is only seen that they are some.
Result<void> read_value(const YAML::Node& node, const std::string& file, config_type::Cpu& cpu) {
  TRY_ASSIGN(cpu.choice, read_word(node, file));
  constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_+-,";
  if (cpu.choice.empty() || cpu.choice.find_first_not_of(kLetters) != std::string::npos) {
    return error_at(file, node.Mark(),
                    "`" + cpu.choice + "` is not a CPU, as in x86-64-v3,-rdrand");
  }
  return {};
}

Result<void> read_value(const YAML::Node& node, const std::string& file,
                        std::vector<std::string>& options) {
  if (!node.IsSequence()) return error_at(file, node.Mark(), "expected a list of options");
  for (const YAML::Node& element : node) {
    Result<std::string> word = read_word(element, file);
    if (!word) return word.take_error();
    if (!word->starts_with("--") || word->size() == 2) {
      return error_at(file, element.Mark(),
                      "`" + *word + "` is not an option (--name or --name=value)");
    }
    options.push_back(std::move(*word));
  }
  return {};
}

Result<void> read_key(Config& config, const std::string& file, const YAML::Node& key,
                      const YAML::Node& value) {
  TRY_ASSIGN(std::string word, read_word(key, file));
#define KEY(name, type, default_value, meaning) \
  if (word == #name) return read_value(value, file, config.name);
#include "profiles/keys.def"
#undef KEY
  return error_at(file, key.Mark(),
                  "unknown key `" + word + "`; did you mean `" + nearest_key(word) + "`?");
}

Result<Config> read_document(const YAML::Node& document, const std::string& file) {
  Config config;
  if (document.IsNull()) return config;  // an empty file
  if (!document.IsMap()) return error_at(file, document.Mark(), "expected a mapping of keys");
  std::set<std::string> seen;
  for (const auto& entry : document) {
    if (entry.first.IsScalar() && !seen.insert(entry.first.Scalar()).second) {
      return error_at(file, entry.first.Mark(), "`" + entry.first.Scalar() + "` is given twice");
    }
    TRY(read_key(config, file, entry.first, entry.second));
  }
  return config;
}

Result<std::string> read_config_text(int fd, const std::string& path) {
  struct stat status;
  if (::fstat(fd, &status) < 0) return make_system_error(errno, "%s", path.c_str());
  if (!S_ISREG(status.st_mode)) return make_error(EINVAL, "%s is not a file", path.c_str());
  if (status.st_mode & S_IWOTH) {
    return make_error(EPERM, "refused: %s may be written by everyone", path.c_str());
  }
  std::string text(kMaxConfigBytes + 1, '\0');
  ssize_t size = ::read(fd, text.data(), text.size());
  if (size < 0) return make_system_error(errno, "%s", path.c_str());
  if (static_cast<std::size_t>(size) > kMaxConfigBytes) {
    return make_error(EFBIG, "%s is larger than 1 MiB", path.c_str());
  }
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

Result<Config> parse_config(const std::string& text, const std::string& name) {
  try {
    return read_document(YAML::Load(text), name);
  } catch (const YAML::Exception& error) {
    return error_at(name, error.mark, error.msg);
  }
}

Result<Config> load_config(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return make_system_error(errno, "cannot open the configuration file %s", path.c_str());
  Result<std::string> text = read_config_text(fd, path);
  ::close(fd);
  if (!text) return text.take_error();
  return parse_config(*text, path);
}

std::string describe_config_keys() {
  std::string text;
  for (const Key& key : kKeys) {
    text += "  " + std::string(key.name) + " (" + key.type + ")\n      " + key.meaning + "\n";
  }
  return text;
}

}  // namespace gantry

#include "profiles/config.h"

#include <unistd.h>

#include "profiles/document.h"

namespace gantry {
namespace {

constexpr KeyPlace kPlaces[] = {KeyPlace::kConfig, KeyPlace::kTuning};

}  // namespace

Result<Config> parse_config(const std::string& text, const std::string& name) {
  TRY_ASSIGN(Keys keys, parse_keys(text, name, kPlaces));
  return Config{std::move(keys), {name}};
}

Result<Config> load_config(const std::string& path) {
  TRY_ASSIGN(Keys keys, load_keys(path, kPlaces));
  return Config{std::move(keys), {path}};
}

Result<Config> load_config_directory(const std::string& directory) {
  std::vector<std::string> files;
  std::string first = directory + "/config.yaml";
  if (::access(first.c_str(), F_OK) == 0) files.push_back(first);
  TRY_ASSIGN(std::vector<std::string> others, yaml_files_in(directory + "/conf.d"));
  files.insert(files.end(), others.begin(), others.end());
  Config config;
  for (const std::string& file : files) {
    TRY_ASSIGN(Keys keys, load_keys(file, kPlaces));
    override_keys(config, keys);
  }
  config.files = std::move(files);
  return config;
}

std::string describe_config_keys() { return describe_keys(kPlaces); }

}  // namespace gantry

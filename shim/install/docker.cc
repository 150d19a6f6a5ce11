// Docker: daemon.json has no drop-in directory, so keys are added to it. Its builder starts runc
// whatever the default runtime is, unless the daemon's environment names another (from Docker 25).
#include <cerrno>

#include "oci/json.h"
#include "shim/install/engines.h"

namespace gantry::install {
namespace {

constexpr const char* kName = "gantry";

// As the file is indented; 4 as Docker's manual is.
std::pair<int, char> indentation_of(const std::string& text) {
  std::size_t line = text.find("\n");
  if (line == std::string::npos || line + 1 == text.size()) return {4, ' '};
  std::size_t end = text.find_first_not_of(" \t", line + 1);
  std::size_t width = (end == std::string::npos ? text.size() : end) - line - 1;
  if (width == 0) return {4, ' '};
  return {static_cast<int>(width), text[line + 1]};
}

Result<bool> add_runtime(Json& document, const Target& target, const std::string& path) {
  TRY_ASSIGN(Json addition, parse_json(deploy_text("docker/daemon.json", target), "addition"));
  const Json& wanted = addition["runtimes"][kName];
  Json& runtimes = document["runtimes"];
  if (runtimes.is_null()) runtimes = Json::object();
  if (!runtimes.is_object()) {
    return make_error(EINVAL, "%s: runtimes is not an object", path.c_str());
  }
  Json* present = member(runtimes, kName);
  if (present && *present == wanted) return false;
  if (present) {
    return make_error(EEXIST, "%s: runtimes.%s is %s there, and would have to be %s", path.c_str(),
                      kName, to_text(*present).c_str(), to_text(wanted).c_str());
  }
  runtimes[kName] = wanted;
  return true;
}

Result<std::string> with_runtime(const std::string& text, const std::string& path,
                                 const Target& target) {
  bool is_empty = text.find_first_not_of(" \t\r\n") == std::string::npos;
  Json document = Json::object();
  if (!is_empty) {
    TRY_ASSIGN(document, parse_json(text, path));
  }
  if (!document.is_object()) return make_error(EINVAL, "%s is not an object", path.c_str());
  TRY_ASSIGN(bool changed, add_runtime(document, target, path));
  if (target.as_default && document.value("default-runtime", "") != kName) {
    document["default-runtime"] = kName;
    changed = true;
  }
  if (!changed) return text;
  auto [width, letter] = indentation_of(text);
  std::string result = document.dump(width, letter);
  return is_empty || text.ends_with('\n') ? result + "\n" : result;
}

}  // namespace

Result<std::vector<Wanted>> plan_docker(const Target& target, const ReadOriginal& read) {
  std::string path = target.config("/etc/docker", "/docker") + "/daemon.json";
  TRY_ASSIGN(std::string present, read(path));
  TRY_ASSIGN(std::string text, with_runtime(present, path, target));
  std::vector<Wanted> files = {{path, text, false}};
  if (target.as_default) {
    std::string folder = target.config("/etc/systemd/system", "/systemd/user");
    files.push_back(
        {folder + "/docker.service.d/gantry.conf", deploy_text("docker/build.conf", target), true});
  }
  return files;
}

}  // namespace gantry::install

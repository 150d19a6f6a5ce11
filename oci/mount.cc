#include "oci/mount.h"

#include <algorithm>
#include <cerrno>

namespace gantry {
namespace {

// Far above any engine's list; bounds the time spent on a hostile one.
constexpr std::size_t kMaxMounts = 4096;

Result<Mount> read_mount(const Json& value, std::size_t index) {
  std::string name = "mounts[" + std::to_string(index) + "]";
  if (!value.is_object()) return make_error(EINVAL, "%s is not an object", name.c_str());
  const std::string* destination = string_member(value, "destination");
  if (!destination || destination->empty()) {
    return make_error(EINVAL, "%s has no destination", name.c_str());
  }
  Mount mount;
  mount.destination = *destination;
  if (auto* type = string_member(value, "type")) mount.type = *type;
  if (auto* source = string_member(value, "source")) mount.source = *source;
  TRY_ASSIGN(mount.options, string_list(member(value, "options"), name + ".options"));
  return mount;
}

void append_split(std::vector<std::string>& list, std::string_view paths) {
  while (!paths.empty()) {
    std::size_t end = std::min(paths.find(':'), paths.size());
    list.emplace_back(paths.substr(0, end));
    paths.remove_prefix(std::min(end + 1, paths.size()));
  }
}

}  // namespace

bool Mount::has_option(std::string_view option) const {
  return std::find(options.begin(), options.end(), option) != options.end();
}

bool Mount::is_bind() const { return type == "bind" || has_option("bind") || has_option("rbind"); }

std::vector<std::string> Mount::layers() const {
  if (is_bind()) return {source};
  std::vector<std::string> upper, lower;
  if (type != "overlay") return upper;
  for (std::string_view option : options) {
    if (option.starts_with("upperdir=")) upper.emplace_back(option.substr(9));
    if (option.starts_with("lowerdir=")) append_split(lower, option.substr(9));
  }
  upper.insert(upper.end(), lower.begin(), lower.end());
  return upper;
}

Result<std::vector<Mount>> read_mounts(const Json& spec) {
  std::vector<Mount> mounts;
  const Json* list = member(spec, "mounts");
  if (!list || list->is_null()) return mounts;
  if (!list->is_array()) return make_error(EINVAL, "mounts is not an array");
  if (list->size() > kMaxMounts) {
    return make_error(E2BIG, "mounts has more than %zu entries", kMaxMounts);
  }
  for (const Json& value : *list) {
    TRY_ASSIGN(Mount mount, read_mount(value, mounts.size()));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::string lexical_path(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/'), path.size());
    std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      result.erase(result.empty() ? 0 : result.rfind('/'));
    } else {
      result.append("/").append(name);
    }
  }
  return result.empty() ? "/" : result;
}

bool is_at_or_below(std::string_view path, std::string_view ancestor) {
  if (ancestor == "/") return true;
  return path.starts_with(ancestor) &&
         (path.size() == ancestor.size() || path[ancestor.size()] == '/');
}

}  // namespace gantry

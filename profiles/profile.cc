#include "profiles/profile.h"

#include <algorithm>
#include <cerrno>

#include "profiles/document.h"

namespace gantry {
namespace {

constexpr KeyPlace kPlaces[] = {KeyPlace::kTuning, KeyPlace::kProfile};

Result<Profile> complete(Keys keys, const std::string& file, bool is_administrators) {
  if (!keys.name) return make_error(EINVAL, "%s: a profile needs a `name`", file.c_str());
  if (!keys.match && !keys.selectable.value_or(false)) {
    return make_error(EINVAL,
                      "%s: the profile fits nothing: it needs `match`, or `selectable: true` to be "
                      "chosen by its name",
                      file.c_str());
  }
  return Profile{std::move(keys), file, is_administrators};
}

const Profile* find(const std::vector<Profile>& profiles, const std::string& name) {
  auto found = std::find_if(profiles.begin(), profiles.end(),
                            [&](const Profile& profile) { return profile.called() == name; });
  return found == profiles.end() ? nullptr : &*found;
}

Result<std::vector<Profile>> load_directory(const std::string& directory, bool is_administrators) {
  TRY_ASSIGN(std::vector<std::string> files, yaml_files_in(directory));
  std::vector<Profile> profiles;
  for (const std::string& file : files) {
    TRY_ASSIGN(Profile profile, load_profile(file, is_administrators));
    if (const Profile* other = find(profiles, profile.called())) {
      return make_error(EEXIST, "%s and %s are both called `%s`", other->file.c_str(), file.c_str(),
                        profile.called().c_str());
    }
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

}  // namespace

Result<Profile> parse_profile(const std::string& text, const std::string& file,
                              bool is_administrators) {
  TRY_ASSIGN(Keys keys, parse_keys(text, file, kPlaces));
  return complete(std::move(keys), file, is_administrators);
}

Result<Profile> load_profile(const std::string& path, bool is_administrators) {
  TRY_ASSIGN(Keys keys, load_keys(path, kPlaces));
  return complete(std::move(keys), path, is_administrators);
}

Result<std::vector<Profile>> load_profiles(const std::string& administrators,
                                           const std::string& builtin) {
  TRY_ASSIGN(std::vector<Profile> profiles, load_directory(administrators, true));
  TRY_ASSIGN(std::vector<Profile> others, load_directory(builtin, false));
  std::size_t own = profiles.size();
  for (Profile& other : others) {
    bool is_replaced =
        std::any_of(profiles.begin(), profiles.begin() + static_cast<std::ptrdiff_t>(own),
                    [&](const Profile& profile) { return profile.called() == other.called(); });
    if (!is_replaced) profiles.push_back(std::move(other));
  }
  return profiles;
}

}  // namespace gantry

#include "profiles/select.h"

#include <fnmatch.h>

#include <algorithm>

namespace gantry {
namespace {

using Words = std::vector<std::string>;

bool contains(const std::optional<Words>& words, const std::string& word) {
  return words && std::find(words->begin(), words->end(), word) != words->end();
}

bool fits(const std::optional<Words>& patterns, const std::string& text) {
  return patterns && std::any_of(patterns->begin(), patterns->end(), [&](const std::string& p) {
           return ::fnmatch(p.c_str(), text.c_str(), 0) == 0;
         });
}

// "debian" is short for "docker.io/library/debian:latest" to all engines that know short names.
std::string full_name(const std::string& reference) {
  std::string name = reference.substr(0, reference.find('@'));
  std::size_t slash = name.find('/');
  std::string registry = name.substr(0, slash);
  bool has_registry = slash != name.npos &&
                      (registry.find_first_of(".:") != registry.npos || registry == "localhost");
  if (slash == name.npos) name = "library/" + name;
  if (!has_registry) name = "docker.io/" + name;
  bool has_tag = name.find(':', name.rfind('/')) != name.npos;
  return has_tag || name.size() < reference.size() ? name : name + ":latest";
}

std::string without_tag(const std::string& name) {
  return name.substr(0, name.find(':', name.rfind('/')));
}

std::string find_digest(const Profile& profile, const ImageFacts& image) {
  for (const std::string& digest : image.digests) {
    if (contains(profile.image_digest, digest)) return "image digest " + digest;
  }
  return "";
}

std::string find_reference(const Profile& profile, const ImageFacts& image) {
  for (const std::string& reference : image.references) {
    std::string name = full_name(reference);
    bool found =
        fits(profile.image_reference, name) || fits(profile.image_reference, without_tag(name));
    if (found) return "image " + name;
  }
  return "";
}

bool may_be_named(const Profile& profile) {
  return profile.is_administrators && profile.selectable.value_or(false);
}

std::string find_name(const Profile& profile, const ImageFacts& image) {
  bool is_named = may_be_named(profile) && profile.called() == image.named;
  return is_named ? std::string(kProfileAnnotation) + "=" + image.named : "";
}

std::string find_program_of(const Profile& profile, const ProgramFacts& program) {
  for (const std::string& path : program.paths) {
    if (fits(profile.program, path)) return "program " + path;
  }
  bool is_same = contains(profile.build_id, program.build_id);
  return is_same ? "build ID " + program.build_id : "";
}

}  // namespace

std::vector<Candidate> fitting_profiles(const std::vector<Profile>& profiles,
                                        const ImageFacts& image, const ProgramFacts& program) {
  std::vector<Candidate> candidates;
  for (const Profile& profile : profiles) {
    const std::pair<Reason, std::string> reasons[] = {
        {Reason::kDigest, find_digest(profile, image)},
        {Reason::kReference, find_reference(profile, image)},
        {Reason::kNamed, find_name(profile, image)},
        {Reason::kProgram, find_program_of(profile, program)}};
    auto strongest = std::find_if(std::begin(reasons), std::end(reasons),
                                  [](const auto& reason) { return !reason.second.empty(); });
    if (strongest == std::end(reasons)) continue;
    candidates.push_back({&profile, strongest->first, strongest->second});
  }
  auto is_better = [](const Candidate& a, const Candidate& b) {
    return a.reason != b.reason ? a.reason < b.reason : a.profile < b.profile;
  };
  std::sort(candidates.begin(), candidates.end(), is_better);
  return candidates;
}

std::string refusal_of_name(const std::vector<Profile>& profiles, const ImageFacts& image) {
  if (image.named.empty()) return "";
  std::string start = std::string(kProfileAnnotation) + " names `" + image.named + "`, ";
  auto found = std::find_if(profiles.begin(), profiles.end(), [&](const Profile& profile) {
    return profile.called() == image.named;
  });
  if (found == profiles.end()) return start + "and there is no such profile";
  if (!found->is_administrators)
    return start + "which is built in: only the administrator's may be";
  return may_be_named(*found) ? "" : start + "which lacks `selectable: true` in " + found->file;
}

bool depend_on_image(const std::vector<Profile>& profiles) {
  return std::any_of(profiles.begin(), profiles.end(), [](const Profile& profile) {
    return profile.image_digest || profile.image_reference || may_be_named(profile);
  });
}

}  // namespace gantry

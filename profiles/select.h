// Which profile a program gets.
#pragma once

#include <string>
#include <vector>

#include "profiles/profile.h"

namespace gantry {

// Whoever builds an image or starts a container names a profile by an annotation or label of this
// name.
constexpr const char* kProfileAnnotation = "io.gantry.profile";

// What is known of a container's image; all of it may be unknown.
struct ImageFacts {
  std::vector<std::string> digests;  // of manifests and configuration: "sha256:…"
  std::vector<std::string>
      references;     // "docker.io/library/debian:12"; short ones count as Docker's
  std::string named;  // the value of kProfileAnnotation
};

// What is known of the program that is started.
struct ProgramFacts {
  std::vector<std::string> paths;  // absolute: as it was named, and without links; interpreters
  std::string build_id;            // of the ELF file that is executed in the end; hexadecimal
};

// The strongest first.
enum class Reason : u8 { kDigest, kReference, kNamed, kProgram };

struct Candidate {
  const Profile* profile;
  Reason reason;
  std::string text;  // "image digest sha256:…", "program /usr/bin/x"
};

// The profiles that fit, best first: by digest, then by reference, by name, by program; among
// equals in the order given. Each stands there once, for its strongest reason. The first one is
// used.
std::vector<Candidate> fitting_profiles(const std::vector<Profile>& profiles,
                                        const ImageFacts& image, const ProgramFacts& program);

// Why the profile that the image or user names is not among them: a sentence, or "" when none is
// named or it may be chosen.
std::string refusal_of_name(const std::vector<Profile>& profiles, const ImageFacts& image);

// Whether any of them depends on the image.
bool depend_on_image(const std::vector<Profile>& profiles);

}  // namespace gantry

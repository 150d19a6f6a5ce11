// Profiles: what one image or program needs to be emulated well, and why (docs/profiles.md).
#pragma once

#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "profiles/keys.h"

namespace gantry {

struct Profile : Keys {
  std::string file;
  bool is_administrators = false;  // else one that comes with Gantry

  const std::string& called() const { return *name; }
};

// One file, which holds one profile. Errors: profiles/document.h, and EINVAL when it has no name or
// can never be chosen.
Result<Profile> load_profile(const std::string& path, bool is_administrators);
// The same for a text; `file` stands for the file in messages.
Result<Profile> parse_profile(const std::string& text, const std::string& file,
                              bool is_administrators);

// Those of two directories, the administrator's first, each in the order of file names. A built-in
// profile is left out when the administrator has one of that name. A directory need not exist; a
// name that occurs twice in one is an error.
Result<std::vector<Profile>> load_profiles(const std::string& administrators,
                                           const std::string& builtin);

}  // namespace gantry

// The keys of the configuration file and of profiles, as rows (profiles/keys.def) and as values.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/types.h"
#include "profiles/key_types.h"

namespace gantry {

// Where a key may stand.
enum class KeyPlace : u8 { kConfig, kTuning, kProfile, kMatch };

struct Key {
  KeyPlace place;
  const char* name;
  const char* shape;   // "true or false (the default)"
  const char* option;  // of gantry-x64, with dashes; "": none
  const char* meaning;
};

std::span<const Key> all_keys();

// What a file says; keys that it does not have are empty.
struct Keys {
#define KEY(place, name, type, option, meaning) std::optional<key_type::type::Value> name;
#include "profiles/keys.def"
#undef KEY
};

// `keys` as changed by those that `stronger` has. A list or mapping replaces the other one whole.
void override_keys(Keys& keys, const Keys& stronger);

// The options of gantry-x64 that the keys ask for, in the order of keys.def.
std::vector<std::string> emulator_options_of(const Keys& keys);

// Documentation: one paragraph a key of the places, for --help.
std::string describe_keys(std::span<const KeyPlace> places);

}  // namespace gantry

#include "profiles/keys.h"

#include <algorithm>
#include <type_traits>

namespace gantry {
namespace {

using Words = std::vector<std::string>;

constexpr Key kKeys[] = {
#define KEY(place, name, type, option, meaning) \
  {KeyPlace::k##place, #name, key_type::type::kShape, option, meaning},
#include "profiles/keys.def"
#undef KEY
};

// What a value becomes on the emulator's command line. Types without a function of their own become
// OPTION=VALUE, if they are words and there is an option.
template <typename Type>
void append(Words& words, Type, const std::string& option, const typename Type::Value& value) {
  if constexpr (std::is_same_v<typename Type::Value, std::string>) {
    if (!option.empty()) words.push_back(option + "=" + value);
  }
}
void append(Words& words, key_type::Flag, const std::string& option, bool value) {
  if (value) words.push_back(option);
}
void append(Words& words, key_type::Switch, const std::string& option, bool value) {
  if (!value) words.push_back(option);
}
void append(Words& words, key_type::CodeVerification, const std::string& option,
            const std::string& value) {
  if (value == "always") words.push_back(option);
}
void append(Words& words, key_type::SyscallAnswers, const std::string& option,
            const key_type::SyscallAnswers::Value& answers) {
  for (const auto& [call, error] : answers) words.push_back(option + "=" + call + "=" + error);
}
void append(Words& words, key_type::Environment, const std::string& option,
            const key_type::Environment::Value& variables) {
  for (const key_type::Variable& variable : variables) {
    words.push_back(variable.value ? option + "=" + variable.name + "=" + *variable.value
                                   : "--unset-env=" + variable.name);
  }
}
void append(Words& words, key_type::Options, const std::string&, const Words& options) {
  words.insert(words.end(), options.begin(), options.end());
}

}  // namespace

std::span<const Key> all_keys() { return kKeys; }

void override_keys(Keys& keys, const Keys& stronger) {
#define KEY(place, name, type, option, meaning) \
  if (stronger.name) keys.name = stronger.name;
#include "profiles/keys.def"
#undef KEY
}

std::vector<std::string> emulator_options_of(const Keys& keys) {
  Words words;
#define KEY(place, name, type, option, meaning) \
  if (keys.name) append(words, key_type::type(), option, *keys.name);
#include "profiles/keys.def"
#undef KEY
  return words;
}

std::string describe_keys(std::span<const KeyPlace> places) {
  std::string text;
  for (const Key& key : kKeys) {
    if (std::find(places.begin(), places.end(), key.place) == places.end()) continue;
    text += "  " + std::string(key.name) + " (" + key.shape + ")\n      " + key.meaning + "\n";
  }
  return text;
}

}  // namespace gantry

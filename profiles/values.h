// Reads the values of keys (profiles/key_types.h). Errors are EINVAL with "file:line:column: text",
// counted from 1.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>

#include "emulator/base/result.h"
#include "profiles/key_types.h"

namespace gantry {

Error error_at(const std::string& file, const YAML::Mark& mark, const std::string& text);

// A scalar without NUL.
Result<std::string> read_word(const YAML::Node& node, const std::string& file);

// Calls `visit` with each name, which is a word, and value of the mapping. A name that stands there
// twice is an error, as is what is no mapping: "expected `shape`".
using Entry = std::function<Result<void>(const YAML::Node& name, const YAML::Node& value)>;
Result<void> for_each_entry(const YAML::Node& node, const std::string& file, const char* shape,
                            const Entry& visit);

#define GANTRY_VALUE(type)                                                         \
  Result<key_type::type::Value> read_value(key_type::type, const YAML::Node& node, \
                                           const std::string& file)
GANTRY_VALUE(Path);
GANTRY_VALUE(Bool);
GANTRY_VALUE(Switch);
GANTRY_VALUE(Cpu);
GANTRY_VALUE(Text);
GANTRY_VALUE(Name);
GANTRY_VALUE(Cache);
GANTRY_VALUE(Arguments);
GANTRY_VALUE(Options);
GANTRY_VALUE(Environment);
GANTRY_VALUE(SyscallAnswers);
GANTRY_VALUE(Libraries);
GANTRY_VALUE(Patterns);
GANTRY_VALUE(Paths);
GANTRY_VALUE(Digests);
GANTRY_VALUE(BuildIds);
#undef GANTRY_VALUE

// One of a few words.
template <typename Type>
  requires requires { Type::kWords; }
Result<std::string> read_value(Type, const YAML::Node& node, const std::string& file) {
  TRY_ASSIGN(std::string word, read_word(node, file));
  for (const char* known : Type::kWords) {
    if (word == known) return word;
  }
  return error_at(file, node.Mark(),
                  std::string("expected ") + Type::kShape + ", not `" + word + "`");
}

// What cannot be had yet.
template <typename Type>
  requires requires { Type::kMissing; }
Result<bool> read_value(Type, const YAML::Node& node, const std::string& file) {
  return error_at(file, node.Mark(), std::string(Type::kMissing) + "; remove this key");
}

}  // namespace gantry

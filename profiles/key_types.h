// The types of keys (profiles/keys.def): what a key holds once it is read, and what to call it in
// messages.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gantry::key_type {

struct Path {
  using Value = std::string;
  static constexpr const char* kShape = "an absolute path";
};
struct Bool {
  using Value = bool;
  static constexpr const char* kShape = "true or false (the default)";
};
// A Bool that becomes an option of the emulator when it is true …
struct Flag : Bool {};
// … and one that does when it is false.
struct Switch {
  using Value = bool;
  static constexpr const char* kShape = "true (the default) or false";
};
struct Engine {
  using Value = std::string;
  static constexpr const char* kShape = "auto (the default), jit, interp or cosim";
  static constexpr const char* kWords[] = {"auto", "jit", "interp", "cosim"};
};
struct MemoryModel {
  using Value = std::string;
  static constexpr const char* kShape = "auto (the default), tso or relaxed";
  static constexpr const char* kWords[] = {"auto", "tso", "relaxed"};
};
struct CodeVerification {
  using Value = std::string;
  static constexpr const char* kShape = "writes (the default) or always";
  static constexpr const char* kWords[] = {"writes", "always"};
};
struct Cpu {
  using Value = std::string;
  static constexpr const char* kShape = "a CPU";
};
struct Text {
  using Value = std::string;
  static constexpr const char* kShape = "text";
};
struct Name {
  using Value = std::string;
  static constexpr const char* kShape = "a name of a-z 0-9 . _ -";
};
// A store of translated code.
struct Cache {
  using Value = std::string;
  static constexpr const char* kShape = "off (the default), image, or the name of a store";
  static constexpr const char* kOff = "off";
  static constexpr const char* kImage = "image";
};
struct Arguments {
  using Value = std::vector<std::string>;
  static constexpr const char* kShape = "a list of arguments";
};
struct Options {
  using Value = std::vector<std::string>;
  static constexpr const char* kShape = "a list of options";
};
struct Variable {
  std::string name;
  std::optional<std::string> value;  // nothing: the variable is removed
};
struct Environment {
  using Value = std::vector<Variable>;
  static constexpr const char* kShape = "a mapping of variables";
};
struct SyscallAnswers {
  using Value = std::vector<std::pair<std::string, std::string>>;  // a call and its error
  static constexpr const char* kShape = "a mapping of system calls to errors";
};
struct Libraries {
  using Value = std::vector<std::string>;  // those that are to be emulated
  static constexpr const char* kShape = "a mapping of libraries to emulated or native";
};
struct Patterns {
  using Value = std::vector<std::string>;
  static constexpr const char* kShape = "a reference or a list of them";
};
struct Paths {
  using Value = std::vector<std::string>;
  static constexpr const char* kShape = "an absolute path or a list of them";
};
struct Digests {
  using Value = std::vector<std::string>;
  static constexpr const char* kShape = "a digest or a list of them";
};
struct BuildIds {
  using Value = std::vector<std::string>;
  static constexpr const char* kShape = "a build ID or a list of them";
};
// A mapping of the keys of place Match, which are read into the same Keys.
struct Match {
  using Value = bool;
  static constexpr const char* kShape = "a mapping of the keys below";
};

// Keys whose mechanism does not exist yet: any value is refused.
struct NativeCalls {
  using Value = bool;
  static constexpr const char* kShape = "refused";
  static constexpr const char* kMissing =
      "functions of native libraries cannot be called yet, so no register is changed by them";
};

}  // namespace gantry::key_type

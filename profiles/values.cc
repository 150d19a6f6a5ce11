#include "profiles/values.h"

#include <seccomp.h>

#include <cerrno>
#include <set>
#include <string_view>

#include "emulator/base/error_names.h"

namespace gantry {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kHexadecimal = "0123456789abcdef";

bool consists_of(std::string_view word, std::string_view letters) {
  return word.find_first_not_of(letters) == word.npos;
}

Result<Words> read_list(const YAML::Node& node, const std::string& file, const char* shape) {
  if (!node.IsSequence()) return error_at(file, node.Mark(), std::string("expected ") + shape);
  Words words;
  for (const YAML::Node& element : node) {
    TRY_ASSIGN(std::string word, read_word(element, file));
    words.push_back(std::move(word));
  }
  return words;
}

// What `check` has to say against a word ("" when nothing), with the word's place.
using Check = std::string (*)(const std::string& word);

Result<void> check_word(const YAML::Node& node, const std::string& file, Check check) {
  std::string complaint = check(node.Scalar());
  if (complaint.empty()) return {};
  return error_at(file, node.Mark(), "`" + node.Scalar() + "` " + complaint);
}

Result<std::string> read_checked(const YAML::Node& node, const std::string& file, Check check) {
  TRY_ASSIGN(std::string word, read_word(node, file));
  TRY(check_word(node, file, check));
  return word;
}

Result<Words> read_checked_list(const YAML::Node& node, const std::string& file, const char* shape,
                                Check check) {
  TRY_ASSIGN(Words words, read_list(node, file, shape));
  for (const YAML::Node& element : node) TRY(check_word(element, file, check));
  return words;
}

// A word stands for the list of it.
Result<Words> read_one_or_more(const YAML::Node& node, const std::string& file, const char* shape,
                               Check check) {
  if (!node.IsScalar()) return read_checked_list(node, file, shape, check);
  TRY_ASSIGN(std::string word, read_checked(node, file, check));
  return Words{word};
}

std::string check_path(const std::string& word) {
  return word.starts_with('/') ? "" : "is not an absolute path";
}

// The emulator knows the names; here it is only seen that they are some.
std::string check_cpu(const std::string& word) {
  bool fits = !word.empty() && consists_of(word, "abcdefghijklmnopqrstuvwxyz0123456789_+-,");
  return fits ? "" : "is not a CPU, as in x86-64-v3,-rdrand";
}

std::string check_name(const std::string& word) {
  constexpr std::size_t kMaxName = 64;
  bool fits = !word.empty() && word.size() <= kMaxName && word[0] != '.' && word[0] != '-' &&
              consists_of(word, "abcdefghijklmnopqrstuvwxyz0123456789._-");
  return fits ? "" : "is not a name: up to 64 of a-z 0-9 . _ -, the first a letter or digit";
}

std::string check_option(const std::string& word) {
  bool fits = word.starts_with("--") && word.size() > 2;
  return fits ? "" : "is not an option (--name or --name=value)";
}

std::string check_digest(const std::string& word) {
  constexpr std::string_view kAlgorithm = "sha256:";
  bool fits = word.starts_with(kAlgorithm) && word.size() == kAlgorithm.size() + 64 &&
              consists_of(word.substr(kAlgorithm.size()), kHexadecimal);
  return fits ? "" : "is not a digest (sha256: and 64 hexadecimal digits in lower case)";
}

std::string check_build_id(const std::string& word) {
  constexpr std::size_t kShortest = 16, kLongest = 128;
  bool fits = word.size() % 2 == 0 && word.size() >= kShortest && word.size() <= kLongest &&
              consists_of(word, kHexadecimal);
  return fits ? "" : "is not a build ID (hexadecimal digits in lower case, as readelf -n shows it)";
}

// Engines write references in full, so that a short one would never fit.
std::string check_reference(const std::string& word) {
  std::string registry = word.substr(0, word.find('/'));
  bool is_full = word.find('/') != word.npos &&
                 (registry.find_first_of(".:*?[") != registry.npos || registry == "localhost");
  return is_full ? "" : "names no registry, as docker.io/library/debian:12 does";
}

std::string check_variable(const std::string& word) {
  bool fits = !word.empty() && word.find('=') == word.npos;
  return fits ? "" : "is not the name of a variable";
}

std::string check_syscall(const std::string& word) {
  int number = ::seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, word.c_str());
  return number >= 0 ? "" : "is no system call of x86-64";
}

std::string check_error(const std::string& word) {
  return error_number(word) != 0 ? "" : "is no error of errno(3), as ENOSYS is";
}

std::string check_library(const std::string& word) {
  bool fits = word.find('/') == word.npos && word.find(".so") != word.npos;
  return fits ? "" : "is not the file name of a shared library, as libz.so.1 is";
}

std::string check_library_use(const std::string& word) {
  if (word == "emulated") return "";
  if (word == "native") return "is not possible yet: libraries are always emulated";
  return "is neither emulated nor native";
}

}  // namespace

Error error_at(const std::string& file, const YAML::Mark& mark, const std::string& text) {
  return make_error(EINVAL, "%s:%d:%d: %s", file.c_str(), mark.line + 1, mark.column + 1,
                    text.c_str());
}

Result<std::string> read_word(const YAML::Node& node, const std::string& file) {
  if (!node.IsScalar()) return error_at(file, node.Mark(), "expected a word");
  // What follows would not reach a command line.
  if (node.Scalar().find('\0') != std::string::npos) {
    return error_at(file, node.Mark(), "a NUL character in a word");
  }
  return node.Scalar();
}

Result<std::string> read_value(key_type::Path, const YAML::Node& node, const std::string& file) {
  return read_checked(node, file, check_path);
}

Result<bool> read_value(key_type::Bool, const YAML::Node& node, const std::string& file) {
  TRY_ASSIGN(std::string word, read_word(node, file));
  if (word == "true" || word == "false") return word == "true";
  return error_at(file, node.Mark(), "expected true or false, not `" + word + "`");
}

Result<bool> read_value(key_type::Switch, const YAML::Node& node, const std::string& file) {
  return read_value(key_type::Bool(), node, file);
}

Result<std::string> read_value(key_type::Cpu, const YAML::Node& node, const std::string& file) {
  return read_checked(node, file, check_cpu);
}

Result<std::string> read_value(key_type::Text, const YAML::Node& node, const std::string& file) {
  return read_word(node, file);
}

Result<std::string> read_value(key_type::Name, const YAML::Node& node, const std::string& file) {
  return read_checked(node, file, check_name);
}

Result<std::string> read_value(key_type::Cache, const YAML::Node& node, const std::string& file) {
  return read_checked(node, file, check_name);
}

Result<Words> read_value(key_type::Arguments, const YAML::Node& node, const std::string& file) {
  return read_list(node, file, key_type::Arguments::kShape);
}

Result<Words> read_value(key_type::Options, const YAML::Node& node, const std::string& file) {
  return read_checked_list(node, file, key_type::Options::kShape, check_option);
}

Result<key_type::Environment::Value> read_value(key_type::Environment, const YAML::Node& node,
                                                const std::string& file) {
  key_type::Environment::Value variables;
  TRY(for_each_entry(node, file, key_type::Environment::kShape,
                     [&](const YAML::Node& name, const YAML::Node& value) -> Result<void> {
                       TRY(check_word(name, file, check_variable));
                       key_type::Variable variable = {name.Scalar(), {}};
                       if (!value.IsNull()) {
                         TRY_ASSIGN(variable.value, read_word(value, file));
                       }
                       variables.push_back(std::move(variable));
                       return {};
                     }));
  return variables;
}

Result<key_type::SyscallAnswers::Value> read_value(key_type::SyscallAnswers, const YAML::Node& node,
                                                   const std::string& file) {
  key_type::SyscallAnswers::Value answers;
  TRY(for_each_entry(node, file, key_type::SyscallAnswers::kShape,
                     [&](const YAML::Node& call, const YAML::Node& error) -> Result<void> {
                       TRY(check_word(call, file, check_syscall));
                       TRY_ASSIGN(std::string name, read_checked(error, file, check_error));
                       answers.emplace_back(call.Scalar(), name);
                       return {};
                     }));
  return answers;
}

Result<Words> read_value(key_type::Libraries, const YAML::Node& node, const std::string& file) {
  Words emulated;
  TRY(for_each_entry(node, file, key_type::Libraries::kShape,
                     [&](const YAML::Node& library, const YAML::Node& use) -> Result<void> {
                       TRY(check_word(library, file, check_library));
                       TRY(read_checked(use, file, check_library_use));
                       emulated.push_back(library.Scalar());
                       return {};
                     }));
  return emulated;
}

Result<Words> read_value(key_type::Patterns, const YAML::Node& node, const std::string& file) {
  return read_one_or_more(node, file, key_type::Patterns::kShape, check_reference);
}

Result<Words> read_value(key_type::Paths, const YAML::Node& node, const std::string& file) {
  return read_one_or_more(node, file, key_type::Paths::kShape, check_path);
}

Result<Words> read_value(key_type::Digests, const YAML::Node& node, const std::string& file) {
  return read_one_or_more(node, file, key_type::Digests::kShape, check_digest);
}

Result<Words> read_value(key_type::BuildIds, const YAML::Node& node, const std::string& file) {
  return read_one_or_more(node, file, key_type::BuildIds::kShape, check_build_id);
}

Result<void> for_each_entry(const YAML::Node& node, const std::string& file, const char* shape,
                            const Entry& visit) {
  if (!node.IsMap()) return error_at(file, node.Mark(), std::string("expected ") + shape);
  std::set<std::string> seen;
  for (const auto& entry : node) {
    TRY_ASSIGN(std::string name, read_word(entry.first, file));
    if (!seen.insert(name).second) {
      return error_at(file, entry.first.Mark(), "`" + name + "` is given twice");
    }
    TRY(visit(entry.first, entry.second));
  }
  return {};
}

}  // namespace gantry

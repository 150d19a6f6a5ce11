#include "shim/command_line.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace gantry {
namespace {

// What of a word list is a flag with a value. Flags that are not named are taken to have none.
struct Grammar {
  std::span<const std::string_view> valued;
  // Short letters and the long names they stand for.
  std::span<const std::pair<char, std::string_view>> letters;
  bool stop_at_positional;
};

using Letter = std::pair<char, std::string_view>;

constexpr std::string_view kGlobalValued[] = {
    "root", "log", "log-format", "log-level", "rootless", "cgroup-manager", "criu", "config"};
constexpr Letter kGlobalLetters[] = {
    {'v', "version"}, {'V', "version"}, {'h', "help"}, {'?', "help"}};

constexpr std::string_view kCreateValued[] = {"bundle",    "config",       "console-socket",
                                              "pid-file",  "preserve-fds", "image-path",
                                              "work-path", "parent-path",  "manage-cgroups-mode",
                                              "empty-ns",  "lsm-profile",  "lsm-mount-context",
                                              "status-fd", "page-server"};
constexpr Letter kCreateLetters[] = {{'b', "bundle"}, {'f', "config"}, {'d', "detach"}};

constexpr std::string_view kExecValued[] = {
    "console-socket", "cwd",           "env",      "user", "additional-gids", "process",
    "pid-file",       "process-label", "apparmor", "cap",  "preserve-fds",    "cgroup"};
constexpr Letter kExecLetters[] = {{'e', "env"},     {'u', "user"}, {'g', "additional-gids"},
                                   {'p', "process"}, {'c', "cap"},  {'d', "detach"},
                                   {'t', "tty"}};

constexpr Grammar kGlobalGrammar = {kGlobalValued, kGlobalLetters, true};
constexpr Grammar kCreateGrammar = {kCreateValued, kCreateLetters, false};
constexpr Grammar kExecGrammar = {kExecValued, kExecLetters, true};

constexpr std::string_view kCommands[] = {"create", "run",      "exec", "restore", "checkpoint",
                                          "delete", "events",   "kill", "list",    "pause",
                                          "ps",     "resume",   "spec", "start",   "state",
                                          "update", "features", "help", "init",    "mounts"};

bool is_command(const std::string& word) {
  return std::find(std::begin(kCommands), std::end(kCommands), word) != std::end(kCommands);
}

bool takes_value(const Grammar& grammar, std::string_view name) {
  return std::find(grammar.valued.begin(), grammar.valued.end(), name) != grammar.valued.end();
}

std::string_view long_name(const Grammar& grammar, char letter) {
  for (const Letter& entry : grammar.letters) {
    if (entry.first == letter) return entry.second;
  }
  return {};
}

// runc's parser takes "-root DIR" for "--root DIR", crun's takes "-bDIR" for "-b DIR".
Flag read_flag(const Grammar& grammar, std::string_view word) {
  Flag flag;
  bool is_short = word[1] != '-';
  word.remove_prefix(is_short ? 1 : 2);
  std::size_t equals = word.find('=');
  flag.name = word.substr(0, equals);
  if (equals != std::string_view::npos) flag.value = word.substr(equals + 1);
  if (!is_short || takes_value(grammar, flag.name)) return flag;
  std::string_view name = long_name(grammar, word[0]);
  if (name.empty()) return flag;
  if (flag.name.size() == 1) {
    flag.name = name;
  } else if (takes_value(grammar, name)) {
    flag.name = name;
    flag.value = word.substr(1);
  }
  return flag;
}

// Whether the word after an unknown flag is that flag's value: it stands where a command should
// and is none.
bool swallows_next(const Grammar& grammar, const Flag& flag, std::span<const std::string> words,
                   std::size_t next) {
  if (flag.value || next >= words.size()) return false;
  if (takes_value(grammar, flag.name)) return true;
  bool is_global = grammar.valued.data() == kGlobalGrammar.valued.data();
  static constexpr std::string_view kSwitches[] = {"debug", "systemd-cgroup", "version", "help",
                                                   "usage"};
  if (!is_global ||
      std::find(std::begin(kSwitches), std::end(kSwitches), flag.name) != std::end(kSwitches)) {
    return false;
  }
  return !words[next].starts_with('-') && !is_command(words[next]) && next + 1 < words.size() &&
         (is_command(words[next + 1]) || words[next + 1].starts_with('-'));
}

FlagList parse_flags(const Grammar& grammar, std::span<const std::string> words) {
  FlagList list;
  bool only_positional = false;
  for (std::size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    if (only_positional || word.size() < 2 || word[0] != '-') {
      list.positional.push_back(i);
      only_positional |= grammar.stop_at_positional;
      continue;
    }
    if (word == "--") {
      only_positional = true;
      continue;
    }
    Flag flag = read_flag(grammar, word);
    flag.first = i;
    if (swallows_next(grammar, flag, words, i + 1)) {
      flag.value = words[++i];
      flag.count = 2;
    }
    list.flags.push_back(std::move(flag));
  }
  return list;
}

}  // namespace

const Flag* FlagList::find(std::string_view name) const {
  auto found = std::find_if(flags.rbegin(), flags.rend(),
                            [&](const Flag& flag) { return flag.name == name; });
  return found == flags.rend() ? nullptr : &*found;
}

std::string FlagList::value_of(std::string_view name, std::string fallback) const {
  const Flag* flag = find(name);
  return flag && flag->value ? *flag->value : fallback;
}

Result<CommandLine> parse_command_line(std::span<const std::string> words) {
  CommandLine line;
  FlagList all = parse_flags(kGlobalGrammar, words);
  std::size_t end = all.positional.empty() ? words.size() : all.positional.front();
  if (end < words.size()) {
    line.command = words[end];
    line.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(end) + 1, words.end());
  }
  std::vector<bool> ours(words.size());
  for (const Flag& flag : all.flags) {
    if (flag.name != "config") continue;
    if (!flag.value) return make_error(EINVAL, "the flag --config needs a file's name");
    line.config = flag.value;
    for (std::size_t i = 0; i < flag.count; i++) ours[flag.first + i] = true;
  }
  for (std::size_t i = 0; i < end; i++) {
    if (!ours[i]) line.globals.push_back(words[i]);
  }
  line.global_flags = parse_flags(kGlobalGrammar, line.globals);
  return line;
}

FlagList parse_create_flags(const Words& arguments) {
  return parse_flags(kCreateGrammar, arguments);
}

FlagList parse_exec_flags(const Words& arguments) { return parse_flags(kExecGrammar, arguments); }

}  // namespace gantry

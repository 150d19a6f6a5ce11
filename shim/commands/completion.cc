// completion: a script for the user's shell, made from what the parser knows, so that a new command
// or option is in it by being there.
#include <cstdio>
#include <memory>

#include "shim/commands/command.h"

namespace gantry {
namespace {

struct OptionWords {
  std::vector<std::string> names;  // "--root", "-t"
  bool takes_value = false;
  std::string kind;                 // what the help calls the value: "DIR", "FILE", …
  std::vector<std::string> values;  // where there is a fixed list
  std::string text;
};

struct CommandWords {
  std::string path;                                           // "gantry binfmt register"
  std::vector<std::pair<std::string, std::string>> commands;  // below it: name and description
  std::vector<OptionWords> options;
};

std::string first_sentence(const std::string& text) {
  std::string line = text.substr(0, text.find_first_of("\n;("));
  line.erase(line.find_last_not_of(" .") + 1);
  return line;
}

// The parser writes a fixed list behind the value's name: "ENGINE:{all,podman}".
std::vector<std::string> listed_values(const std::string& type) {
  std::vector<std::string> values;
  std::size_t begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return values;
  std::string rest = type.substr(begin + 1, end - begin - 1) + ",";
  for (std::size_t at = 0, comma; (comma = rest.find(',', at)) != std::string::npos;
       at = comma + 1) {
    values.push_back(rest.substr(at, comma - at));
  }
  return values;
}

OptionWords words_of(const CLI::Option& option) {
  OptionWords words;
  for (const std::string& name : option.get_lnames()) words.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) words.names.push_back("-" + name);
  words.takes_value = option.get_expected_max() != 0;
  std::string type = option.get_type_name();
  words.kind = type.substr(0, type.find(':'));
  words.values = listed_values(type);
  words.text = first_sentence(option.get_description());
  return words;
}

void collect(const CLI::App& app, const std::string& path, std::vector<CommandWords>& all) {
  CommandWords words;
  words.path = path;
  std::vector<const CLI::App*> below = app.get_subcommands({});
  for (const CLI::App* command : below) {
    if (command->get_name().empty() || command->get_group().empty()) continue;
    words.commands.emplace_back(command->get_name(), first_sentence(command->get_description()));
  }
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional() && !option->get_group().empty()) {
      words.options.push_back(words_of(*option));
    }
  }
  all.push_back(std::move(words));
  for (const CLI::App* command : below) {
    if (!command->get_name().empty()) collect(*command, path + " " + command->get_name(), all);
  }
}

// For single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string result;
  for (char letter : text) result += letter == '\'' ? "'\\''" : std::string(1, letter);
  return "'" + result + "'";
}

std::string all_words(const CommandWords& command) {
  std::vector<std::string> words;
  for (const auto& [name, text] : command.commands) words.push_back(name);
  for (const OptionWords& option : command.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  return joined(words);
}

// The part that bash and zsh share: which command the words so far are in.
std::string path_cases(const std::vector<CommandWords>& all) {
  std::vector<std::string> paths;
  for (std::size_t i = 1; i < all.size(); i++) paths.push_back("'" + all[i].path + "'");
  return joined(paths, " | ");
}

// Arms of `case "$path $prev"`, with what `line` makes of an option.
template <typename Line>
std::string value_cases(const std::vector<CommandWords>& all, Line line) {
  std::string text;
  for (const CommandWords& command : all) {
    for (const OptionWords& option : command.options) {
      if (!option.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) {
        patterns.push_back("'" + command.path + " " + name + "'");
      }
      text += "    " + joined(patterns, " | ") + ") " + line(option) + " ;;\n";
    }
  }
  return text;
}

std::string bash_script(const std::vector<CommandWords>& all) {
  std::string text =
      "# bash completion for gantry, made by `gantry completion bash`.\n"
      "_gantry() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
      "  local path=gantry words='' i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$path ${COMP_WORDS[i]}\" in\n      " +
      path_cases(all) +
      ") path+=\" ${COMP_WORDS[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path $previous\" in\n";
  text += value_cases(all, [](const OptionWords& option) {
    std::string words = option.values.empty() ? option.kind == "DIR" ? "-d" : "-f"
                                              : "-W '" + joined(option.values) + "'";
    return "mapfile -t COMPREPLY < <(compgen " + words + " -- \"$current\"); return";
  });
  text += "  esac\n  case \"$path\" in\n";
  for (const CommandWords& command : all) {
    text += "    '" + command.path + "') words='" + all_words(command) + "' ;;\n";
  }
  return text +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "}\n"
         "complete -o default -F _gantry gantry\n";
}

std::string zsh_script(const std::vector<CommandWords>& all) {
  std::string text =
      "#compdef gantry\n"
      "# zsh completion for gantry, made by `gantry completion zsh`.\n"
      "_gantry() {\n"
      "  local path_=gantry previous=${words[CURRENT - 1]} word\n"
      "  for word in ${words[2,CURRENT - 1]}; do\n"
      "    case \"$path_ $word\" in\n      " +
      path_cases(all) +
      ") path_+=\" $word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path_ $previous\" in\n";
  text += value_cases(all, [](const OptionWords& option) {
    std::string action = option.values.empty() ? option.kind == "DIR" ? "_files -/" : "_files"
                                               : "compadd -- " + joined(option.values);
    return action + "; return";
  });
  text += "  esac\n  local -a choices\n  case \"$path_\" in\n";
  for (const CommandWords& command : all) {
    text += "    '" + command.path + "') choices=(\n";
    for (const auto& [name, description] : command.commands) {
      text += "      " + quoted(name + ":" + description) + "\n";
    }
    for (const OptionWords& option : command.options) {
      for (const std::string& name : option.names) {
        text += "      " + quoted(name + ":" + option.text) + "\n";
      }
    }
    text += "    ) ;;\n";
  }
  return text +
         "  esac\n"
         "  _describe gantry choices\n"
         "  _files\n"
         "}\n"
         "if [[ $funcstack[1] == _gantry ]]; then _gantry \"$@\"; else compdef _gantry gantry; "
         "fi\n";
}

// True in fish when the words so far are those of the command and of none below it.
std::string fish_condition(const CommandWords& command) {
  std::string text;
  std::string rest = command.path.substr(std::string("gantry").size());
  for (std::size_t at = 0; at < rest.size();) {
    std::size_t end = std::min(rest.find(' ', at + 1), rest.size());
    text += (text.empty() ? "" : "; and ") +
            ("__fish_seen_subcommand_from" + rest.substr(at, end - at));
    at = end;
  }
  std::vector<std::string> below;
  for (const auto& [name, description] : command.commands) below.push_back(name);
  if (below.empty()) return text;
  return text + (text.empty() ? "" : "; and ") + "not __fish_seen_subcommand_from " + joined(below);
}

std::string fish_option(const OptionWords& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.takes_value && option.values.empty()) text += " -r";
  if (!option.values.empty()) text += " -x -a " + quoted(joined(option.values));
  return text + " -d " + quoted(option.text);
}

std::string fish_script(const std::vector<CommandWords>& all) {
  std::string text = "# fish completion for gantry, made by `gantry completion fish`.\n";
  for (const CommandWords& command : all) {
    std::string start = "complete -c gantry -n " + quoted(fish_condition(command));
    for (const auto& [name, description] : command.commands) {
      text += start + " -f -a " + name + " -d " + quoted(description) + "\n";
    }
    for (const OptionWords& option : command.options) text += start + fish_option(option) + "\n";
  }
  return text;
}

int print_script(const CLI::App& app, const std::string& shell) {
  std::vector<CommandWords> all;
  collect(app, app.get_name(), all);
  std::string text = shell == "bash"  ? bash_script(all)
                     : shell == "zsh" ? zsh_script(all)
                                      : fish_script(all);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

void add_completion(CLI::App& app, Invocation& invocation) {
  auto shell = std::make_shared<std::string>();
  auto* command = add_command(
      app, "completion",
      "a script that completes gantry's command line: source <(gantry completion bash)");
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &invocation, shell] {
    invocation.action = [&app, shell] { return print_script(app, *shell); };
  });
}

}  // namespace gantry

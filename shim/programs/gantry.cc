// gantry: the person's tool.

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "profiles/config.h"
#include "shim/commands/command.h"
#include "shim/version.h"

namespace gantry {
namespace {

using std::string_view_literals::operator""sv;

// In the order of --help.
constexpr AddCommand kCommands[] = {
    add_run,    add_image,   add_install, add_uninstall, add_status,   add_doctor,
    add_binfmt, add_profile, add_cache,   add_inspect,   add_features, add_completion,
};

// Words of a program to be run are none of the parser's, which would take some apart.
std::vector<std::string> own_words(int argc, char** argv, Invocation& invocation) {
  char** end = argv + argc;
  char** dashes = std::find_if(argv + 1, end, [](const char* word) { return word == "--"sv; });
  if (dashes != end) invocation.words.assign(dashes + 1, end);
  // CLI11 takes them from the back.
  return {std::reverse_iterator(dashes), std::reverse_iterator(argv + 1)};
}

int main_program(int argc, char** argv) {
  Invocation invocation;
  CLI::App app("Gantry: x86-64 (linux/amd64) containers on this machine.", "gantry");
  app.set_version_flag("--version,-v", std::string("gantry version ") + gantry_version());
  app.require_subcommand(1);
  app.add_option("--config", invocation.config,
                 std::string("configuration file (default: config.yaml and conf.d/*.yaml in ") +
                     kConfigDirectory + ")");
  app.footer("Keys of the configuration file:\n" + describe_config_keys());
  for (AddCommand add : kCommands) add(app, invocation);
  try {
    app.parse(own_words(argc, argv, invocation));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : invocation.usage_status;
  }
  return invocation.action();
}

}  // namespace
}  // namespace gantry

int main(int argc, char** argv) {
  try {
    return gantry::main_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gantry: unexpected: %s\n", error.what());
    return 1;
  }
}

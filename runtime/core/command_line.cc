#include "runtime/core/command_line.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "emulator/engine/dump.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime {
namespace {

using Apply = bool (*)(CommandLine&, const char* value);

bool parse_number(const char* text, int& fd) {
  char* end = nullptr;
  long value = std::strtol(text, &end, 10);
  fd = static_cast<int>(value);
  return *text != '\0' && *end == '\0' && value >= 0 && value <= 0x7fffffff;
}

// A function that stores an option's value, or `true` for an option without one, in a member.
template <auto kMember>
bool store(CommandLine& line, const char* value) {
  using Field = std::remove_reference_t<decltype(line.*kMember)>;
  if constexpr (std::is_same_v<Field, bool>) {
    line.*kMember = true;
  } else if constexpr (std::is_same_v<Field, int>) {
    return parse_number(value, line.*kMember);
  } else if constexpr (std::is_same_v<Field, std::string>) {
    line.*kMember = value;
  } else {
    (line.*kMember).push_back(value);
  }
  return true;
}

template <auto kMember>
bool setting(CommandLine& line, const char* value) {
  if constexpr (std::is_same_v<decltype(Settings{}.*kMember), std::string&&>) {
    line.settings.*kMember = value;
  } else {
    line.settings.*kMember = true;
  }
  return true;
}

struct Option {
  const char* name;
  char letter;             // 0: none
  const char* value_name;  // nullptr: takes no value
  const char* help;        // nullptr: between emulators only
  Apply apply;
};

bool set_engine(CommandLine& line, const char* value) {
  line.settings.engine = value;
  constexpr std::string_view kEngines[] = {"auto", "jit", "interp", "cosim"};
  return std::find(std::begin(kEngines), std::end(kEngines), line.settings.engine) !=
         std::end(kEngines);
}

bool set_memory_model(CommandLine& line, const char* value) {
  line.settings.memory_model = value;
  return line.settings.memory_model == "auto" || line.settings.memory_model == "tso" ||
         line.settings.memory_model == "relaxed";
}

bool set_dump(CommandLine& line, const char* value) {
  jit::Dump dump;
  line.settings.dump = value;
  return engine::parse_dump(value, dump);
}

bool set_code_cache(CommandLine& line, const char* value) {
  line.settings.code_cache = value;
  int size;
  return parse_number(value, size) && size >= 1 && size <= 120;
}

bool set_answer(CommandLine& line, const char* value) {
  line.settings.answers.push_back(value);
  return answer_syscall(value);
}

bool set_argv0(CommandLine& line, const char* value) {
  line.has_argv0 = true;
  line.argv0 = value;
  return true;
}

bool set_variable(CommandLine& line, const char* value) {
  line.set_variables.push_back(value);
  return std::string_view(value).find('=', 1) != std::string_view::npos;
}

constexpr Option kOptions[] = {
    {"help", 'h', nullptr, "show this text", store<&CommandLine::help>},
    {"version", 'V', nullptr, "show the version", store<&CommandLine::version>},
    {"strace", 0, nullptr, "log system calls", setting<&Settings::strace>},
    {"trace", 0, nullptr,
     "log every instruction and the registers, which has the interpreter execute them",
     setting<&Settings::trace>},
    {"stats", 0, nullptr, "report at the end what was interpreted and translated",
     setting<&Settings::stats>},
    {"dump", 0, "LIST",
     "log guest, ir and host code (any of these, with commas) as it is translated; or counts, "
     "which "
     "has the interpreter execute everything: how often each block was, at the end",
     set_dump},
    {"perf-map", 0, nullptr, "name translated code for perf, in /tmp/perf-PID.map",
     setting<&Settings::perf_map>},
    {"gdb", 0, nullptr, "name translated code for gdb", setting<&Settings::debugger>},
    {"engine", 0, "ENGINE",
     "jit (the default on ARM64, and only there), interp, or cosim, which compares the two",
     set_engine},
    {"memory-model", 0, "MODEL",
     "order of memory accesses: auto (default), tso (that of x86-64, always) or relaxed",
     set_memory_model},
    {"exact-float", 0, nullptr, "floating-point exceptions to the last bit, at the cost of speed",
     setting<&Settings::exact_float>},
    {"exact-flags", 0, nullptr,
     "status flags that only the handler of a fault can see, at the cost of speed",
     setting<&Settings::exact_flags>},
    {"no-return-prediction", 0, nullptr,
     "look up where each return leads, for programs that switch stacks without calls",
     setting<&Settings::no_return_prediction>},
    {"verify-code", 0, nullptr,
     "compare instructions with memory before each use, which has the interpreter execute them",
     setting<&Settings::verify_code>},
    {"answer", 0, "CALL=ERROR",
     "fail this system call with this error, as in openat2=ENOSYS (may be given many times)",
     set_answer},
    {"code-cache", 0, "MIB", "memory for translated code, 1 to 120 MiB (default: 96)",
     set_code_cache},
    {"code-store", 0, "DIR",
     "keep translated code in DIR, and use what earlier processes left there",
     setting<&Settings::code_store>},
    {"code-store-read-only", 0, nullptr,
     "only use what is in the code store, which is mounted read-only and may be root's",
     setting<&Settings::code_store_read_only>},
    {"without-host-features", 0, "LIST", "do not use these features of the host's CPU, or all",
     setting<&Settings::without_host_features>},
    {"cpu", 0, "MODEL", "the CPU, as in x86-64-v3,+aes,-avx2 (default: max); see docs/cpu.md",
     setting<&Settings::cpu>},
    {"log", 0, "CHANNELS",
     "log these: decode, engine, loader, memory, syscall, signal, process, all",
     setting<&Settings::log_channels>},
    {"log-file", 0, "FILE", "append log lines to FILE instead of standard error",
     setting<&Settings::log_file>},
    {"argv0", 0, "NAME", "the program's argv[0]", set_argv0},
    {"set-env", 'E', "NAME=VALUE", "set a variable in the program's environment", set_variable},
    {"unset-env", 'U', "NAME", "remove a variable from the program's environment",
     store<&CommandLine::unset_variables>},
    {"exec-fd", 0, "N", nullptr, store<&CommandLine::program_fd>},
    {"emulator-fd", 0, "N", nullptr, store<&CommandLine::emulator_fd>},
    {"file-name", 0, "PATH", nullptr, store<&CommandLine::file_name>},
};

Error usage_error(const std::string& text) {
  return make_error(EINVAL, "%s; see gantry-x64 --help", text.c_str());
}

const Option* find_option(std::string_view argument, const char** value) {
  *value = nullptr;
  for (const Option& option : kOptions) {
    if (argument.starts_with("--")) {
      std::string_view rest = argument.substr(2);
      if (!rest.starts_with(option.name)) continue;
      rest.remove_prefix(std::string_view(option.name).size());
      if (rest.starts_with('=')) *value = rest.data() + 1;
      if (rest.empty() || rest.starts_with('=')) return &option;
    } else if (option.letter && argument[1] == option.letter) {
      if (argument.size() > 2) *value = argument.data() + 2;
      return &option;
    }
  }
  return nullptr;
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, char** argv) {
  CommandLine line;
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
    std::string_view argument = argv[i];
    if (argument == "--") {
      i++;
      break;
    }
    const char* value;
    const Option* option = find_option(argument, &value);
    std::string name(argument.substr(0, argument.find('=')));
    if (!option) return usage_error("unknown option " + name);
    if (value && !option->value_name) return usage_error("option " + name + " takes no value");
    if (!value && option->value_name) {
      if (++i >= argc) return usage_error("option " + name + " needs a value");
      value = argv[i];
    }
    if (!option->apply(line, value)) return usage_error("bad value for option " + name);
  }
  line.program.assign(argv + std::min(i, argc), argv + argc);
  bool needs_program = !line.help && !line.version;
  if (needs_program && line.program.empty()) return usage_error("no program given");
  return line;
}

CommandLine kernel_command_line(int argc, char** argv, int program_fd, bool keeps_argv0) {
  CommandLine line;
  line.program_fd = program_fd;
  line.file_name = argc > 1 ? argv[1] : "";
  line.program.assign(argv + std::min(keeps_argv0 ? 2 : 1, argc), argv + argc);
  return line;
}

std::string help_text() {
  std::string text =
      "usage: gantry-x64 [OPTIONS] PROGRAM [ARGUMENTS...]\n"
      "Runs an x86-64 Linux program. PROGRAM is searched for in PATH if it has no slash.\n"
      "Exit status and death signal are the program's; 126 and 127 as a shell gives them\n"
      "when it cannot be executed or found.\n\n";
  for (const Option& option : kOptions) {
    if (!option.help) continue;
    std::string left = option.letter ? std::string("  -") + option.letter + ", --" : "      --";
    left += option.name;
    if (option.value_name) left += std::string("=") + option.value_name;
    left.resize(std::max<std::size_t>(left.size() + 2, 32), ' ');
    text += left + option.help + "\n";
  }
  return text;
}

std::vector<std::string> emulator_arguments(const Process& process,
                                            const loader::Program& program) {
  const Settings& settings = process.settings;
  std::vector<std::string> arguments{"gantry-x64"};
  if (settings.strace) arguments.push_back("--strace");
  if (settings.trace) arguments.push_back("--trace");
  if (settings.stats) arguments.push_back("--stats");
  if (!settings.log_channels.empty()) arguments.push_back("--log=" + settings.log_channels);
  if (!settings.log_file.empty()) arguments.push_back("--log-file=" + settings.log_file);
  if (!settings.dump.empty()) arguments.push_back("--dump=" + settings.dump);
  if (settings.perf_map) arguments.push_back("--perf-map");
  if (settings.debugger) arguments.push_back("--gdb");
  arguments.push_back("--engine=" + settings.engine);
  arguments.push_back("--memory-model=" + settings.memory_model);
  arguments.push_back("--code-cache=" + settings.code_cache);
  if (!settings.code_store.empty()) arguments.push_back("--code-store=" + settings.code_store);
  if (settings.code_store_read_only) arguments.push_back("--code-store-read-only");
  if (settings.exact_float) arguments.push_back("--exact-float");
  if (settings.exact_flags) arguments.push_back("--exact-flags");
  if (settings.no_return_prediction) arguments.push_back("--no-return-prediction");
  if (settings.verify_code) arguments.push_back("--verify-code");
  for (const std::string& answer : settings.answers) arguments.push_back("--answer=" + answer);
  if (!settings.without_host_features.empty()) {
    arguments.push_back("--without-host-features=" + settings.without_host_features);
  }
  arguments.push_back("--cpu=" + settings.cpu);
  arguments.push_back("--emulator-fd=" + std::to_string(process.emulator_fd));
  arguments.push_back("--exec-fd=" + std::to_string(program.fd));
  arguments.push_back("--file-name=" + program.file_name);
  arguments.push_back("--");
  arguments.insert(arguments.end(), program.argv.begin(), program.argv.end());
  return arguments;
}

}  // namespace gantry::runtime

// gantry-x64: runs an x86-64 Linux program.
#include <fcntl.h>
#include <sched.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "emulator/base/argument_vector.h"
#include "emulator/base/bits.h"
#include "emulator/base/log.h"
#include "emulator/base/perf_map.h"
#include "emulator/engine/dump.h"
#include "emulator/semantics/cpuid.h"
#include "emulator/semantics/features.h"
#include "runtime/core/command_line.h"
#include "runtime/core/report.h"
#include "runtime/loader/elf.h"
#include "runtime/personality.h"
#include "runtime/proc/proc.h"
#include "runtime/process/hidden_fds.h"

namespace gantry::runtime {
namespace {

constexpr int kUsageStatus = 2;

int fail(const Error& error, int status) {
  std::fprintf(stderr, "gantry-x64: %s\n", error.message.c_str());
  return status;
}

// What --log-file names must still be the same file for a program that changed its directory.
std::string absolute_path(const std::string& path) {
  char directory[4096];
  if (path.starts_with('/') || !getcwd(directory, sizeof directory)) return path;
  return std::string(directory) + "/" + path;
}

Result<void> start_log(Process& process) {
  Settings& settings = process.settings;
  if (!settings.log_channels.empty() && !enable_channels(settings.log_channels.c_str())) {
    return make_error(EINVAL, "unknown log channel in '%s'", settings.log_channels.c_str());
  }
  if (settings.log_file.empty()) return {};
  settings.log_file = absolute_path(settings.log_file);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  int fd = open(settings.log_file.c_str(), kFlags, 0666);
  if (fd < 0) return make_system_error(errno, "%s", settings.log_file.c_str());
  int hidden = hide_fd(process, fd, HiddenFd::kLog);
  set_log_descriptor(hidden >= 0 ? hidden : fd);
  return {};
}

// perf wants the host's number of the process, and the file to be that of its user.
Result<void> start_perf_map(Process& process) {
  if (!process.settings.perf_map) return {};
  std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  int fd = open(path.c_str(), kFlags, 0644);
  if (fd < 0) return make_system_error(errno, "%s", path.c_str());
  int hidden = hide_fd(process, fd, HiddenFd::kPerfMap);
  set_perf_map_descriptor(hidden >= 0 ? hidden : fd);
  return {};
}

bool names_variable(const std::string& entry, const std::string& name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

std::vector<std::string> guest_environment(const CommandLine& line) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; entry++) result.push_back(*entry);
  for (const std::string& name : line.unset_variables) {
    std::erase_if(result, [&](const std::string& entry) { return names_variable(entry, name); });
  }
  for (const std::string& variable : line.set_variables) {
    std::string name = variable.substr(0, variable.find('='));
    std::erase_if(result, [&](const std::string& entry) { return names_variable(entry, name); });
    result.push_back(variable);
  }
  return result;
}

Result<loader::Program> find_program(const CommandLine& line) {
  if (line.program_fd >= 0) {
    return loader::program_from_descriptor(line.program_fd, line.file_name, line.program);
  }
  TRY_ASSIGN(std::string path, loader::find_in_path(line.program[0], std::getenv("PATH")));
  std::vector<std::string> argv = line.program;
  if (line.has_argv0) argv[0] = line.argv0;
  return loader::resolve_program(AT_FDCWD, path, 0, argv);
}

// A program of the host's own architecture needs no emulator.
int run_native(const loader::Program& program, const std::vector<std::string>& environment) {
  fexecve(program.fd, argument_vector(program.argv).data(), argument_vector(environment).data());
  int error = errno;
  return fail(make_system_error(error, "%s", program.path.c_str()), loader::exit_status_of(error));
}

void describe(Process& process, const loader::Program& program) {
  process.file_name = program.file_name;
  process.argv = program.argv;
  for (const std::string& argument : program.argv) process.command_line += argument + '\0';
  process.comm = program.file_name.substr(program.file_name.rfind('/') + 1).substr(0, 15);
  int hidden = hide_fd(process, program.fd, HiddenFd::kProgram);
  process.program_fd = hidden >= 0 ? hidden : program.fd;
}

// Those that this process may use: sysconf(3) would open a file to count them all.
unsigned cpu_count() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) < 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&set));
}

Result<void> start_engine(const Settings& settings) {
  jit::Settings& translation = engine::options.translation;
  engine::parse_dump(settings.dump, translation.dump);
  // Each instruction is seen by the interpreter.
  if (settings.engine == "interp" || settings.trace || translation.dump.counts) {
    engine::dump_decoded_blocks();
    return {};
  }
  translation.without_features = settings.without_host_features;
  translation.exact_float = settings.exact_float;
  translation.exact_flags = settings.exact_flags;
  translation.predicts_returns = !settings.no_return_prediction;
  translation.debugger = settings.debugger;
  translation.cache_bytes = u64{1 << 20} * static_cast<u64>(std::atoi(settings.code_cache.c_str()));
  if (settings.memory_model == "tso") translation.memory_model = jit::MemoryModel::kTso;
  if (settings.memory_model == "relaxed") translation.memory_model = jit::MemoryModel::kRelaxed;
  engine::options.cosim = settings.engine == "cosim";
  auto enabled = engine::enable_translation();
  if (enabled || enabled.error().code != ENOTSUP) return enabled;
  if (settings.engine != "auto") {
    LOG(kWarning, "%s: interpreting", enabled.error().message.c_str());
  }
  engine::dump_decoded_blocks();
  return {};
}

// Without it programs run as well. Not for those with more privileges than their caller, who would
// choose the code.
void start_storing(Process& process) {
  std::string& directory = process.settings.code_store;
  if (directory.empty() || getauxval(AT_SECURE)) return;
  directory = absolute_path(directory);
  bool is_read_only = process.settings.code_store_read_only;
  auto secret = engine::store_translated_code(directory, is_read_only);
  if (!secret && is_read_only) {
    // Whoever started the program need not know of it.
    LOG(kEngine, "stored code is not used: %s", secret.error().message.c_str());
  } else if (!secret) {
    LOG(kWarning, "translated code is not stored: %s", secret.error().message.c_str());
  } else if (*secret != 0) {
    process.memory->keep_places(*secret);
  }
}

// The C library's start leaves the break within a page. Where the heap cannot grow there at first,
// but later can, as under qemu-user, malloc then finds that its end is no page's and gives up.
void align_break() {
  auto end = reinterpret_cast<u64>(sbrk(0));
  sbrk(static_cast<intptr_t>(align_up(end, static_cast<u64>(sysconf(_SC_PAGESIZE))) - end));
}

// Nothing here is ever freed: the process ends without returning from its first task.
int run(const CommandLine& line, char** argv) {
  auto* process = new Process;
  process->settings = line.settings;
  if (auto log = start_log(*process); !log) return fail(log.error(), kUsageStatus);
  if (auto cpu = sem::choose_cpu(line.settings.cpu); !cpu) return fail(cpu.error(), kUsageStatus);
  if (auto map = start_perf_map(*process); !map) return fail(map.error(), kUsageStatus);
  engine::options.trace = line.settings.trace;
  if (auto engine = start_engine(line.settings); !engine) return fail(engine.error(), kUsageStatus);
  prepare_reports(GANTRY_VERSION, line.settings);
  if (line.settings.trace) enable_channel(Channel::kTrace);
  std::vector<std::string> environment = guest_environment(line);

  auto program = find_program(line);
  if (!program) return fail(program.error(), loader::exit_status_of(program.error().code));
  if (program->kind == loader::ProgramKind::kNative) return run_native(*program, environment);
  open_emulator(*process, line.emulator_fd);

  auto memory = AddressSpace::create(static_cast<u64>(sysconf(_SC_PAGESIZE)));
  if (!memory) return fail(memory.error(), loader::exit_status_of(ENOMEM));
  process->memory = *memory;
  start_storing(*process);
  auto image = loader::load(*process->memory, *program, environment);
  if (!image) return fail(image.error(), loader::exit_status_of(image.error().code));
  process->image = *image;
  describe(*process, *program);
  proc::publish_command_line(*process, argv);
  sem::set_cpu_count(cpu_count());

  auto* task = new Task;
  task->process = process;
  task->os = &personality();
  task->cpu.rip = image->entry;
  task->cpu.gpr[guest::kRsp] = image->stack_pointer;
  set_current_task(task);
  run_first_task(*task);
}

// Whether the kernel has started us for a program, as it was told to (binfmt_misc).
bool is_started_by_kernel(int& program_fd) {
  errno = 0;
  program_fd = static_cast<int>(getauxval(AT_EXECFD));
  return errno == 0;
}

Result<CommandLine> read_command_line(int argc, char** argv) {
  int program_fd;
  if (!is_started_by_kernel(program_fd)) return parse_command_line(argc, argv);
  // AT_FLAGS_PRESERVE_ARGV0 of <linux/binfmts.h>, since Linux 5.12.
  bool keeps_argv0 = getauxval(AT_FLAGS) & 1;
  return kernel_command_line(argc, argv, program_fd, keeps_argv0);
}

}  // namespace
}  // namespace gantry::runtime

int main(int argc, char** argv) {
  using namespace gantry::runtime;
  align_break();
  auto line = read_command_line(argc, argv);
  if (!line) return fail(line.error(), kUsageStatus);
  if (line->help) {
    std::fputs(help_text().c_str(), stdout);
    return 0;
  }
  if (line->version) {
    std::puts("gantry-x64 " GANTRY_VERSION);
    return 0;
  }
  return run(*line, argv);
}

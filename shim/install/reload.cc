#include "shim/install/reload.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "emulator/base/files.h"
#include "shim/low_level.h"
#include "shim/settings.h"

namespace gantry::install {
namespace {

std::string run_directory(bool rootless) {
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  return rootless && own ? own : "/run";
}

// The number in a file that a daemon has written; 0 when it is none.
pid_t read_pid(const std::string& path) {
  std::string text = read_whole_file(path);
  pid_t pid = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return error == std::errc() && pid > 0 ? pid : 0;
}

// The engine's main process. A file may be left of one that has ended and whose number another
// program has now: so its name is looked at while the descriptor keeps the number from being given
// to yet another.
UniqueFd open_process(pid_t pid, const Engine& engine) {
  if (pid == 0) return UniqueFd();
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  std::string name = read_whole_file("/proc/" + std::to_string(pid) + "/comm");
  return name == std::string(engine.program) + "\n" ? std::move(process) : UniqueFd();
}

// The words before a command of systemctl.
Words systemctl(bool rootless, const Words& command) {
  Words words;
  if (rootless) words.push_back("--user");
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

bool is_active(const std::string& unit, bool rootless) {
  std::string program = find_host_program("systemctl");
  // sd_booted(3).
  if (program.empty() || ::access("/run/systemd/system", F_OK) < 0) return false;
  Result<Output> output =
      run_program(program, systemctl(rootless, {"is-active", "--quiet", unit}), true);
  return output && output->status == 0;
}

}  // namespace

Reload find_reload(const Engine& engine, bool rootless) {
  Reload reload;
  if (engine.pid_file) {
    pid_t pid = read_pid(run_directory(rootless) + "/" + engine.pid_file);
    reload.process = open_process(pid, engine);
    if (!reload.process) return reload;
    reload.kind = Reload::kSignal;
    reload.text = "SIGHUP to process " + std::to_string(pid);
  } else if (engine.reloading_unit) {
    if (!is_active(engine.reloading_unit, rootless)) return reload;
    reload.kind = Reload::kUnit;
    reload.unit = engine.reloading_unit;
    reload.text = std::string("systemctl reload ") + engine.reloading_unit;
  } else {
    reload.kind = Reload::kNeedsRestart;
  }
  return reload;
}

Result<void> reload_engine(const Reload& reload, bool rootless) {
  if (reload.kind == Reload::kSignal) {
    if (::syscall(SYS_pidfd_send_signal, reload.process.get(), SIGHUP, nullptr, 0) == 0) return {};
    return make_system_error(errno, "%s", reload.text.c_str());
  }
  if (reload.kind != Reload::kUnit) return {};
  TRY_ASSIGN(Output output, run_program(find_host_program("systemctl"),
                                        systemctl(rootless, {"reload", reload.unit}), true));
  if (output.status == 0) return {};
  return make_error(EIO, "%s: %s", reload.text.c_str(), output.first_line().c_str());
}

}  // namespace gantry::install

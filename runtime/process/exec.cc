#include "runtime/process/exec.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "emulator/base/argument_vector.h"
#include "emulator/base/log.h"
#include "runtime/core/command_line.h"
#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"
#include "runtime/loader/program.h"
#include "runtime/proc/proc.h"
#include "runtime/signals/deliver.h"
#include "runtime/signals/handlers.h"
#include "runtime/signals/host_signals.h"

namespace gantry::runtime {
namespace {

using loader::Program;
using loader::ProgramKind;

// Descriptors that the next program gets although they are close-on-exec now.
class Inherit {
 public:
  explicit Inherit(int fd) : fd_(fd), flags_(fd < 0 ? 0 : ::fcntl(fd, F_GETFD)) {
    if (fd_ >= 0) ::fcntl(fd_, F_SETFD, flags_ & ~FD_CLOEXEC);
  }
  ~Inherit() {
    if (fd_ >= 0) ::fcntl(fd_, F_SETFD, flags_);
  }
  Inherit(const Inherit&) = delete;
  Inherit& operator=(const Inherit&) = delete;

 private:
  int fd_;
  int flags_;
};

// The signal state as the next program shall inherit it: ignored fault signals are ignored, and
// blocked ones blocked on the host, too. Undone unless the exec succeeds.
class InheritedSignals {
 public:
  explicit InheritedSignals(Task& task) : task_(task) {
    for (int signal : kFaultSignalNumbers) {
      HostAction ignore = {.handler = reinterpret_cast<HostHandler>(kHandlerIgnore)};
      if (guest_action(*task.process, signal).handler == kHandlerIgnore)
        set_host_action(signal, ignore);
    }
  }
  ~InheritedSignals() {
    install_fault_handlers();
    // A signal that was stored meanwhile keeps everything blocked.
    if (!change_task_mask(task_, task_.signals.mask)) return;
  }
  InheritedSignals(const InheritedSignals&) = delete;
  InheritedSignals& operator=(const InheritedSignals&) = delete;

 private:
  Task& task_;
};

struct HostExec {
  int fd;
  const char* path;
  int flags;
};

// Not entered, and kRestartSyscall, when a signal for a handler of the guest has arrived: the next
// program would never see it.
s64 host_exec(Task& task, const HostExec& how, char** argv, char** environment) {
  u64 mask = task.signals.mask;
  s64 result = blocking_syscall(task, SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<u64>(&mask),
                                0, sizeof mask);
  if (result == kRestartSyscall) return result;
  // QEMU's user emulation before 8.0 has no execveat.
  if (how.fd == AT_FDCWD && how.flags == 0) {
    return blocking_syscall(task, SYS_execve, reinterpret_cast<u64>(how.path),
                            reinterpret_cast<u64>(argv), reinterpret_cast<u64>(environment));
  }
  return blocking_syscall(task, SYS_execveat, static_cast<u64>(static_cast<s64>(how.fd)),
                          reinterpret_cast<u64>(how.path), reinterpret_cast<u64>(argv),
                          reinterpret_cast<u64>(environment), static_cast<u64>(how.flags));
}

// By the descriptor, which works after chroot and when the file is gone; else by name: a host that
// starts our binary through binfmt_misc may refuse descriptors.
s64 exec_emulator(Task& task, char** argv, char** environment) {
  const Process& process = *task.process;
  std::string by_proc = "/proc/self/fd/" + std::to_string(process.emulator_fd);
  const HostExec ways[] = {
      {process.emulator_fd, "", AT_EMPTY_PATH},
      {AT_FDCWD, by_proc.c_str(), 0},
      {AT_FDCWD, process.emulator_path.c_str(), 0},
  };
  s64 result = -ENOENT;
  for (const HostExec& way : ways) {
    result = host_exec(task, way, argv, environment);
    bool refused = result == -ENOENT || result == -ENOSYS || result == -EACCES || result == -EBADF;
    if (!refused) return result;
  }
  return result;
}

s64 exec_guest(Task& task, const Program& program, char** environment) {
  Inherit emulator(task.process->emulator_fd);
  Inherit file(program.fd);
  std::vector<std::string> arguments = emulator_arguments(*task.process, program);
  s64 result = exec_emulator(task, argument_vector(arguments).data(), environment);
  bool ours =
      result != kRestartSyscall && result != -E2BIG && result != -ENOMEM && result != -EAGAIN;
  if (ours)
    LOG(kError, "cannot start the emulator for %s: error %d", program.path.c_str(),
        static_cast<int>(-result));
  return result;
}

s64 exec_native(Task& task, Program& program, char** environment) {
  LOG(kProcess, "%s is the kernel's to start", program.path.c_str());
  return host_exec(task, {AT_FDCWD, program.path.c_str(), 0}, argument_vector(program.argv).data(),
                   environment);
}

// Whether execve(2) would give the process other rights than it has: set-user-ID and set-group-ID
// mode bits, or capabilities of the file (capabilities(7), "File capabilities").
bool gives_rights(const Program& program) {
  struct stat info;
  if (program.kind != ProgramKind::kGuest || ::fstat(program.fd, &info)) return false;
  if ((info.st_mode & S_ISUID) && info.st_uid != ::geteuid()) return true;
  constexpr mode_t kSetGroup = S_ISGID | S_IXGRP;
  if ((info.st_mode & kSetGroup) == kSetGroup && info.st_gid != ::getegid()) return true;
  return ::geteuid() != 0 && ::fgetxattr(program.fd, "security.capability", nullptr, 0) > 0;
}

s64 exec_guest_or_native(Task& task, Program& program, char** environment) {
  if (program.kind == ProgramKind::kNative) return exec_native(task, program, environment);
  // Only the kernel can give rights, and it gives them to the emulator that binfmt_misc names for
  // the program (flag C). Without an entry the program runs with the rights there are.
  if (gives_rights(program)) {
    s64 result = exec_native(task, program, environment);
    if (result != -ENOEXEC) return result;
  }
  return exec_guest(task, program, environment);
}

s64 exec_program(Task& task, Program& program, std::vector<std::string>& environment) {
  engine::save_translated_code();
  std::vector<char*> strings = argument_vector(environment);
  InheritedSignals signals(task);
  return exec_guest_or_native(task, program, strings.data());
}

}  // namespace

s64 execute(Task& task, ExecRequest& request) {
  std::string name = request.path;
  bool redirected = proc::redirect(task, request.directory_fd, request.path);
  if (request.argv.empty()) request.argv.emplace_back();  // as Linux 5.18 and later
  auto program = loader::resolve_program(request.directory_fd, request.path, request.flags,
                                         std::move(request.argv));
  if (!program) {
    LOG(kProcess, "execve: %s", program.error().message.c_str());
    return -program.error().code;
  }
  if (redirected) program->file_name = name;
  s64 result = exec_program(task, *program, request.environment);
  if (program->fd >= 0) ::close(program->fd);
  return result;
}

}  // namespace gantry::runtime

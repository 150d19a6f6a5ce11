#include "runtime/personality.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <csetjmp>

#include "emulator/base/check.h"
#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"
#include "runtime/process/exit.h"
#include "runtime/process/hidden_fds.h"
#include "runtime/signals/deliver.h"
#include "runtime/signals/exceptions.h"
#include "runtime/signals/handlers.h"

namespace gantry::runtime {
namespace {

Personality the_personality;

Task& task_of(engine::Thread& thread) { return static_cast<Task&>(thread); }

// While it lives no guest instruction is executing: a fault outside of guarded() is the emulator's
// own.
class InPersonality {
 public:
  explicit InPersonality(Task& task) : task_(task), recovery_(task.cpu.recovery) {
    task_.signals.in_personality = true;
    task_.cpu.recovery = nullptr;
  }
  ~InPersonality() {
    task_.cpu.recovery = recovery_;
    task_.signals.in_personality = false;
  }
  InPersonality(const InPersonality&) = delete;
  InPersonality& operator=(const InPersonality&) = delete;

 private:
  Task& task_;
  std::jmp_buf* recovery_;
};

}  // namespace

Personality& personality() { return the_personality; }

void Personality::syscall(engine::Thread& thread) {
  InPersonality inside(task_of(thread));
  dispatch_syscall(task_of(thread));
}

void Personality::exception(engine::Thread& thread) {
  InPersonality inside(task_of(thread));
  raise_exception(task_of(thread));
}

void Personality::safepoint(engine::Thread& thread) {
  InPersonality inside(task_of(thread));
  deliver_pending(task_of(thread));
}

engine::CodePage Personality::prepare_code_page(u64 address) {
  Task& task = *current_task();
  InPersonality inside(task);
  engine::CodePage page = task.process->memory->prepare_code_page(address);
  if (page == engine::CodePage::kNotExecutable) return page;
  // A page of a file's mapping that lies beyond the file's end cannot be fetched from.
  u8 byte;
  if (!copy_in(task, &byte, address, sizeof byte)) return engine::CodePage::kNotExecutable;
  return task.process->settings.verify_code ? engine::CodePage::kVerify : page;
}

bool Personality::read_constant(u64 address, u64& value) {
  Task& task = *current_task();
  InPersonality inside(task);
  return task.process->memory->prepare_constant(address) &&
         copy_in(task, &value, address, sizeof value);
}

bool Personality::find_code_file(u64 address, engine::CodeFile& file) {
  return current_task()->process->memory->find_code_file(address, file);
}

// Opened for reading where that is permitted: CRIU cannot restore a process that has its own
// program open with O_PATH, since it takes prctl(2)'s PR_SET_MM_EXE_FILE for the same open file.
int open_program(const char* path) {
  int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  return fd >= 0 ? fd : ::open(path, O_PATH | O_CLOEXEC);
}

void open_emulator(Process& process, int inherited) {
  char path[PATH_MAX];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length > 0) process.emulator_path.assign(path, static_cast<std::size_t>(length));

  int fd = inherited;
  if (fd < 0) fd = open_program("/proc/self/exe");
  if (fd < 0) fd = open_program(reinterpret_cast<const char*>(::getauxval(AT_EXECFN)));
  if (fd >= 0) process.emulator_fd = hide_fd(process, fd, HiddenFd::kEmulator);
}

void run_first_task(Task& task) {
  CHECK(task.process != nullptr);
  task.os = &the_personality;
  adopt_host_signals(*task.process);
  set_current_task(&task);
  // An inherited mask may hold fault signals, which the host must not block from here on.
  u64 inherited = set_host_mask(kAllSignals & ~kFaultSignals);
  set_task_mask(task, inherited);
  run_task(&task);
  UNREACHABLE();
}

}  // namespace gantry::runtime

// Personality: Linux as the engine sees it. There is one for all threads.
#pragma once

#include "emulator/engine/guest_os.h"
#include "runtime/core/task.h"

namespace gantry::runtime {

class Personality final : public engine::GuestOs {
 public:
  void syscall(engine::Thread& thread) override;
  void exception(engine::Thread& thread) override;
  void safepoint(engine::Thread& thread) override;
  engine::CodePage prepare_code_page(u64 address) override;
  bool read_constant(u64 address, u64& value) override;
  bool find_code_file(u64 address, engine::CodeFile& file) override;
};

Personality& personality();

// Opens the emulator's own file, which execve(2) starts again, as process.emulator_fd. `inherited`
// is the descriptor that the emulator before this one handed on (--emulator-fd=N), or -1.
void open_emulator(Process& process, int inherited);

// Runs the first task of a process, whose registers the loader has set, on the calling thread,
// which is the only one. Takes over the host's signals first.
[[noreturn]] void run_first_task(Task& task);

}  // namespace gantry::runtime

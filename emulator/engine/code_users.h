// The threads that may be executing translated code: who is told when it is forgotten, and who must
// have left it before its memory is used for other code.
#pragma once

#include <atomic>

#include "emulator/guest/cpu.h"

namespace gantry::engine {

// What the others see of one of them.
struct CodeUser {
  std::atomic<guest::Cpu*> cpu{nullptr};
  // The thread holds no code from before this epoch of BlockCache; 0: none at all.
  std::atomic<u64> epoch{0};
};

// nullptr when there are too many of them: the thread is to be interpreted.
CodeUser* add_code_user(guest::Cpu& cpu);
// When this returns nobody writes to its Cpu any more.
void remove_code_user(CodeUser& user);
// After fork(2), in the child: the other threads are the parent's. `user` may be nullptr.
void keep_code_user(CodeUser* user);

// Cpu::leave_soon() of all. Async-signal-safe.
void interrupt_code_users();
// Whether nobody holds code from before the epoch, which has begun.
bool is_older_code_unused(u64 epoch);

}  // namespace gantry::engine

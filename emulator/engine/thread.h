// A guest thread as the engine sees it, and the loop that executes it.
#pragma once

#include "emulator/engine/block_cache.h"
#include "emulator/engine/guest_os.h"
#include "emulator/guest/cpu.h"

namespace gantry::engine {

struct Thread {
  guest::Cpu cpu;  // first: translated code addresses it through the thread register
  GuestOs* os = nullptr;
  struct CodeUser* code_user = nullptr;  // while run() may translate: code_users.h
  BlockCache blocks;
  u32 hot = 0;  // how often a block is interpreted before it is translated (engine/translate.h)
  // Set by the personality: run() returns after the current safepoint, syscall or exception.
  bool finished = false;
  // Execute the next instruction alone and uncached: it writes to the page that it lies on.
  bool single_step_once = false;
  // The last instruction has loaded SS: no debug trap before the next one has executed, which has
  // no such effect itself (SDM vol. 3, section 6.8.3).
  bool trap_shadow = false;
  // Instructions of blocks that were entered since the last safepoint; kept for --stats.
  u64 executed = 0;
};

struct Options {
  bool trace = false;  // log every instruction with the registers before it
  bool jit = false;    // translate what is executed often
  bool cosim = false;  // compare translated code with the interpreter (engine/cosim.h)
  jit::Settings translation;
};
extern Options options;

// Translates what is executed often, or with options.cosim all, from now on. Fails as
// jit::prepare() does.
Result<void> enable_translation();

// Keeps translated code in the directory, and uses what is there; only the latter when it is
// read-only. Fails as CodeStore::open() and open_read_only(). A number that those who use the
// directory have in common, and nobody else knows; 0 when code is not translated, or compared.
// save_translated_code() is for the process's end, and before it executes another program.
Result<u64> store_translated_code(const std::string& directory, bool is_read_only);
void save_translated_code();
u64 stored_units_used();

// What executes guest code, "jit", "cosim" or "interp", and the host's features that it uses,
// separated by commas.
const char* engine_name();
std::string host_features();

// What there is of translated code.
jit::Usage translated_code_usage();

// Instructions that all threads have interpreted up to their last safepoint.
u64 executed_instructions();

// Flags under which instructions are executed one by one.
constexpr u64 kStepFlags = guest::kTF | guest::kAC;

// Something other than the next block is due.
inline bool must_leave(const guest::Cpu& cpu) {
  return cpu.interrupt || (cpu.system_flags & kStepFlags);
}

// Translated code is made for the usual MXCSR until a thread has another one. True when what was
// found before is of no use any more.
bool adapt_to_mxcsr(const guest::Cpu& cpu);

// Executes the thread until it is finished.
void run(Thread& thread);

// For a thread that ended before run() returned: it was in a process of its own, which borrowed the
// memory of this one.
void stop_using_code(Thread& thread);

// Around fork(2), by the thread that forks. Nothing of the engine's is in the middle of a change
// then, and the child knows that it has no other thread.
void lock_code_store();
void lock_for_fork();
void unlock_after_fork(Thread& thread, bool is_child);
void unlock_code_store(bool is_child);

// Invalidates everything that was decoded from memory that is no longer what it was.
// Async-signal-safe.
void invalidate_code();

// Memory is about to be seen by others than the one thread that there is: by a second one, or by
// another process. To be called before they can look at it, by the thread.
void share_memory();

// For the host's signal handler: whether `pc` is in translated code. The thread then has the
// guest's registers out of the host's `ucontext`, and is to execute the instruction at RIP alone.
// Async-signal-safe.
bool leave_translated(Thread& thread, u64 pc, const void* ucontext);

// For the host's signal handler: whether `pc` is in code of ours between translated code and C++,
// which accesses no memory of the guest's. Async-signal-safe.
bool is_between(u64 pc);

// Logs, for the report of an error of ours at `pc`, what is known of the translated code there: its
// unit, the guest's instruction, the host's instructions around it. The thread then has the guest's
// registers as leave_translated() leaves them. False when `pc` is in none.
bool report_translated(Thread& thread, u64 pc, const void* ucontext);

// For the host's signal handler, of a memory fault at `address`: whether that was about where the
// translated code at `pc` returns to, and it can be repeated.
bool repair_return_stack(u64 pc, u64 address, void* ucontext);

// For the host's signal handler: whether `pc`, which met an address that is not aligned, is in
// translated code that does not mind any longer, and can be repeated.
bool allow_misaligned(u64 pc);

// Runs body() with memory faults turned into a `false` result: the personality's access to guest
// memory. Objects that live inside body() must have trivial destructors.
template <typename F>
bool guarded(guest::Cpu& cpu, F&& body) {
  std::jmp_buf guard;
  std::jmp_buf* outer = cpu.recovery;
  if (setjmp(guard)) {
    cpu.recovery = outer;
    return false;
  }
  cpu.recovery = &guard;
  body();
  cpu.recovery = outer;
  return true;
}

}  // namespace gantry::engine

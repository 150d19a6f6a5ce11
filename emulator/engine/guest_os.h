// The boundary between the engine, which executes instructions, and the operating system
// personality above it (runtime/), which owns memory, system calls and signals.
#pragma once

#include "emulator/base/types.h"

namespace gantry::engine {

struct Thread;

// How instructions of one guest page may be cached.
enum class CodePage : u8 {
  kNotExecutable,  // fetching there faults
  kStable,         // cannot change without invalidate_code() being called: read-only, or
                   // write-protected by the personality so that a write is noticed
  kVerify,         // may change at any time (shared writable mappings, pages that are rewritten
                   // often): cached instructions are compared with memory before each use
};

// A file's private mapping that holds code.
struct CodeFile {
  u64 id = 0;  // of what is in the file: the same in each process that maps it
  u64 start = 0, end = 0;
};

class GuestOs {
 public:
  // SYSCALL was executed; cpu.rip is past it. Puts the result into RAX.
  virtual void syscall(Thread& thread) = 0;

  // The instruction at cpu.rip raised cpu.fault. Turns it into a guest signal or ends the process.
  virtual void exception(Thread& thread) = 0;

  // cpu.interrupt was set: delivers pending signals. Guest state is precise.
  virtual void safepoint(Thread& thread) = 0;

  // Asked before instructions on the page of `address` are cached.
  virtual CodePage prepare_code_page(u64 address) = 0;

  // The eight bytes at `address`, a multiple of 8, if they cannot change without invalidate_code()
  // being called from now on. False elsewhere.
  virtual bool read_constant(u64 address, u64& value) = 0;

  // The file that `address` is mapped from; false where there is none that has the same code at the
  // same address in other processes.
  virtual bool find_code_file(u64, CodeFile&) { return false; }

 protected:
  ~GuestOs() = default;
};

}  // namespace gantry::engine

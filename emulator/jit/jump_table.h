// Where indirect jumps of a thread have led: guest addresses with the code there, as translated
// code looks them up first. What is not found is looked up in the table of the process
// (code_table.h), and noted here.
//
// Nobody else reads or writes it, so that both halves of an entry always belong together. Another
// thread, or a signal handler, that wants the thread to leave its code gives it the table without
// entries (guest::Cpu::leave_soon()): so the lookup is a poll as well.
#pragma once

#include "emulator/base/types.h"

namespace gantry::jit {

class JumpTable {
 public:
  static constexpr unsigned kBits = 14;  // of the guest address, the lowest: the entry's number
  // Complemented in the address of code that reads status flags before it writes them, so that only
  // those look there who have the flags. No address differs from another one in this bit alone.
  static constexpr u64 kReadsFlags = u64{1} << 63;

  struct Entry {
    u64 rip;
    const void* code;
  };
  static constexpr u64 kBytes = sizeof(Entry) << kBits;  // the table is aligned to it

  JumpTable() = default;
  JumpTable(const JumpTable&) = delete;
  JumpTable& operator=(const JumpTable&) = delete;

  // Forgets all; before the first time there is no table. False when the host refuses the memory.
  bool clear();
  // Gives the memory back.
  void release();
  void* address() const { return entries_; }

 private:
  Entry* entries_ = nullptr;
};

}  // namespace gantry::jit

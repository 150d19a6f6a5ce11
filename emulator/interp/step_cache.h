// Instructions as they were decoded before. What decides about an instruction is its head, the
// prefixes, opcode, ModRM and SIB; the displacement and the immediate behind it are numbers. So
// code that is new has few instructions that must be decoded: for most, another one of the same
// head was, and its Step is copied and its numbers read.
#pragma once

#include <cstdlib>
#include <memory>

#include "emulator/base/check.h"
#include "emulator/interp/eval.h"
#include "emulator/x86/insn.h"

namespace gantry::interp {

// An instruction and what executes it.
struct Step {
  Handler handler;
  x86::Insn insn;
};

class StepCache {
 public:
  // So many bytes at `code` are read, whatever the instruction's length.
  static constexpr unsigned kReadAhead = 24;

  // The instruction at `code`, which is that of guest address `rip`. False when none of the same
  // head is known.
  bool find(const u8* code, u64 rip, Step& step) const;
  // Remembers the step, which was decoded from `code`. Some instructions cannot be.
  void note(const u8* code, const Step& step);

 private:
  enum class Extension : u8 { kNone, kZero, kSign, kRelative };
  struct Number {
    u8 offset = 0;  // in the instruction
    u8 unused = 0;  // bits of the eight bytes there
    Extension extension = Extension::kNone;
  };
  struct Entry {
    u64 head;  // as its first bytes
    u64 mask;  // those that it has
    Number displacement, immediate;
    Step step;  // without a handler: there is none

    bool is_of(u64 bytes) const { return ((bytes ^ head) & mask) == 0 && step.handler; }
  };
  // An instruction has two places, index_of() and the other one of the pair; the one that was noted
  // last is at the former.
  static constexpr unsigned kBits = 12;

  static u64 index_of(u64 bytes);
  static s64 read(const u8* code, Number number);
  static bool find_numbers(Entry& entry, u8 last_of_head);

  // Memory that is zero and that the host gives page by page as it is used.
  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };
  static Entry* make_entries() {
    void* entries = std::calloc(std::size_t{1} << kBits, sizeof(Entry));
    CHECK(entries != nullptr);
    return static_cast<Entry*>(entries);
  }
  std::unique_ptr<Entry[], Free> entries_{make_entries()};
};

}  // namespace gantry::interp

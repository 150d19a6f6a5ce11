// Instructions as they were decoded before. What decides about an instruction is its head, the
// prefixes, opcode, ModRM and SIB; the displacement and the immediate behind it are numbers. So
// code that is new has few instructions that must be decoded: for most, another one of the same
// head was, and its Step is copied and its numbers read.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "emulator/base/check.h"
#include "emulator/interp/eval.h"
#include "emulator/x86/insn.h"
#include "emulator/x86/opcode_lookup.h"

namespace gantry::interp {

// An instruction and what executes it: alone, or in a row of steps, where the handler goes on with
// the next one. A row ends with an instruction that ends a block, or with end_of_row().
struct Step {
  Handler handler;
  x86::Insn insn;
};

// For a row that is executed from its first step on, with RIP there.
Handler handler_in_row(const Insn& insn);
// Behind the last instruction, where RIP is this address then.
Step end_of_row(u64 rip);

// Goes on behind the step that the instruction is of.
inline void execute_next(Cpu& cpu, const Insn& insn) {
  const u8* step = reinterpret_cast<const u8*>(&insn) - offsetof(Step, insn);
  const Step& next = reinterpret_cast<const Step*>(step)[1];
  cpu.rip = next.insn.rip;
  next.handler(cpu, next.insn);
}

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

  static u64 read_bytes(const u8* at) {
    u64 bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
  }
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

// By REX, 0F and what the opcode has of ModRM; other prefixes and maps are taken for opcodes of
// four bytes.
inline u64 StepCache::index_of(u64 bytes) {
  unsigned bits = 0;
  const auto* cells = &x86::kOpcodeCells[static_cast<unsigned>(x86::Map::k1)];
  if ((bytes & 0xf0) == 0x40) bits = 8;
  if ((bytes >> bits & 0xff) == 0x0f) {
    bits += 8;
    cells = &x86::kOpcodeCells[static_cast<unsigned>(x86::Map::k0F)];
  }
  const x86::Cell& cell = (*cells)[bytes >> bits & 0xff];
  bits += cell.base == x86::kNoRow ? 32 : cell.has_modrm ? 16 : 8;
  return (bytes << (64 - bits)) * 0x9e3779b1 >> (64 - kBits);
}

inline s64 StepCache::read(const u8* code, Number number) {
  u64 bytes = read_bytes(code + number.offset) << number.unused;
  if (number.extension == Extension::kZero) return static_cast<s64>(bytes >> number.unused);
  return static_cast<s64>(bytes) >> number.unused;
}

[[gnu::always_inline]] inline bool StepCache::find(const u8* code, u64 rip, Step& step) const {
  u64 bytes = read_bytes(code), index = index_of(bytes);
  if (!entries_[index].is_of(bytes) && !entries_[index ^= 1].is_of(bytes)) return false;
  const Entry& entry = entries_[index];
  step = entry.step;
  x86::Insn& insn = step.insn;
  insn.rip = rip;
  if (entry.displacement.extension != Extension::kNone) {
    s64 origin = insn.mem.rip_relative ? static_cast<s64>(insn.next_rip()) : 0;
    insn.mem.disp = read(code, entry.displacement) + origin;
  }
  if (entry.immediate.extension != Extension::kNone) {
    u64 origin = entry.immediate.extension == Extension::kRelative ? insn.next_rip() : 0;
    insn.imm = static_cast<u64>(read(code, entry.immediate)) + origin;
  }
  return true;
}

}  // namespace gantry::interp

// A translated unit as it can be put anywhere, by another process of the same emulator as well: its
// code, what belongs to it, and what in them depends on where things lie.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "emulator/base/types.h"
#include "emulator/jit/code_cache.h"
#include "emulator/jit/recovery.h"
#include "emulator/x86/insn.h"

namespace gantry::jit {

// What is filled in where the unit is put. Addresses take eight bytes.
struct Relocation {
  enum class Kind : u32 {
    kStub,      // the distance of a branch to the host's shared code number `value`
    kFunction,  // the address of the emulator's own, `value` bytes from where that begins
    kInsn,      // the address of the unit's guest instruction number `value`
    kCode,      // the address `value` bytes from the unit's first
  } kind;
  u32 offset;  // from the unit's first byte
  u32 value;
};

struct UnitImage {
  // A block of the guest's, and the code where it can be entered.
  struct Entry {
    u64 rip;
    u32 offset;
    u8 poll_bytes, reads_flags;  // as in jit::Entry
    u16 unused = 0;
  };

  u32 demands;  // what was asked of the code, as the host's code generator numbers it
  std::span<const Entry> entries;
  std::span<const u32> code;
  std::span<const Relocation> relocations;
  std::span<const Mark> marks;  // recoveries count from 1, of this unit's
  std::span<const Recovery> recoveries;
  std::span<const x86::Insn> insns;  // that the interpreter executes

  // Appends the unit to `bytes`, whose size is a multiple of 8 and stays one. Addresses of this
  // process are left out.
  void append_to(std::vector<u8>& bytes) const;
  // The unit out of what append_to() has made, which it then refers to and which is aligned to 8.
  // False when that is damaged.
  static bool read(std::span<const u8> bytes, UnitImage& image);
};

// Where the emulator's own code and data begin, and what tells this emulator from all others: the
// linker's build ID in hexadecimal, empty when there is none.
u64 emulator_begin();
std::string emulator_build();
// With addresses as they are kept in an image, and as they are in this process.
Recovery as_stored(const Recovery& recovery);
Recovery as_executed(const Recovery& recovery);

}  // namespace gantry::jit

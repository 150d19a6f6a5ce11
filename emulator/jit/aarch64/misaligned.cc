#include "emulator/jit/aarch64/misaligned.h"

#include "emulator/jit/aarch64/assembler.h"

namespace gantry::aarch64 {
namespace {

// The opcodes of Arm ARM C4.1.94, "Loads and Stores": without size, registers and offset.
constexpr u32 kNoOffset = 0x3ffffc00, kUnscaled = 0x3fe00c00;
constexpr u32 kLdar = 0x08dffc00, kStlr = 0x089ffc00, kLdapr = 0x38bfc000;
constexpr u32 kLdapur = 0x19400000, kStlur = 0x19000000;

bool is_load(u32 word) {
  u32 plain = word & kNoOffset;
  return plain == kLdar || plain == kLdapr || (word & kUnscaled) == kLdapur;
}

bool is_store(u32 word) { return (word & kNoOffset) == kStlr || (word & kUnscaled) == kStlur; }

s64 offset_of(u32 word) {
  u32 form = word & kUnscaled;
  if (form != kLdapur && form != kStlur) return 0;
  return static_cast<s32>(word << 11) >> 23;
}

}  // namespace

bool emit_misaligned(u32 word, u64 pc, u64 place, std::span<u32, kMisalignedWords> code) {
  bool loads = is_load(word);
  s64 back = static_cast<s64>(pc + 4 - (place + 4 * (kMisalignedWords - 1)));
  if ((!loads && !is_store(word)) || !is_branch_in_range(back)) return false;
  X value{static_cast<u8>(word & 31)};
  u8 base = word >> 5 & 31;
  Mem at{base == 31 ? kSp : X{base}, offset_of(word)};
  unsigned bytes = 1u << (word >> 30);
  Assembler a(code);
  if (loads) {
    a.ldr(bytes, value, at);
    a.dmb(kIshld);
  } else {
    a.dmb(kIshst);
    a.str(bytes, value, at);
  }
  a.b(back);
  return true;
}

}  // namespace gantry::aarch64

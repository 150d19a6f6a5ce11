// Instructions out of random bytes, the same in every run.
#pragma once

#include <optional>
#include <random>

#include "emulator/x86/decoder.h"
#include "emulator/x86/insn.h"

namespace gantry::ir {

class RandomInsns {
 public:
  explicit RandomInsns(u64 seed) : random_(seed) {}

  // The instruction that random bytes at `rip` are, if they are one. Opcode maps are equally
  // frequent, and half of the operands registers.
  std::optional<x86::Insn> next(u64 rip) {
    u8 bytes[x86::kMaxInsnLength];
    for (u8& byte : bytes) byte = static_cast<u8>(random_());
    unsigned length = put_prefixes(bytes);
    if (random_() % 2) bytes[length + 1] |= 0xc0;
    x86::Insn insn;
    if (x86::decode(bytes, rip, insn) != x86::DecodeStatus::kOk) return {};
    return insn;
  }

  u64 number() { return random_(); }

 private:
  // What precedes the opcode byte; how long that is.
  unsigned put_prefixes(u8* bytes) {
    constexpr u8 kMandatory[] = {0x66, 0xf2, 0xf3};
    unsigned map = random_() % 6;
    unsigned length = 0;
    if (map >= 4) {
      bytes[0] = map == 4 ? 0xc5 : 0xc4;
      if (map == 5) bytes[1] = static_cast<u8>(0xe1 + random_() % 3);
      // VEX.vvvv of those that have no such operand.
      if (random_() % 2) bytes[map - 3] |= 0x78;
      return map - 2;
    }
    if (random_() % 2) bytes[length++] = kMandatory[random_() % 3];
    if (random_() % 2) bytes[length++] = static_cast<u8>(0x40 + random_() % 16);
    if (map >= 1) bytes[length++] = 0x0f;
    if (map >= 2) bytes[length++] = map == 2 ? 0x38 : 0x3a;
    return length;
  }

  std::mt19937_64 random_;
};

}  // namespace gantry::ir

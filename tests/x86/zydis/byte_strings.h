// Byte strings to decode: every cell of every map under every prefix it may ask for, then strings
// that are random within the structure of an instruction, then plain random bytes.
#pragma once

#include <array>
#include <functional>
#include <random>

#include "emulator/base/types.h"

namespace gantry::x86 {

constexpr unsigned kStringBytes = 20;

struct ByteString {
  std::array<u8, kStringBytes> bytes{};
  unsigned size = 0;

  void push(u8 byte) {
    if (size < kStringBytes) bytes[size++] = byte;
  }
};

class ByteStrings {
 public:
  using Visitor = std::function<void(const ByteString&)>;

  explicit ByteStrings(u64 seed) : random_(seed) {}

  // Each map, opcode, mandatory prefix, W and L with `modrms` of the 256 ModRM bytes.
  void every_cell(unsigned modrms, const Visitor& visit);
  void structured(u64 count, const Visitor& visit);
  void uniform(u64 count, const Visitor& visit);

 private:
  void legacy_cells(unsigned modrms, const Visitor& visit);
  void vex_cells(unsigned modrms, const Visitor& visit);
  void push_map(ByteString& string, unsigned map);
  void push_vex(ByteString& string, unsigned map, unsigned pp, bool w, bool l);
  void push_prefixes(ByteString& string);
  void visit_tail(ByteString string, const Visitor& visit);
  u8 random_byte() { return static_cast<u8>(random_()); }
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() >> 8) % limit; }

  std::mt19937_64 random_;
};

}  // namespace gantry::x86

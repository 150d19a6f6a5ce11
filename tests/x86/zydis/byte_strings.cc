#include "tests/x86/zydis/byte_strings.h"

namespace gantry::x86 {
namespace {

constexpr u8 kMandatory[] = {0, 0x66, 0xf3, 0xf2};
constexpr u8 kPrefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

// The i-th of `count` ModRM bytes: both sides of every boundary of mod and reg come first.
u8 spread(unsigned i, unsigned count) {
  if (count == 256) return static_cast<u8>(i);
  return static_cast<u8>(i * 37 + i / 8);
}

}  // namespace

// Whatever follows ModRM is random; it is a plausible SIB, displacement and immediate either way.
void ByteStrings::visit_tail(ByteString string, const Visitor& visit) {
  while (string.size < kStringBytes) string.push(random_byte());
  visit(string);
}

void ByteStrings::push_map(ByteString& string, unsigned map) {
  if (map > 0) string.push(0x0f);
  if (map == 2) string.push(0x38);
  if (map == 3) string.push(0x3a);
}

void ByteStrings::push_vex(ByteString& string, unsigned map, unsigned pp, bool w, bool l) {
  u8 vvvv = below(2) ? 15 : static_cast<u8>(below(16));
  u8 last = static_cast<u8>(w << 7 | vvvv << 3 | l << 2 | pp);
  if (map == 1 && !w && below(2)) {
    string.push(0xc5);
    string.push(static_cast<u8>((last & 0x7f) | (below(2) << 7)));
    return;
  }
  string.push(0xc4);
  string.push(static_cast<u8>(below(8) << 5 | map));
  string.push(last);
}

void ByteStrings::legacy_cells(unsigned modrms, const Visitor& visit) {
  for (unsigned cell = 0; cell < 4 * 256 * 4 * 4; cell++) {
    unsigned map = cell >> 12, rex = cell & 3;
    for (unsigned i = 0; i < modrms; i++) {
      ByteString string;
      if (below(8) == 0) string.push(kPrefixes[below(sizeof kPrefixes)]);
      if (u8 prefix = kMandatory[cell >> 2 & 3]) string.push(prefix);
      if (rex >= 2) string.push(static_cast<u8>(0x40 | (rex & 1) << 3 | below(8)));
      push_map(string, map);
      string.push(static_cast<u8>(cell >> 4));
      string.push(spread(i, modrms));
      visit_tail(string, visit);
    }
  }
}

void ByteStrings::vex_cells(unsigned modrms, const Visitor& visit) {
  for (unsigned cell = 0; cell < 3 * 256 * 16; cell++) {
    for (unsigned i = 0; i < modrms; i++) {
      ByteString string;
      if (below(16) == 0) string.push(kPrefixes[below(sizeof kPrefixes)]);
      push_vex(string, (cell >> 12) + 1, cell >> 2 & 3, cell & 1, cell & 2);
      string.push(static_cast<u8>(cell >> 4));
      string.push(spread(i, modrms));
      visit_tail(string, visit);
    }
  }
}

void ByteStrings::every_cell(unsigned modrms, const Visitor& visit) {
  legacy_cells(modrms, visit);
  vex_cells(modrms, visit);
}

void ByteStrings::push_prefixes(ByteString& string) {
  static constexpr unsigned kCounts[] = {0, 0, 0, 1, 1, 2, 3, 4};
  unsigned count = below(200) == 0 ? below(16) : kCounts[below(8)];
  for (unsigned i = 0; i < count; i++) string.push(kPrefixes[below(sizeof kPrefixes)]);
  if (below(2)) string.push(static_cast<u8>(0x40 | below(16)));
  if (below(50) == 0) string.push(kPrefixes[below(sizeof kPrefixes)]);
}

void ByteStrings::structured(u64 count, const Visitor& visit) {
  for (; count; count--) {
    ByteString string;
    if (below(3)) {
      push_prefixes(string);
      push_map(string, below(4));
    } else {
      if (below(20) == 0) push_prefixes(string);
      push_vex(string, below(40) ? 1 + below(3) : below(32), below(4), below(2), below(2));
    }
    visit_tail(string, visit);
  }
}

void ByteStrings::uniform(u64 count, const Visitor& visit) {
  for (; count; count--) visit_tail({}, visit);
}

}  // namespace gantry::x86

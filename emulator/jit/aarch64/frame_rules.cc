#include "emulator/jit/aarch64/frame_rules.h"

#include "emulator/jit/aarch64/trampolines.h"

namespace gantry::aarch64 {
namespace {

constexpr u8 kDefineCfa = 0x0c, kOffset = 0x80, kStackPointer = 31;

void append_number(std::vector<u8>& rules, u64 value) {
  for (; value >= 0x80; value >>= 7) rules.push_back(static_cast<u8>(value | 0x80));
  rules.push_back(static_cast<u8>(value));
}

}  // namespace

std::vector<u8> frame_rules() {
  std::vector<u8> rules = {kDefineCfa, kStackPointer};
  append_number(rules, kFrameSize + kSavedBytes);
  u64 below = kSavedBytes;
  for (u8 reg : {29, 30, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28}) {
    rules.push_back(kOffset | reg);
    append_number(rules, below);
    below -= 8;
  }
  return rules;
}

}  // namespace gantry::aarch64

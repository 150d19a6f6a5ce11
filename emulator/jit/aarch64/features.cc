#include "emulator/jit/aarch64/features.h"

#include <algorithm>

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace gantry::aarch64 {
namespace {

struct Row {
  const char* name;
  bool Features::* member;
  unsigned word, bit;  // AT_HWCAP or AT_HWCAP2
};

// Documentation/arch/arm64/elf_hwcaps.rst of the kernel.
constexpr Row kRows[] = {
    {"lse", &Features::lse, 0, 8},          {"lse2", &Features::lse2, 0, 25},
    {"rcpc", &Features::rcpc, 0, 15},       {"rcpc2", &Features::rcpc2, 0, 26},
    {"flagm", &Features::flagm, 0, 27},     {"flagm2", &Features::flagm2, 1, 7},
    {"frintts", &Features::frintts, 1, 8},  {"afp", &Features::afp, 1, 20},
    {"dotprod", &Features::dotprod, 0, 20}, {"aes", &Features::aes, 0, 3},
    {"pmull", &Features::pmull, 0, 4},      {"sha1", &Features::sha1, 0, 5},
    {"sha2", &Features::sha2, 0, 6},        {"crc32", &Features::crc32, 0, 7},
};

Features the_features;

bool leave_out(std::string_view name) {
  if (name == "all") {
    the_features = {};
    return true;
  }
  auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                           [&](const Row& r) { return name == r.name; });
  if (row == std::end(kRows)) return false;
  the_features.*row->member = false;
  return true;
}

}  // namespace

const Features& features() { return the_features; }

bool prepare_features(std::string_view without) {
#if defined(__aarch64__)
  const unsigned long words[] = {getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
  for (const Row& row : kRows) the_features.*row.member = words[row.word] >> row.bit & 1;
#endif
  bool known = true;
  while (!without.empty()) {
    std::size_t end = std::min(without.find(','), without.size());
    known &= leave_out(without.substr(0, end));
    without.remove_prefix(std::min(end + 1, without.size()));
  }
  return known;
}

void assume_all_features() {
  for (const Row& row : kRows) the_features.*row.member = true;
}

std::string feature_names() {
  std::string names;
  for (const Row& row : kRows) {
    if (the_features.*row.member) names += (names.empty() ? "" : ",") + std::string(row.name);
  }
  return names;
}

}  // namespace gantry::aarch64

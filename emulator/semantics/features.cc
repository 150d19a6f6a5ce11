#include "emulator/semantics/features.h"

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <iterator>

#include "emulator/guest/xsave.h"

namespace gantry::sem {
namespace {

// Since which level of the psABI a feature belongs to the CPU; 0: it is no part of the levels but
// of every machine, and kBeyond: of `max` alone.
constexpr u8 kBeyond = 4;

struct Feature {
  const char* name;  // as in /proc/cpuinfo
  u32 leaf;
  Reg reg;
  u8 bit;
  u8 level;
  const char* needs[2] =
      {};  // what Linux (arch/x86/kernel/cpu/cpuid-deps.c) or the SDM wants first
};

constexpr u32 kStateLeaf = 0x0d;
constexpr u32 kExtended = 0x80000001;

// In the order of /proc/cpuinfo. SSE4a is AMD's and the vendor is not, but programs go by the bit.
constexpr Feature kFeatures[] = {
    {"fpu", 1, Reg::kEdx, 0, 1},
    {"tsc", 1, Reg::kEdx, 4, 0},
    {"cx8", 1, Reg::kEdx, 8, 1},
    {"cmov", 1, Reg::kEdx, 15, 1},
    {"clflush", 1, Reg::kEdx, 19, 0},
    {"mmx", 1, Reg::kEdx, 23, 1, {"fpu"}},
    {"fxsr", 1, Reg::kEdx, 24, 1, {"fpu"}},
    {"sse", 1, Reg::kEdx, 25, 1, {"fxsr"}},
    {"sse2", 1, Reg::kEdx, 26, 1, {"sse"}},
    {"ht", 1, Reg::kEdx, 28, 0},
    {"syscall", kExtended, Reg::kEdx, 11, 1},
    {"nx", kExtended, Reg::kEdx, 20, 0},
    {"rdtscp", kExtended, Reg::kEdx, 27, kBeyond, {"tsc"}},
    {"lm", kExtended, Reg::kEdx, 29, 0},
    {"constant_tsc", 0x80000007, Reg::kEdx, 8, 0, {"tsc"}},
    {"pni", 1, Reg::kEcx, 0, 2, {"sse2"}},
    {"pclmulqdq", 1, Reg::kEcx, 1, kBeyond, {"sse2"}},
    {"ssse3", 1, Reg::kEcx, 9, 2, {"pni"}},
    {"fma", 1, Reg::kEcx, 12, 3, {"avx"}},
    {"cx16", 1, Reg::kEcx, 13, 2, {"cx8"}},
    {"sse4_1", 1, Reg::kEcx, 19, 2, {"ssse3"}},
    {"sse4_2", 1, Reg::kEcx, 20, 2, {"sse4_1"}},
    {"movbe", 1, Reg::kEcx, 22, 3},
    {"popcnt", 1, Reg::kEcx, 23, 2},
    {"aes", 1, Reg::kEcx, 25, kBeyond, {"sse2"}},
    {"xsave", 1, Reg::kEcx, 26, 3, {"fxsr"}},
    {"avx", 1, Reg::kEcx, 28, 3, {"xsave", "sse4_2"}},
    {"f16c", 1, Reg::kEcx, 29, 3, {"avx"}},
    {"rdrand", 1, Reg::kEcx, 30, kBeyond},
    {"hypervisor", 1, Reg::kEcx, 31, 0},
    {"lahf_lm", kExtended, Reg::kEcx, 0, 2},
    {"abm", kExtended, Reg::kEcx, 5, 3},
    {"sse4a", kExtended, Reg::kEcx, 6, kBeyond, {"pni"}},
    {"3dnowprefetch", kExtended, Reg::kEcx, 8, kBeyond},
    {"fsgsbase", 7, Reg::kEbx, 0, kBeyond},
    {"bmi1", 7, Reg::kEbx, 3, 3},
    {"avx2", 7, Reg::kEbx, 5, 3, {"avx"}},
    {"bmi2", 7, Reg::kEbx, 8, 3},
    {"erms", 7, Reg::kEbx, 9, kBeyond},
    {"rdseed", 7, Reg::kEbx, 18, kBeyond},
    {"adx", 7, Reg::kEbx, 19, kBeyond},
    {"clflushopt", 7, Reg::kEbx, 23, kBeyond, {"clflush"}},
    {"clwb", 7, Reg::kEbx, 24, kBeyond, {"clflush"}},
    {"sha_ni", 7, Reg::kEbx, 29, kBeyond, {"sse2"}},
    {"xsaveopt", kStateLeaf, Reg::kEax, 0, kBeyond, {"xsave"}},
    {"xsavec", kStateLeaf, Reg::kEax, 1, kBeyond, {"xsave"}},
    {"xgetbv1", kStateLeaf, Reg::kEax, 2, kBeyond, {"xsave"}},
    {"umip", 7, Reg::kEcx, 2, 0},
    {"gfni", 7, Reg::kEcx, 8, kBeyond, {"sse2"}},
    {"vaes", 7, Reg::kEcx, 9, kBeyond, {"avx", "aes"}},
    {"vpclmulqdq", 7, Reg::kEcx, 10, kBeyond, {"avx", "pclmulqdq"}},
    {"rdpid", 7, Reg::kEcx, 22, kBeyond},
    {"fsrm", 7, Reg::kEdx, 4, kBeyond, {"erms"}},
};
constexpr std::size_t kCount = std::size(kFeatures);

constexpr std::size_t find(std::string_view name) {
  std::size_t n = 0;
  while (n < kCount && kFeatures[n].name != name) n++;
  return n;
}

constexpr bool each_bit_once() {
  for (const Feature& a : kFeatures) {
    for (const Feature& b : kFeatures) {
      if (&a != &b && a.leaf == b.leaf && a.reg == b.reg && a.bit == b.bit) return false;
    }
  }
  return true;
}
static_assert(each_bit_once());

// No level, `max` included, has a feature without those that it needs.
constexpr bool levels_are_closed() {
  for (const Feature& f : kFeatures) {
    for (const char* need : f.needs) {
      if (need && (find(need) == kCount || kFeatures[find(need)].level > f.level)) return false;
    }
  }
  return true;
}
static_assert(levels_are_closed());

using FeatureSet = std::bitset<kCount>;

FeatureSet beyond(u8 level) {
  FeatureSet set;
  for (std::size_t n = 0; n < kCount; n++) set[n] = kFeatures[n].level > level;
  return set;
}

void hide(FeatureSet& set, std::size_t feature) {
  set.set(feature);
  for (std::size_t n = 0; n < kCount; n++) {
    for (const char* need : kFeatures[n].needs) {
      if (need && find(need) == feature && !set[n]) hide(set, n);
    }
  }
}

void show(FeatureSet& set, std::size_t feature) {
  set.reset(feature);
  for (const char* need : kFeatures[feature].needs) {
    if (need) show(set, find(need));
  }
}

FeatureSet hidden;  // of those in the table

struct Level {
  const char* name;
  u8 number;
};
constexpr Level kLevels[] = {
    {"max", kBeyond}, {"x86-64-v1", 1}, {"x86-64-v2", 2}, {"x86-64-v3", 3}};

Error unknown(std::string_view word) {
  std::string text = "unknown CPU model or feature '" + std::string(word) + "'; models:";
  for (const Level& level : kLevels) text += std::string(" ") + level.name;
  text += "; features, after + or -:";
  for (const Feature& f : kFeatures) text += std::string(" ") + f.name;
  return make_error(EINVAL, "%s", text.c_str());
}

Result<void> apply_word(FeatureSet& set, std::string_view word, bool first) {
  for (const Level& level : kLevels) {
    if (!first || word != level.name) continue;
    set = beyond(level.number);
    return {};
  }
  char sign = word.empty() ? '\0' : word[0];
  std::size_t feature = sign == '+' || sign == '-' ? find(word.substr(1)) : kCount;
  if (feature == kCount) return unknown(word);
  sign == '+' ? show(set, feature) : hide(set, feature);
  return {};
}

bool claims(std::size_t feature) { return !hidden[feature]; }

u64 enabled_state() {
  if (!has_feature("xsave")) return 0;
  u64 avx = has_feature("avx") ? guest::kAvxState : 0;
  return guest::kX87State | guest::kSseState | avx;
}

}  // namespace

u32 feature_bits(u32 leaf, Reg reg) {
  u32 bits = 0;
  for (std::size_t n = 0; n < kCount; n++) {
    const Feature& f = kFeatures[n];
    if (claims(n) && f.leaf == leaf && f.reg == reg) bits |= u32{1} << f.bit;
  }
  return bits;
}

bool has_feature(std::string_view name) {
  std::size_t feature = find(name);
  return feature < kCount && claims(feature);
}

std::string cpuinfo_flags() {
  std::string text;
  for (std::size_t n = 0; n < kCount; n++) {
    if (!claims(n)) continue;
    if (!text.empty()) text += ' ';
    text += kFeatures[n].name;
  }
  return text;
}

Result<void> choose_cpu(std::string_view choice) {
  FeatureSet set;
  for (std::size_t at = 0; at <= choice.size();) {
    std::size_t end = std::min(choice.find(',', at), choice.size());
    TRY(apply_word(set, choice.substr(at, end - at), at == 0));
    at = end + 1;
  }
  hidden = set;
  guest::set_xcr0(enabled_state());
  return {};
}

}  // namespace gantry::sem

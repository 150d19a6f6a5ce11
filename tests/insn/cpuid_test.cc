// CPUID: identity, what it claims, and the choice of what it claims.
#include "emulator/semantics/cpuid.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "emulator/guest/xsave.h"
#include "emulator/semantics/features.h"
#include "emulator/x86/opcode.h"
#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

// A choice for one test.
class Chosen {
 public:
  explicit Chosen(const char* choice) { EXPECT_TRUE(sem::choose_cpu(choice).ok()); }
  ~Chosen() { EXPECT_TRUE(sem::choose_cpu("max").ok()); }
};

std::set<std::string> flags() {
  std::istringstream words(sem::cpuinfo_flags());
  return {std::istream_iterator<std::string>(words), {}};
}

bool bit(u32 word, unsigned n) { return word >> n & 1; }

TEST(Cpuid, VendorAndBrand) {
  Machine m;
  m[kRax] = 0;
  m.run({0x0f, 0xa2});
  char vendor[13] = {};
  std::memcpy(vendor, &m[kRbx], 4);
  std::memcpy(vendor + 4, &m[kRdx], 4);
  std::memcpy(vendor + 8, &m[kRcx], 4);
  EXPECT_STREQ(vendor, sem::kVendor);
  EXPECT_GE(m[kRax], 0x0du);
  std::string brand;
  for (u32 leaf : {0x80000002, 0x80000003, 0x80000004}) {
    auto r = sem::cpuid(leaf, 0);
    for (u32 word : {r.eax, r.ebx, r.ecx, r.edx}) brand.append(reinterpret_cast<char*>(&word), 4);
  }
  EXPECT_STREQ(brand.c_str(), sem::kBrand);
}

// The bits of the psABI's table, by the manual's numbers.
TEST(Cpuid, MaxHasX8664V3) {
  auto one = sem::cpuid(1, 0), seven = sem::cpuid(7, 0), extended = sem::cpuid(0x80000001, 0);
  for (unsigned n : {0, 8, 15, 23, 24, 25, 26}) EXPECT_TRUE(bit(one.edx, n)) << n;
  for (unsigned n : {0, 9, 13, 19, 20, 23}) EXPECT_TRUE(bit(one.ecx, n)) << n;
  for (unsigned n : {12, 22, 26, 27, 28, 29}) EXPECT_TRUE(bit(one.ecx, n)) << n;
  for (unsigned n : {3, 5, 8}) EXPECT_TRUE(bit(seven.ebx, n)) << n;
  for (unsigned n : {0, 5}) EXPECT_TRUE(bit(extended.ecx, n)) << n;
  // What Gantry does not have: AVX-512, XOP, FMA4.
  for (unsigned n : {16, 17, 21, 26, 27, 28, 30, 31}) EXPECT_FALSE(bit(seven.ebx, n)) << n;
  for (unsigned n : {11, 16}) EXPECT_FALSE(bit(extended.ecx, n)) << n;
}

TEST(Cpuid, LevelsAreThoseOfThePsabi) {
  const std::set<std::string> second = {"pni",    "ssse3",  "cx16",   "sse4_1",
                                        "sse4_2", "popcnt", "lahf_lm"};
  const std::set<std::string> third = {"fma",  "movbe", "xsave", "avx", "f16c",
                                       "avx2", "bmi1",  "bmi2",  "abm"};
  std::set<std::string> v1, v2, v3;
  {
    Chosen level("x86-64-v1");
    v1 = flags();
  }
  {
    Chosen level("x86-64-v2");
    v2 = flags();
  }
  {
    Chosen level("x86-64-v3");
    v3 = flags();
  }
  std::set<std::string> added;
  std::ranges::set_difference(v2, v1, std::inserter(added, added.end()));
  EXPECT_EQ(added, second);
  added.clear();
  std::ranges::set_difference(v3, v2, std::inserter(added, added.end()));
  EXPECT_EQ(added, third);
}

TEST(ChooseCpu, HidingHidesWhatNeedsIt) {
  Chosen choice("max,-avx");
  for (const char* name : {"avx", "avx2", "fma", "f16c", "vaes", "vpclmulqdq"}) {
    EXPECT_FALSE(sem::has_feature(name)) << name;
  }
  for (const char* name : {"xsave", "aes", "pclmulqdq", "sse4_2"}) {
    EXPECT_TRUE(sem::has_feature(name)) << name;
  }
  EXPECT_EQ(guest::xcr0(), guest::kX87State | guest::kSseState);
  EXPECT_EQ(sem::cpuid(0x0d, 0).ebx, 576u);
  EXPECT_EQ(sem::cpuid(0x0d, 2).eax, 0u);
  EXPECT_TRUE(bit(sem::cpuid(1, 0).ecx, 27));
  EXPECT_FALSE(bit(sem::cpuid(1, 0).ecx, 28));
}

TEST(ChooseCpu, WithoutXsaveNothingIsEnabled) {
  Chosen choice("-xsave");
  for (const char* name : {"xsave", "xsaveopt", "xsavec", "xgetbv1", "avx", "avx2"}) {
    EXPECT_FALSE(sem::has_feature(name)) << name;
  }
  EXPECT_EQ(guest::xcr0(), 0u);
  EXPECT_FALSE(bit(sem::cpuid(1, 0).ecx, 27));
  EXPECT_EQ(sem::cpuid(0x0d, 0).eax, 0u);
  Machine m;
  EXPECT_EQ(m.fault({0x0f, 0x01, 0xd0}), Vector::kInvalidOpcode);  // xgetbv
  EXPECT_EQ(m.fault({0x0f, 0x01, 0xd1}), Vector::kInvalidOpcode);  // xsetbv
}

TEST(ChooseCpu, AddingAddsWhatItNeeds) {
  Chosen choice("x86-64-v1,+vaes,-rdrand");
  for (const char* name : {"vaes", "avx", "xsave", "aes", "sse4_2", "ssse3"}) {
    EXPECT_TRUE(sem::has_feature(name)) << name;
  }
  for (const char* name : {"avx2", "fma", "popcnt", "rdrand"}) {
    EXPECT_FALSE(sem::has_feature(name)) << name;
  }
}

TEST(ChooseCpu, UnknownNamesAreErrorsThatNameTheKnown) {
  std::string before = sem::cpuinfo_flags();
  for (const char* choice :
       {"", "haswell", "max,avx", "max,-avx9", "-avx,max", "max,", "max,,-avx"}) {
    auto result = sem::choose_cpu(choice);
    ASSERT_FALSE(result.ok()) << choice;
    EXPECT_NE(result.error().message.find("x86-64-v2"), std::string::npos);
    EXPECT_NE(result.error().message.find("vpclmulqdq"), std::string::npos);
    EXPECT_EQ(sem::cpuinfo_flags(), before);
  }
}

TEST(Cpuid, StateSizes) {
  auto main = sem::cpuid(0x0d, 0), features = sem::cpuid(0x0d, 1), avx = sem::cpuid(0x0d, 2);
  EXPECT_EQ(main.eax, 7u);
  EXPECT_EQ(main.ebx, 832u);
  EXPECT_EQ(main.ecx, 832u);
  EXPECT_EQ(main.edx, 0u);
  EXPECT_EQ(features.eax, 7u);  // XSAVEOPT, XSAVEC, XGETBV with ECX = 1; no XSAVES
  EXPECT_EQ(avx.eax, 256u);
  EXPECT_EQ(avx.ebx, 576u);
  EXPECT_EQ(sem::cpuid(0x0d, 3).eax, 0u);
}

TEST(Cpuid, CachesEnd) {
  unsigned count = 0;
  while (count < 16 && (sem::cpuid(4, count).eax & 31) != 0) count++;
  EXPECT_EQ(count, 4u);
}

// Leaf 4 in bytes: ways, partitions, line size and sets, each but one.
TEST(Cpuid, CacheSizesAreThoseOfExtendedLeaf6) {
  auto l2 = sem::cpuid(4, 2);
  u64 ways = (l2.ebx >> 22) + 1, line = (l2.ebx & 4095) + 1, sets = u64{l2.ecx} + 1;
  EXPECT_EQ(ways * line * sets >> 10, sem::cpuid(0x80000006, 0).ecx >> 16);
}

struct Claim {
  const char* feature;
  std::vector<const char*> mnemonics;
};

// Instructions that come with a feature, the first and last of each family in the manual's order.
const Claim kClaims[] = {
    {"fpu", {"fld", "fsin", "fcomip"}},
    {"tsc", {"rdtsc"}},
    {"cx8", {"cmpxchg8b"}},
    {"cmov", {"cmov"}},
    {"clflush", {"clflush"}},
    {"mmx", {"emms", "pmaddwd"}},
    {"fxsr", {"fxsave", "fxrstor64"}},
    {"sse", {"movaps", "ldmxcsr"}},
    {"sse2", {"movapd", "pmuludq", "maskmovdqu"}},
    {"syscall", {"syscall"}},
    {"rdtscp", {"rdtscp"}},
    {"pni", {"addsubps", "lddqu", "movshdup", "fisttp"}},
    {"pclmulqdq", {"pclmulqdq"}},
    {"ssse3", {"pshufb", "palignr"}},
    {"fma", {"vfmadd132ps", "vfnmsub231sd", "vfmaddsub213pd", "vfmsubadd231ps"}},
    {"cx16", {"cmpxchg16b"}},
    {"sse4_1", {"blendps", "dpps", "roundsd", "mpsadbw"}},
    {"sse4_2", {"pcmpestri", "pcmpgtq", "crc32"}},
    {"movbe", {"movbe"}},
    {"popcnt", {"popcnt"}},
    {"aes", {"aesenc", "aeskeygenassist"}},
    {"xsave", {"xsave", "xrstor64", "xgetbv", "xsetbv"}},
    {"avx", {"vaddps", "vbroadcastf128", "vmaskmovpd", "vtestps", "vzeroall", "vzeroupper"}},
    {"f16c", {"vcvtph2ps", "vcvtps2ph"}},
    {"rdrand", {"rdrand"}},
    {"lahf_lm", {"lahf", "sahf"}},
    {"abm", {"lzcnt"}},
    {"sse4a", {"extrq", "insertq", "movntss", "movntsd"}},
    {"3dnowprefetch", {"prefetchw"}},
    {"fsgsbase", {"rdfsbase", "wrgsbase"}},
    {"bmi1", {"andn", "bextr", "blsi", "blsmsk", "blsr", "tzcnt"}},
    {"avx2", {"vpermq", "vinserti128", "vpgatherqq", "vgatherdps", "vpsravd", "vpblendd"}},
    {"bmi2", {"bzhi", "mulx", "pdep", "pext", "rorx", "sarx", "shlx", "shrx"}},
    {"rdseed", {"rdseed"}},
    {"adx", {"adcx", "adox"}},
    {"clflushopt", {"clflushopt"}},
    {"clwb", {"clwb"}},
    {"sha_ni", {"sha1rnds4", "sha256msg2"}},
    {"xsaveopt", {"xsaveopt", "xsaveopt64"}},
    {"xsavec", {"xsavec", "xsavec64"}},
    {"umip", {"sgdt", "sidt", "sldt", "smsw", "str"}},
    {"gfni", {"gf2p8mulb", "gf2p8affineinvqb", "vgf2p8mulb"}},
    {"vaes", {"vaesenc", "vaesdeclast"}},
    {"vpclmulqdq", {"vpclmulqdq"}},
    {"rdpid", {"rdpid"}},
};

// What is claimed without an instruction of its own.
const std::set<std::string> kNoInstructions = {"ht",         "nx",   "lm",   "constant_tsc",
                                               "hypervisor", "erms", "fsrm", "xgetbv1"};

TEST(Cpuid, ClaimedInstructionsHaveSemantics) {
  std::set<std::string> with;
  for (unsigned row = 0; row < x86::opcodes().size(); row++) {
    if (x86::row_has_semantics(row)) with.insert(x86::row_mnemonic(row));
  }
  std::set<std::string> features = kNoInstructions;
  for (const Claim& claim : kClaims) {
    features.insert(claim.feature);
    for (const char* mnemonic : claim.mnemonics) EXPECT_TRUE(with.contains(mnemonic)) << mnemonic;
  }
  EXPECT_EQ(features, flags());
}

// Every row belongs to a feature that is claimed: AVX-512 and the like are no rows at all.
TEST(Cpuid, NoRowLacksSemantics) {
  for (unsigned row = 0; row < x86::opcodes().size(); row++) {
    EXPECT_TRUE(x86::row_has_semantics(row)) << x86::row_mnemonic(row);
  }
}

}  // namespace
}  // namespace gantry::test

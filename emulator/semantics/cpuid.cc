// The vendor is Intel because programs know best what to do then: glibc takes its cache sizes from
// leaf 4 and uses REP MOVSB for long copies, which is our fastest loop; OpenSSL and Go look at the
// feature bits alone. The model is a Haswell server, the first of x86-64-v3, which no library has a
// workaround for that would hurt.
#include "emulator/semantics/cpuid.h"

#include <algorithm>
#include <cstring>

#include "emulator/guest/xsave.h"
#include "emulator/semantics/features.h"
#include "emulator/semantics/host.h"

namespace gantry::sem {
namespace {

constexpr u32 kMaxLeaf = 0x16;
constexpr u32 kMaxExtendedLeaf = 0x80000008;
constexpr unsigned kLineSize = 64;

unsigned cpu_count = 1;

u32 word(const char* text, unsigned n) {
  char padded[48] = {};
  std::strncpy(padded, text, sizeof padded - 1);
  u32 value;
  std::memcpy(&value, padded + 4 * n, sizeof value);
  return value;
}

// The 32-bit words of the vendor string are in EBX, EDX, ECX.
CpuidResult vendor(u32 max_leaf) {
  return {max_leaf, word(kVendor, 0), word(kVendor, 2), word(kVendor, 1)};
}

// SDM vol. 2, CPUID, figure 3-6.
constexpr u32 kSignature = (kModel >> 4) << 16 | kFamily << 8 | (kModel & 15) << 4 | kStepping;

CpuidResult version() {
  u32 count = std::min(cpu_count, 255u);
  auto apic_id = static_cast<u32>(host_cpu_number() & 0xff);
  u32 ebx = apic_id << 24 | count << 16 | (kLineSize / 8) << 8;
  constexpr u32 kOsXsave = 1 << 27;
  u32 ecx = feature_bits(1, Reg::kEcx) | (guest::xcr0() ? kOsXsave : 0);
  return {kSignature, ebx, ecx, feature_bits(1, Reg::kEdx)};
}

struct Cache {
  u8 type;  // 1 data, 2 instruction, 3 both
  u8 level;
  u16 ways;
  u32 bytes;
};

constexpr Cache kCaches[] = {
    {1, 1, 8, 32 << 10}, {2, 1, 8, 32 << 10}, {3, 2, 8, 1 << 20}, {3, 3, 16, 16 << 20}};

// SDM vol. 2, CPUID leaf 4. The last level is shared by all processors.
CpuidResult cache(u32 subleaf) {
  if (subleaf >= std::size(kCaches)) return {};
  const Cache& c = kCaches[subleaf];
  u32 sharing = c.level == 3 ? std::min(cpu_count, 4096u) - 1 : 0;
  u32 cores = std::min(cpu_count, 64u) - 1;
  u32 sets = c.bytes / c.ways / kLineSize;
  return {cores << 26 | sharing << 14 | u32{1} << 8 | u32{c.level} << 5 | c.type,
          (c.ways - 1u) << 22 | (kLineSize - 1), sets - 1, 0};
}

// Leaf 0BH: one thread a core, all cores in one package.
CpuidResult topology(u32 subleaf) {
  constexpr u32 kThread = 1, kCore = 2;
  auto apic_id = static_cast<u32>(host_cpu_number() & 0xfff);
  u32 shift = 0;
  while ((u32{1} << shift) < cpu_count) shift++;
  if (subleaf == 0) return {0, 1, kThread << 8, apic_id};
  if (subleaf == 1) return {shift, cpu_count, kCore << 8 | 1, apic_id};
  return {0, 0, subleaf, apic_id};
}

// Leaf 0DH: the components of XSAVE, their sizes and offsets (SDM vol. 1, section 13.2).
CpuidResult state(u32 subleaf) {
  auto components = static_cast<u32>(guest::xcr0());
  if (!components) return {};
  auto size = static_cast<u32>(guest::xsave_size(components));
  if (subleaf == 0) return {components, size, size, 0};
  if (subleaf == 1) return {feature_bits(0x0d, Reg::kEax), size, 0, 0};
  if (subleaf != 2 || !(components & guest::kAvxState)) return {};
  return {sizeof(guest::XsaveImage::ymm_high), offsetof(guest::XsaveImage, ymm_high), 0, 0};
}

CpuidResult brand(u32 leaf) {
  unsigned first = (leaf - 0x80000002) * 4;
  return {word(kBrand, first), word(kBrand, first + 1), word(kBrand, first + 2),
          word(kBrand, first + 3)};
}

CpuidResult basic_leaf(u32 leaf, u32 subleaf) {
  constexpr u32 kCrystalHertz = 25'000'000;
  constexpr u32 kMegahertz = kTimestampHertz / 1'000'000;
  switch (leaf) {
    case 0:
      return vendor(kMaxLeaf);
    case 1:
      return version();
    case 2:
      return {0x00ff'0001, 0, 0, 0};  // FFH: see leaf 4
    case 4:
      return cache(subleaf);
    case 7:
      if (subleaf != 0) return {};
      return {0, feature_bits(7, Reg::kEbx), feature_bits(7, Reg::kEcx),
              feature_bits(7, Reg::kEdx)};
    case 0x0b:
      return topology(subleaf);
    case 0x0d:
      return state(subleaf);
    case 0x15:
      return {1, static_cast<u32>(kTimestampHertz / kCrystalHertz), kCrystalHertz, 0};
    case 0x16:
      return {kMegahertz, kMegahertz, 100, 0};
    default:
      return {};
  }
}

CpuidResult extended_leaf(u32 leaf) {
  switch (leaf) {
    case 0x80000000:
      return {kMaxExtendedLeaf, 0, 0, 0};
    case 0x80000001:
      return {0, 0, feature_bits(leaf, Reg::kEcx), feature_bits(leaf, Reg::kEdx)};
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
      return brand(leaf);
    case 0x80000006:
      return {0, 0, 1024 << 16 | 6 << 12 | kLineSize, 0};
    case 0x80000007:
      return {0, 0, 0, feature_bits(leaf, Reg::kEdx)};
    case 0x80000008:
      return {48 << 8 | 46, 0, 0, 0};
    default:
      return {};
  }
}

}  // namespace

// A leaf above the highest one gives what the highest basic leaf does (SDM vol. 2, CPUID).
CpuidResult cpuid(u32 leaf, u32 subleaf) {
  if (leaf >= 0x80000000 && leaf <= kMaxExtendedLeaf) return extended_leaf(leaf);
  return basic_leaf(std::min(leaf, kMaxLeaf), subleaf);
}

void execute_cpuid(guest::Cpu& cpu) {
  CpuidResult r =
      cpuid(static_cast<u32>(cpu.gpr[guest::kRax]), static_cast<u32>(cpu.gpr[guest::kRcx]));
  cpu.gpr[guest::kRax] = r.eax;
  cpu.gpr[guest::kRbx] = r.ebx;
  cpu.gpr[guest::kRcx] = r.ecx;
  cpu.gpr[guest::kRdx] = r.edx;
}

void set_cpu_count(unsigned count) { cpu_count = std::max(count, 1u); }

}  // namespace gantry::sem

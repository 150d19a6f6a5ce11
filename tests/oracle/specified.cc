#include "tests/oracle/specified.h"

#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "emulator/base/bits.h"
#include "emulator/guest/flags.h"
#include "emulator/semantics/cpuid.h"
#include "tests/oracle/aim.h"
#include "tests/oracle/compare.h"

namespace gantry::oracle {
namespace {

using guest::kRax;
using guest::kRbx;
using guest::kRcx;
using guest::kRdx;
using x86::OperandKind;

// Each of the following checks what Eval made of a case without a fault, and then puts it into
// `expected`, so that the rest can be compared. It returns what is wrong.
using Check = std::string (*)(const Case& c, Outcome& expected, const Outcome& eval);

void adopt(Outcome& expected, const Outcome& eval, unsigned reg) {
  expected.state.gpr[reg] = eval.state.gpr[reg];
}

bool is_zero_extended(const Outcome& eval, unsigned reg) { return eval.state.gpr[reg] >> 32 == 0; }

// --- time and place

// EDX:EAX never goes back.
std::string check_timestamp(const Case&, Outcome& expected, const Outcome& eval) {
  static u64 last = 0;
  if (!is_zero_extended(eval, kRax) || !is_zero_extended(eval, kRdx))
    return "rax and rdx are not zero-extended";
  u64 time = eval.state.gpr[kRdx] << 32 | eval.state.gpr[kRax];
  if (time < last) return "the time went back";
  last = time;
  adopt(expected, eval, kRax);
  adopt(expected, eval, kRdx);
  return {};
}

// Linux keeps the CPU's number in the low twelve bits of IA32_TSC_AUX.
bool is_cpu_number(u64 value) {
  return static_cast<long>(value & 0xfff) < sysconf(_SC_NPROCESSORS_CONF) && value >> 32 == 0;
}

std::string check_timestamp_and_cpu(const Case& c, Outcome& expected, const Outcome& eval) {
  if (!is_cpu_number(eval.state.gpr[kRcx])) return "rcx is not a CPU's number";
  adopt(expected, eval, kRcx);
  return check_timestamp(c, expected, eval);
}

std::string check_cpu_number(const Case& c, Outcome& expected, const Outcome& eval) {
  unsigned reg = c.insn.op[0].reg;
  if (!is_cpu_number(eval.state.gpr[reg])) return "the result is not a CPU's number";
  adopt(expected, eval, reg);
  return {};
}

// --- random numbers

// The register changes within the operand's width, a 32-bit one is zero-extended, and only CF is
// set (SDM vol. 2, RDRAND). A number of 64 bits does not come twice.
std::string check_random(const Case& c, Outcome& expected, const Outcome& eval) {
  static u64 last = 0;
  unsigned reg = c.insn.op[0].reg;
  u64 value = eval.state.gpr[reg], kept = c.insn.width == 2 ? ~u64{0xffff} : 0;
  if ((value & kept) != (c.state.gpr[reg] & kept)) return "the register's upper part has changed";
  if (c.insn.width == 4 && !is_zero_extended(eval, reg)) return "the number is too wide";
  if (c.insn.width == 8 && value == last) return "the same number came twice";
  if (c.insn.width == 8) last = value;
  if ((eval.state.rflags & guest::kStatusFlags) != guest::kCF) return "flags other than CF are set";
  adopt(expected, eval, reg);
  expected.state.rflags |= guest::kCF;
  return {};
}

// --- what the machine is

std::string check_vendor(const sem::CpuidResult& r) {
  for (u32 word : {r.ebx, r.edx, r.ecx}) {
    for (unsigned i = 0; i < 4; i++, word >>= 8) {
      if ((word & 0xff) < 0x20 || (word & 0xff) > 0x7e) return "the vendor is not a name";
    }
  }
  return r.eax >= 1 ? "" : "there is no leaf 1";
}

// What every x86-64 processor has: FPU, TSC, CX8, CMOV, MMX, FXSR, SSE, SSE2.
std::string check_features(const sem::CpuidResult& r) {
  constexpr u32 kBaseline = 1 | 1 << 4 | 1 << 8 | 1 << 15 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26;
  return (r.edx & kBaseline) == kBaseline ? "" : "a feature of all x86-64 processors is missing";
}

bool operator==(const sem::CpuidResult& a, const sem::CpuidResult& b) {
  return a.eax == b.eax && a.ebx == b.ebx && a.ecx == b.ecx && a.edx == b.edx;
}

// A leaf above the highest of its kind answers as the highest basic one (SDM vol. 2, CPUID).
std::string check_leaf(u32 leaf, u32 subleaf, const sem::CpuidResult& r) {
  u32 highest = sem::cpuid(0, 0).eax, highest_extended = sem::cpuid(0x80000000, 0).eax;
  bool extended = leaf >= 0x80000000;
  bool exists = extended ? leaf <= highest_extended : leaf <= highest;
  if (!exists && !(r == sem::cpuid(highest, subleaf))) return "it differs from the highest leaf's";
  if (leaf == 0) return check_vendor(r);
  return leaf == 1 ? check_features(r) : "";
}

std::string check_cpuid(const Case& c, Outcome& expected, const Outcome& eval) {
  for (unsigned reg : {kRax, kRbx, kRcx, kRdx}) {
    if (!is_zero_extended(eval, reg)) return "a register is not zero-extended";
    adopt(expected, eval, reg);
  }
  const auto& gpr = eval.state.gpr;
  return check_leaf(static_cast<u32>(c.state.gpr[kRax]), static_cast<u32>(c.state.gpr[kRcx]),
                    {static_cast<u32>(gpr[kRax]), static_cast<u32>(gpr[kRbx]),
                     static_cast<u32>(gpr[kRcx]), static_cast<u32>(gpr[kRdx])});
}

bool has_osxsave() { return sem::cpuid(1, 0).ecx >> 27 & 1; }

// XCR0 has x87 and SSE and whatever else, and XINUSE nothing that XCR0 has not (SDM vol. 1, 13.3
// and 13.6).
std::string check_xgetbv(const Case& c, Outcome& expected, const Outcome& eval) {
  static const u32 enabled = sem::cpuid(0xd, 0).eax;
  u64 value = eval.state.gpr[kRdx] << 32 | eval.state.gpr[kRax];
  if (!is_zero_extended(eval, kRax)) return "rax is not zero-extended";
  bool in_use = static_cast<u32>(c.state.gpr[kRcx]) == 1;
  if (!in_use && (value != enabled || (value & 3) != 3)) return "XCR0 is not what CPUID says";
  if (in_use && (value & ~u64{enabled})) return "something is in use that XCR0 does not enable";
  adopt(expected, eval, kRax);
  adopt(expected, eval, kRdx);
  return {};
}

// --- saved states

constexpr u64 kComponents = 512, kAvxArea = 576, kAvxSize = 256;
constexpr u8 kAvx = 4;

// AVX is to be saved and in its initial configuration: whether XINUSE then has its bit, and
// XSAVEOPT and XSAVEC write it, is the CPU's choice (SDM vol. 1, section 13.6).
bool may_omit_avx(const Case& c) {
  constexpr guest::V128 kInitial[16] = {};
  return std::memcmp(c.state.ymm_high, kInitial, sizeof kInitial) == 0 &&
         (c.state.gpr[kRax] & kAvx);
}

bool is_omitted_or_zero(const Case& c, const u8* data, u64 offset) {
  constexpr u8 kZero[kAvxSize] = {};
  return std::memcmp(data + offset, kZero, kAvxSize) == 0 ||
         std::memcmp(data + offset, c.data + offset, kAvxSize) == 0;
}

std::string check_saved(const Case& c, Outcome& expected, const Outcome& eval) {
  u64 offset = memory_operand(c) - kDataBase;
  if (!may_omit_avx(c) || offset + kAvxArea + kAvxSize > kDataSize) return {};
  u8& components = expected.data[offset + kComponents];
  components = static_cast<u8>((components & ~kAvx) | (eval.data[offset + kComponents] & kAvx));
  u64 area = offset + kAvxArea;
  if (is_omitted_or_zero(c, expected.data, area) && is_omitted_or_zero(c, eval.data, area)) {
    std::memcpy(expected.data + area, eval.data + area, kAvxSize);
  }
  return {};
}

// An area that ends where nothing can be written shows whether AVX is.
bool may_fault_or_not(const Case& c, const Outcome& cpu, const Outcome& eval) {
  std::string_view name = x86::row_semantics(c.insn.row);
  bool optimised = name == "XSAVEOPT" || name == "XSAVEC";
  u64 end = memory_operand(c) + kAvxArea + kAvxSize;
  return optimised && may_omit_avx(c) && cpu.faulted != eval.faulted && end > kReadOnlyBase;
}

bool has_bad_mxcsr(const Case& c) {
  u64 offset = memory_operand(c) - kDataBase;
  guest::FxsaveImage image;
  if (offset + sizeof image > kDataSize) return false;
  std::memcpy(&image, c.data + offset, sizeof image);
  return image.mxcsr & ~guest::kMxcsrMask;
}

// What XRSTOR has loaded before it met a page that is not there, or a bad MXCSR behind the x87
// state and the registers, remains loaded; the manual does not order them.
bool is_interrupted_restore(const Case& c, const Outcome& cpu, const Outcome& eval) {
  constexpr u32 kProtectionFault = 13, kPageFault = 14;
  bool xrstor = x86::row_semantics(c.insn.row) == std::string_view("XRSTOR") && !c.refused;
  if (!xrstor || !cpu.faulted || !eval.faulted || cpu.vector != eval.vector) return false;
  return cpu.vector == kPageFault || (cpu.vector == kProtectionFault && has_bad_mxcsr(c));
}

std::string judge_interrupted(const Case& c, const Outcome& cpu, const Outcome& eval) {
  static Outcome expected;
  expected = cpu;
  expected.state.fx = eval.state.fx;
  std::memcpy(expected.state.ymm_high, eval.state.ymm_high, sizeof eval.state.ymm_high);
  return differences(c, expected, eval);
}

// --- approximations

constexpr u32 kSign = 0x80000000, kInfinity = 0x7f800000, kQuiet = 0x00400000;
constexpr u32 kIndefinite = 0xffc00000, kSmallestNormal = 0x00800000;

bool is_nan(u32 x) { return (x & ~kSign) > kInfinity; }

// Relative error at most 1.5 * 2^-12 (SDM vol. 2, RCPPS and RSQRTPS).
bool is_near(u32 result, double exact) {
  double value = std::bit_cast<float>(result);
  return std::fabs(value - exact) <= std::ldexp(1.5, -12) * std::fabs(exact);
}

// SDM vol. 2, RCPSS. Tiny results become zero; between two numbers near 2^126 the CPU may choose
// whether they are tiny.
bool is_reciprocal(u32 x, u32 result) {
  u32 sign = x & kSign, magnitude = x & ~kSign;
  if (is_nan(x)) return result == (x | kQuiet);
  if (magnitude == kInfinity) return result == sign;
  if (magnitude < kSmallestNormal) return result == (sign | kInfinity);
  double exact = 1.0 / std::bit_cast<float>(x);
  constexpr u32 kLastNormal = 0x7e7fe800, kFirstTiny = 0x7e800c01;
  bool zero = result == sign;
  if (magnitude >= kFirstTiny) return zero;
  return is_near(result, exact) || (zero && magnitude > kLastNormal);
}

// SDM vol. 2, RSQRTSS.
bool is_reciprocal_root(u32 x, u32 result) {
  u32 magnitude = x & ~kSign;
  if (is_nan(x)) return result == (x | kQuiet);
  if (magnitude < kSmallestNormal) return result == ((x & kSign) | kInfinity);
  if (x & kSign) return result == kIndefinite;
  if (magnitude == kInfinity) return result == 0;
  return is_near(result, 1.0 / std::sqrt(static_cast<double>(std::bit_cast<float>(x))));
}

// Thirty-two bits of a vector register.
u32 lane(const State& state, unsigned reg, unsigned n) {
  const auto& half = n < 4 ? state.fx.xmm[reg] : state.ymm_high[reg];
  return half.as<u32>()[n % 4];
}

void set_lane(State& state, unsigned reg, unsigned n, u32 value) {
  auto& half = n < 4 ? state.fx.xmm[reg] : state.ymm_high[reg];
  std::memcpy(reinterpret_cast<u8*>(&half) + 4 * (n % 4), &value, sizeof value);
}

u32 source_lane(const Case& c, const x86::Operand& source, unsigned n) {
  if (source.kind != OperandKind::kMemory) return lane(c.state, source.reg, n);
  u32 value;
  std::memcpy(&value, reinterpret_cast<const void*>(memory_operand(c) + 4 * n), sizeof value);
  return value;
}

template <bool (*kIsResult)(u32, u32)>
std::string check_approximation(const Case& c, Outcome& expected, const Outcome& eval) {
  std::string_view name = x86::row_semantics(c.insn.row);
  bool scalar = name.ends_with("SS");
  unsigned reg = c.insn.op[0].reg, last = scalar && c.insn.op[2].width ? 2 : 1;
  unsigned count = scalar ? 1 : c.insn.op[0].width / 4u;
  for (unsigned n = 0; n < count; n++) {
    u32 source = source_lane(c, c.insn.op[last], n), result = lane(eval.state, reg, n);
    if (!kIsResult(source, result)) {
      char text[96];
      std::snprintf(text, sizeof text, "lane %u: of %08x came %08x", n, source, result);
      return text;
    }
    set_lane(expected.state, reg, n, result);
  }
  return {};
}

// --- SSE4a, from the description in AMD's manual (APM vol. 4, EXTRQ and INSERTQ)

struct Field {
  unsigned length;  // 1 to 64
  unsigned index;
  bool is_defined() const { return length + index <= 64; }
};

Field field_of(u64 length, u64 index) {
  auto bits = static_cast<unsigned>(length & 63);
  return {bits == 0 ? 64 : bits, static_cast<unsigned>(index & 63)};
}

bool is_insert(const Case& c) {
  return x86::row_semantics(c.insn.row) == std::string_view("INSERTQ");
}

// Immediates, or bytes of the source: its first two for EXTRQ, those of the upper half for INSERTQ.
Field field_of(const Case& c) {
  const auto& ops = c.insn.op;
  if (ops[is_insert(c) ? 2 : 1].kind == OperandKind::kImmediate)
    return field_of(c.insn.imm, c.insn.imm2);
  const auto& source = c.state.fx.xmm[ops[1].reg];
  u64 bytes = is_insert(c) ? source.hi : source.lo;
  return field_of(bytes, bytes >> 8);
}

u64 extracted(u64 from, Field field) {
  u64 result = 0;
  for (unsigned bit = 0; bit < field.length; bit++) {
    result |= (from >> (field.index + bit) & 1) << bit;
  }
  return result;
}

u64 inserted(u64 into, u64 from, Field field) {
  for (unsigned bit = 0; bit < field.length; bit++) {
    u64 at = u64{1} << (field.index + bit);
    into = from >> bit & 1 ? into | at : into & ~at;
  }
  return into;
}

void reference_field(const Case& c, State& state) {
  auto& destination = state.fx.xmm[c.insn.op[0].reg];
  Field field = field_of(c);
  if (!field.is_defined()) return;
  u64 source = c.state.fx.xmm[c.insn.op[1].reg].lo;
  destination.lo =
      is_insert(c) ? inserted(destination.lo, source, field) : extracted(destination.lo, field);
}

// The upper half is undefined, and all of it when the field leaves the quadword.
std::string check_field(const Case& c, Outcome& expected, const Outcome& eval) {
  unsigned reg = c.insn.op[0].reg;
  expected.state.fx.xmm[reg].hi = eval.state.fx.xmm[reg].hi;
  if (!field_of(c).is_defined()) expected.state.fx.xmm[reg] = eval.state.fx.xmm[reg];
  return {};
}

// --- system calls

// SDM vol. 2, SYSCALL. What the kernel's side changes, the runtime brings back.
void reference_syscall(const Case& c, State& state) {
  state.gpr[kRcx] = c.insn.next_rip();
  state.gpr[guest::kR11] = c.state.rflags & ~guest::kRF;
}

std::string check_syscall(const Case&, Outcome&, const Outcome& eval) {
  return eval.exit == guest::Exit::kSyscall ? "" : "it did not leave guest code for a system call";
}

// ---

struct Specification {
  std::string_view semantics;
  Check check;
  void (*reference)(const Case& c, State& state);  // where no CPU is asked
};

constexpr Specification kSpecifications[] = {
    {"SYSCALL", check_syscall, reference_syscall},
    {"EXTRQ", check_field, reference_field},
    {"INSERTQ", check_field, reference_field},
    {"CPUID", check_cpuid, nullptr},
    {"RDTSC", check_timestamp, nullptr},
    {"RDTSCP", check_timestamp_and_cpu, nullptr},
    {"RDPID", check_cpu_number, nullptr},
    {"RDRAND", check_random, nullptr},
    {"RDSEED", check_random, nullptr},
    {"XGETBV", check_xgetbv, nullptr},
    {"XSAVE", check_saved, nullptr},
    {"XSAVEOPT", check_saved, nullptr},
    {"XSAVEC", check_saved, nullptr},
    {"RCPPS", check_approximation<is_reciprocal>, nullptr},
    {"RCPSS", check_approximation<is_reciprocal>, nullptr},
    {"RSQRTPS", check_approximation<is_reciprocal_root>, nullptr},
    {"RSQRTSS", check_approximation<is_reciprocal_root>, nullptr},
};

const Specification* find(unsigned row) {
  std::string_view name = x86::row_semantics(row);
  for (const Specification& s : kSpecifications) {
    if (s.semantics == name) return &s;
  }
  return nullptr;
}

// XGETBV is #UD without OSXSAVE, which CPUID may deny though the CPU has it.
bool is_denied(const Case& c, const Outcome& eval) {
  constexpr u32 kInvalidOpcode = 6;
  bool xgetbv = x86::row_semantics(c.insn.row) == std::string_view("XGETBV");
  return xgetbv && !has_osxsave() && eval.faulted && eval.vector == kInvalidOpcode;
}

}  // namespace

bool has_reference(unsigned row) {
  const Specification* s = find(row);
  return s && s->reference;
}

void reference(const Case& c, Outcome& outcome) {
  outcome.clear();
  outcome.state = c.state;
  std::memcpy(outcome.data, c.data, kDataSize);
  outcome.faulted = c.refused;
  if (c.refused) {
    outcome.vector = static_cast<u32>(c.refusal);
    return;
  }
  outcome.state.rip = c.insn.next_rip();
  find(c.insn.row)->reference(c, outcome.state);
}

std::string judge(const Case& c, const Outcome& cpu, const Outcome& eval) {
  const Specification* s = find(c.insn.row);
  if (is_denied(c, eval) || (s && !c.refused && may_fault_or_not(c, cpu, eval))) return {};
  if (is_interrupted_restore(c, cpu, eval)) return judge_interrupted(c, cpu, eval);
  if (!s || cpu.faulted || eval.faulted) return differences(c, cpu, eval);
  static Outcome expected;
  expected = cpu;
  std::string wrong = s->check(c, expected, eval);
  return wrong.empty() ? differences(c, expected, eval) : wrong;
}

}  // namespace gantry::oracle

#include "tests/oracle/generator.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "tests/oracle/encoding.h"
#include "tests/oracle/native.h"

namespace gantry::oracle {
namespace {

using x86::Insn;
using x86::OperandKind;

// --- what the state of a case is made by

struct Context {
  Random& random;
  Case& c;
  u64 memory = 0;  // where the memory operand is meant to lie
  u32 fixed = 0;   // registers that address memory: bit n is register n

  bool is_fixed(unsigned reg) const { return fixed >> reg & 1; }
  void set(unsigned reg, u64 value) {
    if (!is_fixed(reg)) c.state.gpr[reg] = value;
  }
};

// Addresses with some room on both sides.
u64 data_address(Random& random) {
  u64 address = kDataBase + 1024 + random.below(kDataSize - 2048);
  return random.percent(60) ? address & ~u64{15} : address;
}

u64 bad_address(Random& random) {
  switch (random.below(8)) {
    case 0:
      return kDataBase - 1 - random.below(64);
    case 1:
      return kUnmappedBase - random.below(16);
    case 2:
      return kReadOnlyBase - random.below(16);
    case 3:
      return kReadOnlyBase + random.below(kPageSize - 64);
    case 4:
      return (u64{1} << 47) + 64 + random.below(64);
    case 5:
      return u64{0x8000} << 48 | random.next() >> 1;
    case 6:
      return ~u64{0} - 4096 - random.below(1 << 20);
    default:
      return kUnmappedBase + random.below(256);
  }
}

u64 random_address(Random& random) {
  return random.percent(5) ? bad_address(random) : data_address(random);
}

// A code address; now and then one that no branch can go to or where nothing is.
u64 target_address(Random& random) {
  constexpr u64 kNowhere[] = {0x0000800000000000, 0x8000000000000000, 0xffff7fffffffffff,
                              0xffffffffff000000, 0xffff800000000000, kUnmappedBase + 8};
  if (random.percent(6)) return random.pick(kNowhere);
  return kCodeBase + random.below(64);
}

u64 inverse(u64 odd) {
  u64 x = odd;
  for (int i = 0; i < 6; i++) x *= 2 - odd * x;
  return x;
}

u64 segment_base(const Case& c) {
  if (c.insn.mem.segment == guest::kFs) return c.state.fs_base;
  return c.insn.mem.segment == guest::kGs ? c.state.gs_base : 0;
}

// Gives base and index such values that the memory operand lies at x.memory.
void aim(Context& x) {
  const auto& m = x.c.insn.mem;
  bool base = m.base != x86::kNoRegister, index = m.index != x86::kNoRegister;
  u64 offset = x.memory - segment_base(x.c) - static_cast<u64>(m.disp);
  auto& gpr = x.c.state.gpr;
  if (base && index && m.base == m.index) {
    u64 factor = 1 + (u64{1} << m.scale);
    gpr[m.base] = m.scale == 0 ? offset / 2 : offset * inverse(factor);
    x.memory += gpr[m.base] * factor - offset;
  } else if (base) {
    if (index) {
      gpr[m.index] = x.random.percent(50) ? x.random.below(256) : edge_value(x.random);
      offset -= gpr[m.index] << m.scale;
    }
    gpr[m.base] = offset;
  } else if (index) {
    gpr[m.index] = offset >> m.scale;
    x.memory += (gpr[m.index] << m.scale) - offset;
  }
  // Under 67 only the lower halves count.
  if (m.address_width == 4) {
    if (base) gpr[m.base] ^= x.random.next() << 32;
    if (index && m.index != m.base) gpr[m.index] ^= x.random.next() << 32;
  }
  if (base) x.fixed |= 1u << m.base;
  if (index) x.fixed |= 1u << m.index;
}

// --- instructions with needs of their own

bool within_data(u64 address, u64 size) {
  return address >= kDataBase && address + size <= kDataBase + kDataSize;
}

void poke(Case& c, u64 address, u64 value, unsigned size = 8) {
  if (within_data(address, size)) std::memcpy(c.data + (address - kDataBase), &value, size);
}

// The bit index reaches as far as a register says; keep it within the data.
void fix_bit_string(Context& x) {
  if (x.c.insn.op[1].kind != OperandKind::kGpr) return;
  u64 bits = x.random.below(12000);
  x.set(x.c.insn.op[1].reg, x.random.percent(50) ? bits - 6000 : bits % 4096);
}

void fix_string(Context& x) {
  auto& random = x.random;
  auto address = [&] {
    u64 a = random_address(random);
    return x.c.insn.prefixes & x86::kPrefixAddressSize ? a ^ random.next() << 32 : a;
  };
  u64 base = segment_base(x.c);
  x.c.state.gpr[guest::kRsi] = address() - base;
  // Overlaps of source and destination.
  x.c.state.gpr[guest::kRdi] =
      random.percent(30) ? x.c.state.gpr[guest::kRsi] + base + random.below(64) - 32 : address();
  u64 count = random.percent(10) ? random.below(1200) : random.below(20);
  x.c.state.gpr[guest::kRcx] = random.percent(10) ? count | random.next() << 32 : count;
  if (x.c.insn.mem.address_width == 8) x.c.state.gpr[guest::kRcx] &= 0xffff;
  // So that comparisons last a while.
  if (random.percent(50))
    std::memset(x.c.data, static_cast<int>(x.c.state.gpr[0] & 0xff), kDataSize);
}

void fix_xlat(Context& x) {
  x.c.state.gpr[guest::kRbx] = random_address(x.random) - segment_base(x.c);
}

void fix_compare_exchange(Context& x) {
  if (x.random.percent(50) || !within_data(x.memory, 16)) return;
  u64 words[2];
  std::memcpy(words, x.c.data + (x.memory - kDataBase), sizeof words);
  unsigned w = x.c.insn.op[0].width;
  if (w == 8 && x.c.insn.opcode == 0xc7) {
    x.set(guest::kRax, words[0] & 0xffffffff);
    x.set(guest::kRdx, words[0] >> 32);
    return;
  }
  x.set(guest::kRax, words[0]);
  if (w == 16) x.set(guest::kRdx, words[1]);
}

// Now and then quotients that fit.
void fix_divide(Context& x) {
  if (x.random.percent(30)) return;
  unsigned w = x.c.insn.width;
  u64 high = x.random.below(8);
  bool negative = x.random.percent(50);
  x.set(guest::kRdx, x.random.percent(50) ? (negative ? ~u64{0} : 0) : high);
  if (w == 1) x.set(guest::kRax, x.random.below(1 << 12));
}

void fix_indirect_branch(Context& x) {
  const auto& op = x.c.insn.op[0];
  if (op.kind == OperandKind::kGpr) x.c.state.gpr[op.reg] = target_address(x.random);
  if (op.kind == OperandKind::kMemory) poke(x.c, x.memory, target_address(x.random));
}

void fix_return(Context& x) { poke(x.c, x.c.state.gpr[guest::kRsp], target_address(x.random)); }

// Not 32-bit code segments: that the CPU would go to 32-bit mode.
u16 code_selector(Random& random) {
  constexpr u16 kSelectors[] = {0x33, 0x33, 0x33, 0x30, 0x31, 0x2b, 0,      3,
                                0x10, 0x1b, 0x18, 0x53, 0x63, 0x34, 0xfff8, 0x7b};
  return random.pick(kSelectors);
}

u16 data_selector(Random& random) {
  constexpr u16 kSelectors[] = {0,    1,    2,    3,    0x2b, 0x28, 0x29, 0x33, 0x31, 0x23,   0x20,
                                0x10, 0x18, 0x1b, 0x63, 0x6b, 0x73, 0x53, 4,    0x5b, 0xfff8, 0x7b};
  return random.pick(kSelectors);
}

void fix_far_pointer(Context& x) {
  unsigned w = x.c.insn.width;
  poke(x.c, x.memory, target_address(x.random), w);
  poke(x.c, x.memory + w, code_selector(x.random), 2);
}

void fix_far_return(Context& x) {
  unsigned w = x.c.insn.width;
  u64& rsp = x.c.state.gpr[guest::kRsp];
  // What the read-only page has for flags may include AC.
  constexpr u64 kFrame = 64;
  if (rsp > kReadOnlyBase - kFrame && rsp < kUnmappedBase) rsp -= kPageSize + kFrame;
  poke(x.c, rsp, target_address(x.random), w);
  poke(x.c, rsp + w, code_selector(x.random), w);
  // IRET takes flags, RSP and SS too. Not TF, whose trap would come from our INT3, and not AC,
  // which counts for the rest of the frame already: Linux takes that #AC for a split lock.
  poke(x.c, rsp + 2 * w, x.random.next() & 0x204ed5, w);
  poke(x.c, rsp + 3 * w, data_address(x.random), w);
  poke(x.c, rsp + 4 * w, x.random.percent(60) ? 0x2b : data_selector(x.random), w);
}

void fix_selector(Context& x) {
  for (unsigned n = 0; n < 2; n++) {
    const auto& op = x.c.insn.op[n];
    u64 selector = data_selector(x.random);
    if (op.kind == OperandKind::kGpr) x.set(op.reg, selector);
    if (op.kind == OperandKind::kMemory) poke(x.c, x.memory, selector, 2);
  }
}

void fix_load_far(Context& x) { poke(x.c, x.memory + x.c.insn.width, data_selector(x.random), 2); }

void fix_pop_segment(Context& x) {
  poke(x.c, x.c.state.gpr[guest::kRsp], data_selector(x.random), 2);
}

void fix_popf(Context& x) { poke(x.c, x.c.state.gpr[guest::kRsp], x.random.next() & ~guest::kTF); }

void fix_segment_base(Context& x) {
  const auto& op = x.c.insn.op[0];
  if (x.random.percent(60)) x.c.state.gpr[op.reg] = data_address(x.random);
}

// The memory operand is DS:RDI.
void fix_masked_store(Context& x) {
  u64 address = random_address(x.random) - segment_base(x.c);
  if (x.c.insn.mem.address_width == 4) address ^= x.random.next() << 32;
  x.c.state.gpr[guest::kRdi] = address;
}

// A last bit that differs can make the difference between underflow and none; unmasked, that gives
// exponents that are worlds apart.
void fix_approximate(Context& x) { x.c.state.fx.control |= 0x10; }

// Most values within the range that the manual gives for FYL2XP1 and F2XM1; beyond it their results
// are undefined.
void fix_small_operand(Context& x) {
  auto& st0 = x.c.state.fx.st[0];
  auto exponent = static_cast<u16>(st0.sign_exponent & 0x7fff);
  if (exponent >= 0x3ffd && exponent != 0x7fff)
    st0.sign_exponent =
        static_cast<u16>(st0.sign_exponent - exponent + 0x3ffc - x.random.below(70));
}

// Sometimes one that an earlier instruction left pending, or an exception that is not masked. Not
// with a bad address: a store that such an exception stops does not look at it, but Eval does.
void fix_x87(Context& x) {
  auto& fx = x.c.state.fx;
  if (x.random.percent(10)) fx.status |= static_cast<u16>(x.random.below(64));
  if (!within_data(x.memory, 16)) return;
  if (x.random.percent(15)) fx.control &= static_cast<u16>(~x.random.below(64));
}

struct Fix {
  std::string_view semantics;
  void (*apply)(Context&);
};

constexpr Fix kFixes[] = {
    {"BT", fix_bit_string},
    {"BTS", fix_bit_string},
    {"BTR", fix_bit_string},
    {"BTC", fix_bit_string},
    {"MOVS", fix_string},
    {"CMPS", fix_string},
    {"STOS", fix_string},
    {"LODS", fix_string},
    {"SCAS", fix_string},
    {"XLAT", fix_xlat},
    {"CMPXCHG", fix_compare_exchange},
    {"CMPXCHG8B", fix_compare_exchange},
    {"CMPXCHG16B", fix_compare_exchange},
    {"DIV", fix_divide},
    {"IDIV", fix_divide},
    {"JMP_NEAR", fix_indirect_branch},
    {"CALL_NEAR", fix_indirect_branch},
    {"RET", fix_return},
    {"JMP_FAR", fix_far_pointer},
    {"CALL_FAR", fix_far_pointer},
    {"RET_FAR", fix_far_return},
    {"IRET", fix_far_return},
    {"MOV_SEG", fix_selector},
    {"LAR", fix_selector},
    {"LSL", fix_selector},
    {"VERR", fix_selector},
    {"VERW", fix_selector},
    {"LOAD_FAR", fix_load_far},
    {"POP_SEG", fix_pop_segment},
    {"POPF", fix_popf},
    {"WRGSBASE", fix_segment_base},
    {"FYL2XP1", fix_small_operand},
    {"F2XM1", fix_small_operand},
    {"F2XM1", fix_approximate},
    {"FYL2X", fix_approximate},
    {"FYL2XP1", fix_approximate},
    {"FPTAN", fix_approximate},
    {"FPATAN", fix_approximate},
    {"FSIN", fix_approximate},
    {"FCOS", fix_approximate},
    {"FSINCOS", fix_approximate},
    {"MASKMOVQ", fix_masked_store},
    {"MASKMOVDQU", fix_masked_store},
};

// What the CPU answers differently from us by design, or what would take our FS base away.
constexpr std::string_view kNotComparable[] = {"SYSCALL", "CPUID",   "RDTSC",  "RDTSCP",   "RDPID",
                                               "RDRAND",  "RDSEED",  "XGETBV", "WRFSBASE", "RCPPS",
                                               "RCPSS",   "RSQRTPS", "RSQRTSS"};
// SSE4a, which only some CPUs have.
constexpr std::string_view kSse4a[] = {"EXTRQ", "INSERTQ", "MOVNTSS", "MOVNTSD"};

template <std::size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// An instruction of a comparable row that is not.
bool must_not_run(const Insn& insn, std::string_view semantics) {
  if (semantics == "INT" && insn.imm == 0x80) return true;
  bool loads_fs = insn.op[0].kind == OperandKind::kSegment && insn.op[0].reg == guest::kFs;
  if (semantics == "MOV_SEG" && loads_fs) return true;
  // A jump to itself.
  u64 behind = insn.imm - insn.rip;
  return insn.op[0].kind == OperandKind::kRelative && behind < insn.length;
}

// --- the parts of the state that all instructions share

u64 random_flags(Random& random) {
  u64 flags = (random.next() & guest::kStatusFlags) | guest::kIF | 2;
  if (random.percent(15)) flags |= guest::kDF;
  if (random.percent(2)) flags |= guest::kNT;
  if (random.percent(5)) flags |= guest::kID;
  return flags;
}

// Floating-point values at the edges, as 64-bit lanes and pairs of 32-bit lanes.
u64 random_float_lanes(Random& random) {
  constexpr u64 kDoubles[] = {0,
                              0x8000000000000000,
                              0x3ff0000000000000,
                              0xbff0000000000000,
                              0x7ff0000000000000,
                              0xfff0000000000000,
                              0x7ff8000000000000,
                              0x7ff0000000000001,
                              1,
                              0x000fffffffffffff,
                              0x0010000000000000,
                              0x7fefffffffffffff,
                              0x41dfffffffc00000,
                              0xc1e0000000000000,
                              0x43e0000000000000,
                              0x4000000000000000};
  constexpr u64 kFloats[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
                             0x7fc00000, 0x7f800001, 1,          0x007fffff, 0x00800000, 0x7f7fffff,
                             0x4f000000, 0xcf000000, 0x5f000000, 0x40000000};
  switch (random.below(5)) {
    case 0:
      return random.pick(kDoubles);
    case 1:
      return random.pick(kFloats) | random.pick(kFloats) << 32;
    case 2:
      return edge_value(random);
    case 3:
      return (random.pick(kDoubles) & 0xfff0000000000000) | random.next() >> 12;
    default:
      return random.next();
  }
}

u32 random_mxcsr(Random& random) {
  u32 mxcsr = 0x1f80;
  if (random.percent(40)) mxcsr |= static_cast<u32>(random.below(4)) << 13;
  if (random.percent(15)) mxcsr |= 0x8000;
  if (random.percent(15)) mxcsr |= 0x0040;
  if (random.percent(30)) mxcsr |= static_cast<u32>(random.below(64));
  if (random.percent(10)) mxcsr &= ~(static_cast<u32>(random.below(64)) << 7);
  return mxcsr;
}

guest::FxsaveRegister random_x87_register(Random& random) {
  constexpr u16 kExponents[] = {0, 1, 0x3fff, 0x3ffe, 0x4000, 0x403e, 0x7ffe, 0x7fff, 0x3fc0};
  u16 exponent = random.percent(60) ? random.pick(kExponents)
                                    : static_cast<u16>(0x3fff - 40 + random.below(80));
  u64 significand = edge_value(random);
  if (exponent != 0 && random.percent(95)) significand |= u64{1} << 63;
  auto sign = static_cast<u16>(random.percent(50) ? 0x8000 : 0);
  return {significand, static_cast<u16>(exponent | sign), {}};
}

void randomize_fpu(Random& random, guest::FxsaveImage& fx) {
  fx = {};
  fx.control = static_cast<u16>(0x037f | (random.percent(30) ? random.below(4) << 10 : 0));
  if (random.percent(20))
    fx.control = static_cast<u16>((fx.control & ~0x300) | random.below(4) << 8);
  fx.status = static_cast<u16>(random.below(8) << 11 | (random.next() & 0x4700));
  fx.tags = random.percent(70) ? 0xff : static_cast<u8>(random.next());
  fx.mxcsr = random_mxcsr(random);
  fx.mxcsr_mask = 0xffff;
  for (auto& st : fx.st) st = random_x87_register(random);
  for (auto& xmm : fx.xmm) xmm = {random_float_lanes(random), random_float_lanes(random)};
}

void randomize_data(Random& random, u8* data) {
  for (u64 i = 0; i < kDataSize; i += 8) {
    u64 value = i % 64 ? i * 0x9e3779b97f4a7c15 : edge_value(random);
    std::memcpy(data + i, &value, 8);
  }
}

void randomize(Random& random, Case& c, u64 memory) {
  for (u64& reg : c.state.gpr) reg = edge_value(random);
  c.state.rflags = random_flags(random);
  c.state.fs_base = host_fs_base();
  c.state.gs_base = random.below(u64{1} << 46);
  randomize_fpu(random, c.state.fx);
  randomize_data(random, c.data);
  for (u64 n = 0; n < 4; n++) {
    u64 value = random.percent(50) ? edge_value(random) : random_float_lanes(random);
    poke(c, memory + 8 * n, value);
  }
}

u64 stack_pointer(Random& random) {
  return random.percent(4) ? bad_address(random) : data_address(random) & ~u64{random.below(8)};
}

// LFS and POP FS.
bool loads_fs(const x86::Opcode& opcode, unsigned row) {
  std::string_view name = x86::row_semantics(row);
  return (name == "LOAD_FAR" && opcode.opcode == 0xb4) ||
         (name == "POP_SEG" && opcode.op[0].method == x86::Method::kFs);
}

void apply_fix(Context& x, std::string_view semantics) {
  for (const Fix& fix : kFixes) {
    if (fix.semantics == semantics) fix.apply(x);
  }
}

}  // namespace

bool is_comparable(unsigned row) {
  if (!x86::row_has_semantics(row) || loads_fs(x86::opcodes()[row], row)) return false;
  std::string_view name = x86::row_semantics(row);
  if (!__builtin_cpu_supports("sse4a") && contains(kSse4a, name)) return false;
  return !contains(kNotComparable, name);
}

bool generate(u64 seed, unsigned row, u64 number, Case& c) {
  Random random(seed * 0x100000001b3 + row * 0x10001 + number * 0xd6e8feb86659fd93);
  u64 rip = kCodeBase + 0x800 + random.below(64);
  // Encodings without a base reach the lower 2 GiB only.
  u64 absolute = data_address(random);
  if (!encode(random, row, rip, absolute, c.bytes, c.insn)) return false;
  std::string_view semantics = x86::row_semantics(row);
  if (must_not_run(c.insn, semantics)) return false;
  bool fixed = c.insn.mem.base == x86::kNoRegister && c.insn.mem.index == x86::kNoRegister;
  u64 memory = fixed ? absolute : random_address(random);
  c.state = {};
  c.state.rip = rip;
  randomize(random, c, memory);
  c.state.gpr[guest::kRsp] = stack_pointer(random);
  Context x{random, c, memory};
  aim(x);
  bool x87 = (c.insn.opcode & 0xf8) == 0xd8 || c.insn.op[0].kind == OperandKind::kMmx;
  if (x87) fix_x87(x);
  apply_fix(x, semantics);
  return true;
}

}  // namespace gantry::oracle

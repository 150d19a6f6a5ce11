#include "tests/oracle/fixes.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tests/oracle/aim.h"
#include "tests/oracle/values.h"

namespace gantry::oracle {
namespace {

using x86::OperandKind;

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

// Not the segment whose limit is the CPU's number: LSL tells it.
void fix_limit(Context& x) {
  constexpr u64 kCpuNumberSegment = 0x7b;
  const auto& op = x.c.insn.op[1];
  u64 selector = data_selector(x.random);
  if (selector == kCpuNumberSegment) selector = 0;
  if (op.kind == OperandKind::kGpr) x.set(op.reg, selector);
  if (op.kind == OperandKind::kMemory) poke(x.c, x.memory, selector, 2);
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

// The mask is the second operand; PD and Q forms have elements of 64 bits.
void fix_masked_move(Context& x) {
  bool wide =
      x.c.insn.opcode == 0x2d || x.c.insn.opcode == 0x2f || (x.c.insn.prefixes & x86::kPrefixRexW);
  set_lane_mask(x, x.c.insn.op[1].reg, wide ? 8 : 4);
}

// --- saved processor states

// x87, SSE and AVX, and what XCR0 of no CPU enables.
constexpr u64 kGuestComponents = 0xbfffffff'fff00007;

u64 component_mask(Random& random) {
  return (random.percent(60) ? random.next() : edge_value(random)) & kGuestComponents;
}

void fill_legacy_area(Context& x) {
  guest::FxsaveImage image;
  randomize_fpu(x.random, image);
  if (x.random.percent(5)) image.mxcsr |= 1u << (16 + x.random.below(16));
  u64 words[sizeof image / 8];
  std::memcpy(words, &image, sizeof image);
  for (u64 n = 0; n < std::size(words); n++) poke(x.c, x.memory + 8 * n, words[n]);
}

void ask_components(Context& x) {
  u64 mask = component_mask(x.random);
  x.set(guest::kRax, mask & 0xffffffff);
  x.set(guest::kRdx, mask >> 32);
}

// A component that XCR0 of no CPU enables, or the format's bit.
u64 strange_bit(Random& random) { return u64{1} << (20 + random.below(44)); }

// The header (SDM vol. 1, section 13.4.2): mostly valid, in the standard or the compacted format.
void fill_header(Context& x) {
  constexpr u64 kHeader = 512, kCompacted = u64{1} << 63;
  auto& random = x.random;
  u64 present = random.below(8), format = 0;
  if (random.percent(40)) format = kCompacted | present | random.below(8);
  if (random.percent(4)) present |= strange_bit(random);
  if (random.percent(4)) format ^= strange_bit(random);
  u64 reserved = random.percent(4) ? u64{1} << random.below(64) : 0;
  u64 reserved_at = 16 + 8 * random.below(6);
  poke(x.c, x.memory + kHeader, present);
  poke(x.c, x.memory + kHeader + 8, format);
  for (u64 at = 16; at < 64; at += 8) {
    poke(x.c, x.memory + kHeader + at, at == reserved_at ? reserved : 0);
  }
}

void fix_xsave(Context& x) {
  ask_components(x);
  if (x.random.percent(50)) fill_header(x);
}

void fix_xrstor(Context& x) {
  ask_components(x);
  fill_legacy_area(x);
  fill_header(x);
}

bool selects_components(std::string_view semantics) {
  constexpr std::string_view kNames[] = {"XSAVE", "XSAVEOPT", "XSAVEC", "XRSTOR"};
  return std::find(std::begin(kNames), std::end(kNames), semantics) != std::end(kNames);
}

bool is_saved_state(std::string_view semantics) {
  return selects_components(semantics) || semantics == "FXRSTOR" || semantics == "FXSAVE";
}

// Aligned to 64 bytes and writable, but for a few.
u64 state_address(Random& random) {
  constexpr u64 kAreaSize = 832;
  if (random.percent(8)) return random_address(random);
  if (random.percent(8)) return kReadOnlyBase - kAreaSize + 64 * random.below(20);
  return kDataBase + 64 * random.below((kDataSize - kAreaSize) / 64);
}

// ---

// Mostly leaves that exist, and the first beyond them.
void fix_cpuid(Context& x) {
  u64 leaf = x.random.below(40), extended = u64{0x80000000} * x.random.below(2);
  if (x.random.percent(80)) x.c.state.gpr[guest::kRax] = leaf | extended;
  if (x.random.percent(80)) x.c.state.gpr[guest::kRcx] = x.random.below(6);
}

void fix_xgetbv(Context& x) {
  u64 upper = x.random.next() << 32;
  if (x.random.percent(70)) x.c.state.gpr[guest::kRcx] = upper | x.random.below(3);
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
    {"LSL", fix_limit},
    {"VERR", fix_selector},
    {"VERW", fix_selector},
    {"LOAD_FAR", fix_load_far},
    {"POP_SEG", fix_pop_segment},
    {"POPF", fix_popf},
    {"WRFSBASE", fix_segment_base},
    {"WRGSBASE", fix_segment_base},
    {"FXRSTOR", fill_legacy_area},
    {"XSAVE", fix_xsave},
    {"XSAVEOPT", fix_xsave},
    {"XSAVEC", fix_xsave},
    {"XRSTOR", fix_xrstor},
    {"CPUID", fix_cpuid},
    {"XGETBV", fix_xgetbv},
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
    {"VMASKMOVPS", fix_masked_move},
    {"VMASKMOVPD", fix_masked_move},
    {"VPMASKMOVD", fix_masked_move},
    {"VPMASKMOVQ", fix_masked_move},
};

// Where an operand of up to 32 bytes lies half beyond the last byte that can be read or written, or
// before the first.
u64 edge_address(Random& random) {
  constexpr u64 kEdges[] = {kDataBase, kReadOnlyBase, kUnmappedBase};
  u64 edge = random.pick(kEdges);
  return edge - 32 + random.below(64);
}

bool is_masked_move(std::string_view semantics) {
  return semantics.find("MASKMOV") != std::string_view::npos;
}

}  // namespace

u64 memory_address(Random& random, std::string_view semantics) {
  if (is_masked_move(semantics) && random.percent(40)) return edge_address(random);
  if (is_saved_state(semantics)) return state_address(random);
  return random_address(random);
}

bool asks_for_host_state(const Case& c, std::string_view semantics) {
  u64 mask = c.state.gpr[guest::kRdx] << 32 | (c.state.gpr[guest::kRax] & 0xffffffff);
  return selects_components(semantics) && !c.refused && (mask & ~kGuestComponents);
}

void apply_fixes(Context& x, std::string_view semantics) {
  bool x87 = (x.c.insn.opcode & 0xf8) == 0xd8 || x.c.insn.op[0].kind == OperandKind::kMmx;
  if (x87 && !(x.c.insn.prefixes & x86::kPrefixVex)) fix_x87(x);
  for (const Fix& fix : kFixes) {
    if (fix.semantics == semantics) fix.apply(x);
  }
}

}  // namespace gantry::oracle

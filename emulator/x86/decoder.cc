#include "emulator/x86/decoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "emulator/base/bits.h"
#include "emulator/x86/opcode_lookup.h"

namespace gantry::x86 {
namespace {

// REX bits; a VEX prefix is turned into the same.
enum RexBit : u8 { kRexB = 1, kRexX = 2, kRexR = 4, kRexW = 8 };

// Legacy prefix bytes. Those of one group exclude each other and the last one counts.
enum class PrefixByte : u8 {
  kNotAPrefix,
  kRex,
  kLock,
  kRep,
  kRepne,
  kOpSize,
  kAddressSize,
  kFs,
  kGs,
  kIgnoredSegment,  // ES, CS, SS, DS: null prefixes in 64-bit mode (SDM vol. 1, 3.3.7.1)
};

constexpr std::array<PrefixByte, 256> make_prefix_bytes() {
  std::array<PrefixByte, 256> table{};
  for (unsigned byte = 0x40; byte < 0x50; byte++) table[byte] = PrefixByte::kRex;
  for (u8 byte : {0x26, 0x2e, 0x36, 0x3e}) table[byte] = PrefixByte::kIgnoredSegment;
  table[0x64] = PrefixByte::kFs;
  table[0x65] = PrefixByte::kGs;
  table[0x66] = PrefixByte::kOpSize;
  table[0x67] = PrefixByte::kAddressSize;
  table[0xf0] = PrefixByte::kLock;
  table[0xf2] = PrefixByte::kRepne;
  table[0xf3] = PrefixByte::kRep;
  return table;
}

constexpr std::array<PrefixByte, 256> kPrefixBytes = make_prefix_bytes();

// Bytes of an operand by operand size (16, 32, 64 bits), for VEX.L = 0 and then for VEX.L = 1; of
// memory first, then of a register. In the order of Size.
struct SizeBytes {
  u8 memory[6];
  u8 reg[6];
};

constexpr SizeBytes fixed(u8 memory, u8 reg) {
  return {{memory, memory, memory, memory, memory, memory}, {reg, reg, reg, reg, reg, reg}};
}
constexpr SizeBytes fixed(u8 bytes) { return fixed(bytes, bytes); }
constexpr SizeBytes by_operand(u8 a, u8 b, u8 c) { return {{a, b, c, a, b, c}, {a, b, c, a, b, c}}; }
constexpr SizeBytes by_vector(u8 memory0, u8 memory1, u8 reg0, u8 reg1) {
  return {{memory0, memory0, memory0, memory1, memory1, memory1},
          {reg0, reg0, reg0, reg1, reg1, reg1}};
}

constexpr SizeBytes kOperandSizes[] = {
    fixed(0),                                     // kNone
    fixed(1),                                     // kB
    fixed(2),                                     // kW
    fixed(4),                                     // kD
    fixed(8),                                     // kQ
    by_operand(2, 4, 8),                          // kV
    by_operand(2, 4, 4),                          // kZ
    by_operand(4, 4, 8),                          // kY
    by_operand(4, 6, 10),                         // kP
    fixed(10),                                    // kT
    by_operand(14, 28, 28),                       // kEnv
    by_operand(94, 108, 108),                     // kState
    fixed(1, 4),                                  // kDMb
    fixed(2, 4),                                  // kDMw
    {{2, 2, 2, 2, 2, 2}, {2, 4, 8, 2, 4, 8}},     // kVMw
    fixed(8),                                     // kMmx
    fixed(4, 8),                                  // kMmxD
    fixed(1, 16),                                 // kSb
    fixed(2, 16),                                 // kSw
    fixed(4, 16),                                 // kSs
    fixed(8, 16),                                 // kSd
    fixed(16),                                    // kDq
    fixed(32),                                    // kQq
    by_vector(16, 32, 16, 32),                    // kX
    by_vector(8, 16, 16, 16),                     // kHalf
    by_vector(4, 8, 16, 16),                      // kQuarter
    by_vector(2, 4, 16, 16),                      // kEighth
    by_vector(8, 32, 16, 32),                     // kDup
};
static_assert(sizeof kOperandSizes / sizeof *kOperandSizes == static_cast<unsigned>(Size::kDup) + 1);

// Bytes that may be read before a length check: 15 prefixes and the longest instruction.
constexpr unsigned kReadAhead = 40;

// Decodes from bytes of which at least kReadAhead can be read.
class Decoder {
 public:
  Decoder(const u8* code, Insn& insn) : start_(code), at_(code), insn_(insn) {}

  DecodeStatus run() {
    if (!read_prefixes() || !read_opcode()) return DecodeStatus::kInvalid;
    if (row_->attributes & kHasModRm) read_rm();
    if (!read_operands() || !check_prefixes()) return DecodeStatus::kInvalid;
    finish();
    return DecodeStatus::kOk;
  }

  unsigned consumed() const { return static_cast<unsigned>(at_ - start_); }

 private:
  bool read_prefixes();
  void apply_prefix(PrefixByte prefix);
  bool read_opcode();
  bool read_vex();
  bool select_row(Map map);
  void set_sizes();
  void read_rm();
  void read_sib(unsigned mod);
  void read_displacement(unsigned mod);
  bool read_operands();
  bool read_operand(const OperandSpec& spec, Operand& operand);
  bool check_prefixes() const;
  bool check_gather() const;
  void finish();

  template <typename T>
  T read() {
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  bool has(RexBit bit) const { return rex_ & bit; }
  bool has(Prefix prefix) const { return insn_.prefixes & prefix; }
  bool is_register_form() const { return insn_.modrm >= 0xc0 || (row_->attributes & kIgnoreMod); }
  u8 reg_field() const { return (insn_.modrm >> 3 & 7) | (has(kRexR) ? 8 : 0); }
  u8 rm_field() const { return (insn_.modrm & 7) | (has(kRexB) ? 8 : 0); }
  u8 register_bytes(Size size) const { return bytes_of(size).reg[size_column_]; }
  u8 memory_bytes(Size size) const { return bytes_of(size).memory[size_column_]; }
  static const SizeBytes& bytes_of(Size size) { return kOperandSizes[static_cast<unsigned>(size)]; }

  bool general(Operand& operand, u8 reg, u8 width) const;
  bool vector(Operand& operand, u8 reg, Size size) const;
  bool mmx(Operand& operand, u8 reg) const;
  bool memory(Operand& operand, Size size) const;
  bool immediate(Operand& operand, Size size, bool sign);
  bool relative(Operand& operand, Size size);
  bool absolute(Operand& operand, Size size);
  bool segment(Operand& operand) const;
  bool special(Operand& operand, OperandKind kind, unsigned allowed) const;

  const u8* start_;
  const u8* at_;
  Insn& insn_;
  const Opcode* row_ = nullptr;
  u8 rex_ = 0;
  u8 vvvv_ = 0;          // already inverted: 0 when VEX.vvvv is 1111b
  u8 vex_pp_ = 0;
  bool vex_l_ = false;
  u8 size_column_ = 0;   // of SizeBytes
  bool relative_ = false;
};

void Decoder::apply_prefix(PrefixByte prefix) {
  constexpr u8 kRepeats = kPrefixRep | kPrefixRepne;
  switch (prefix) {
    case PrefixByte::kLock: insn_.prefixes |= kPrefixLock; break;
    case PrefixByte::kRep: insn_.prefixes = (insn_.prefixes & ~kRepeats) | kPrefixRep; break;
    case PrefixByte::kRepne: insn_.prefixes = (insn_.prefixes & ~kRepeats) | kPrefixRepne; break;
    case PrefixByte::kOpSize: insn_.prefixes |= kPrefixOpSize; break;
    case PrefixByte::kAddressSize:
      insn_.prefixes |= kPrefixAddressSize;
      insn_.mem.address_width = 4;
      break;
    case PrefixByte::kFs: insn_.mem.segment = 4; break;
    case PrefixByte::kGs: insn_.mem.segment = 5; break;
    default: break;
  }
}

// A REX prefix counts only directly before the opcode (SDM vol. 2, 2.2.1).
bool Decoder::read_prefixes() {
  for (; consumed() < kMaxInsnLength; at_++) {
    PrefixByte prefix = kPrefixBytes[*at_];
    if (prefix == PrefixByte::kNotAPrefix) return true;
    rex_ = prefix == PrefixByte::kRex ? *at_ : 0;
    if (!rex_) apply_prefix(prefix);
  }
  at_++;
  return false;
}

bool Decoder::read_opcode() {
  if (rex_) insn_.prefixes |= rex_ & kRexW ? kPrefixRex | kPrefixRexW : kPrefixRex;
  insn_.opcode = read<u8>();
  if ((insn_.opcode & 0xfe) == 0xc4) return read_vex();
  if (insn_.opcode != 0x0f) return select_row(Map::k1);
  insn_.opcode = read<u8>();
  Map map = insn_.opcode == 0x38 ? Map::k0F38 : insn_.opcode == 0x3a ? Map::k0F3A : Map::k0F;
  if (map != Map::k0F) insn_.opcode = read<u8>();
  return select_row(map);
}

// SDM vol. 2, 2.3.5. R, X, B and vvvv are stored inverted.
bool Decoder::read_vex() {
  constexpr u8 kForbidden = kPrefixLock | kPrefixRep | kPrefixRepne | kPrefixOpSize | kPrefixRex;
  if (insn_.prefixes & kForbidden) return false;
  u8 first = read<u8>();
  u8 last = first, map = 1;
  rex_ = first & 0x80 ? 0 : kRexR;
  if (insn_.opcode == 0xc4) {
    last = read<u8>();
    map = first & 31;
    rex_ = (~first >> 5 & 7) | (last & 0x80 ? kRexW : 0);
  }
  vvvv_ = ~last >> 3 & 15;
  vex_l_ = last & 4;
  vex_pp_ = last & 3;
  insn_.prefixes |= rex_ & kRexW ? kPrefixVex | kPrefixRexW : kPrefixVex;
  insn_.opcode = read<u8>();
  if (map < 1 || map > 3) return false;
  return select_row(static_cast<Map>(static_cast<unsigned>(Map::kV0F) + map - 1));
}

// VEX.pp of legacy prefixes. F2 and F3 hide 66.
constexpr u8 kLegacyPp[] = {0, 2, 3, 3, 1, 2, 3, 3};

bool Decoder::select_row(Map map) {
  bool vex = map >= Map::kV0F;
  const Cell& cell = kOpcodeCells[static_cast<unsigned>(map)][insn_.opcode];
  unsigned pp = vex ? vex_pp_ : kLegacyPp[insn_.prefixes >> 1 & 7];
  if (cell.has_modrm) insn_.modrm = read<u8>();
  unsigned key = prefix_key(pp, has(kRexW), vex ? vex_l_ : has(kRexB));
  insn_.row = find_row(cell, key, insn_.modrm);
  if (insn_.row == kNoRow) return false;
  row_ = &kOpcodeRows[insn_.row];
  set_sizes();
  return true;
}

// SDM vol. 1, 3.6.1. Near branches ignore 66 as on Intel's processors; AMD's would truncate RIP.
void Decoder::set_sizes() {
  u32 attributes = row_->attributes;
  unsigned column = attributes & (kDefault64 | kForce64) ? 2 : 1;
  if (has(kPrefixOpSize) && !(attributes & (kForce64 | kIgnore66))) column = 0;
  if (has(kRexW)) column = 2;
  insn_.width = static_cast<u8>(2 << column);
  if (attributes & (kByte | kVectorWidth | kMmxWidth)) {
    insn_.width = attributes & kByte ? 1 : attributes & kVectorWidth ? 16 << vex_l_ : 8;
  }
  size_column_ = static_cast<u8>(column + (vex_l_ ? 3 : 0));
}

// ModRM, SIB and displacement (SDM vol. 2, 2.1.5).
void Decoder::read_rm() {
  if (is_register_form()) return;
  unsigned mod = insn_.modrm >> 6, rm = insn_.modrm & 7;
  if (rm == 4) return read_sib(mod);
  if (mod == 0 && rm == 5) {
    insn_.mem.rip_relative = true;
    insn_.mem.disp = read<s32>();
    return;
  }
  insn_.mem.base = rm_field();
  read_displacement(mod);
}

void Decoder::read_sib(unsigned mod) {
  u8 sib = read<u8>();
  u8 index = (sib >> 3 & 7) | (has(kRexX) ? 8 : 0);
  if (index != 4 || (row_->attributes & kVectorIndex)) {
    insn_.mem.index = index;
    insn_.mem.scale = sib >> 6;
  }
  unsigned base = sib & 7;
  if (base == 5 && mod == 0) {
    insn_.mem.disp = read<s32>();
    return;
  }
  insn_.mem.base = static_cast<u8>(base | (has(kRexB) ? 8 : 0));
  read_displacement(mod);
}

void Decoder::read_displacement(unsigned mod) {
  if (mod == 1) insn_.mem.disp = read<s8>();
  if (mod == 2) insn_.mem.disp = read<s32>();
}

bool Decoder::general(Operand& operand, u8 reg, u8 width) const {
  bool high = width == 1 && reg >= 4 && reg < 8 && !rex_ && !has(kPrefixVex);
  operand = high ? Operand{OperandKind::kHighByte, static_cast<u8>(reg - 4), 1}
                 : Operand{OperandKind::kGpr, reg, width};
  return true;
}

bool Decoder::vector(Operand& operand, u8 reg, Size size) const {
  u8 width = register_bytes(size);
  operand = {width == 32 ? OperandKind::kYmm : OperandKind::kXmm, reg, width};
  return true;
}

// REX.R and REX.B do not reach MMX registers.
bool Decoder::mmx(Operand& operand, u8 reg) const {
  operand = {OperandKind::kMmx, static_cast<u8>(reg & 7), 8};
  return true;
}

bool Decoder::memory(Operand& operand, Size size) const {
  operand = {OperandKind::kMemory, 0, memory_bytes(size)};
  return !is_register_form();
}

// An immediate operand's width is that of the operation, as far as it is extended to it.
bool Decoder::immediate(Operand& operand, Size size, bool sign) {
  u8 bytes = memory_bytes(size);
  operand = {OperandKind::kImmediate, 0, sign ? insn_.width : bytes};
  switch (bytes) {
    case 1: insn_.imm = read<u8>(); break;
    case 2: insn_.imm = read<u16>(); break;
    case 4: insn_.imm = read<u32>(); break;
    default: insn_.imm = read<u64>(); break;
  }
  if (sign) insn_.imm = sign_extend(insn_.imm, bytes);
  return true;
}

bool Decoder::relative(Operand& operand, Size size) {
  operand = {OperandKind::kRelative, 0, 8};
  insn_.imm = static_cast<u64>(size == Size::kB ? s64{read<s8>()} : s64{read<s32>()});
  relative_ = true;
  return true;
}

bool Decoder::absolute(Operand& operand, Size size) {
  operand = {OperandKind::kMemory, 0, memory_bytes(size)};
  insn_.mem.disp = has(kPrefixAddressSize) ? s64{read<u32>()} : read<s64>();
  return true;
}

// There are six segment registers; REX.R is ignored. CS is no destination of MOV.
bool Decoder::segment(Operand& operand) const {
  u8 reg = insn_.modrm >> 3 & 7;
  operand = {OperandKind::kSegment, reg, 2};
  bool destination = &operand == &insn_.op[0];
  return reg < 6 && !(destination && reg == 1);
}

bool Decoder::special(Operand& operand, OperandKind kind, unsigned allowed) const {
  operand = {kind, reg_field(), 8};
  return allowed >> operand.reg & 1;
}

bool Decoder::read_operand(const OperandSpec& spec, Operand& operand) {
  constexpr unsigned kControlRegisters = 0b100011101;  // CR0, CR2, CR3, CR4, CR8
  constexpr unsigned kDebugRegisters = 0xff;
  Size size = spec.size;
  switch (spec.method) {
    case Method::kNone: return true;
    case Method::kE:
      if (!is_register_form()) return memory(operand, size);
      [[fallthrough]];
    case Method::kR:
      return general(operand, rm_field(), register_bytes(size)) && is_register_form();
    case Method::kG: return general(operand, reg_field(), register_bytes(size));
    case Method::kZ:
      return general(operand, (insn_.opcode & 7) | (has(kRexB) ? 8 : 0), register_bytes(size));
    case Method::kB: return general(operand, vvvv_, register_bytes(size));
    case Method::kM:
    case Method::kVsib:
    case Method::kVsibHalf: return memory(operand, size);
    case Method::kW:
      if (!is_register_form()) return memory(operand, size);
      [[fallthrough]];
    case Method::kU: return vector(operand, rm_field(), size) && is_register_form();
    case Method::kV: return vector(operand, reg_field(), size);
    case Method::kH: return vector(operand, vvvv_, size);
    case Method::kL: return vector(operand, read<u8>() >> 4, size);
    case Method::kQ:
      if (!is_register_form()) return memory(operand, size);
      [[fallthrough]];
    case Method::kN: return mmx(operand, insn_.modrm) && is_register_form();
    case Method::kP: return mmx(operand, insn_.modrm >> 3);
    case Method::kI: return immediate(operand, size, false);
    case Method::kIs: return immediate(operand, size, true);
    case Method::kI2:
      operand = {OperandKind::kImmediate2, 0, 1};
      insn_.imm2 = read<u8>();
      return true;
    case Method::kJ: return relative(operand, size);
    case Method::kO: return absolute(operand, size);
    case Method::kS: return segment(operand);
    case Method::kC: return special(operand, OperandKind::kControl, kControlRegisters);
    case Method::kD: return special(operand, OperandKind::kDebug, kDebugRegisters);
    case Method::kRax: operand = {OperandKind::kGpr, 0, register_bytes(size)}; return true;
    case Method::kCl: operand = {OperandKind::kGpr, 1, 1}; return true;
    case Method::kDx: operand = {OperandKind::kGpr, 2, 2}; return true;
    case Method::kOne:
      operand = {OperandKind::kImmediate, 0, 1};
      insn_.imm = 1;
      return true;
    case Method::kXmm0: operand = {OperandKind::kXmm, 0, 16}; return true;
    case Method::kSt0: operand = {OperandKind::kSt, 0, 10}; return true;
    case Method::kSti:
      operand = {OperandKind::kSt, static_cast<u8>(insn_.modrm & 7), 10};
      return true;
    case Method::kFs: operand = {OperandKind::kSegment, 4, 2}; return true;
    case Method::kGs: operand = {OperandKind::kSegment, 5, 2}; return true;
  }
  return false;
}

bool Decoder::read_operands() {
  for (unsigned i = 0; i < 4 && row_->op[i].method != Method::kNone; i++) {
    if (!read_operand(row_->op[i], insn_.op[i])) return false;
  }
  return true;
}

// LOCK: SDM vol. 2, "LOCK". Unused vvvv: 2.3.5.6.
bool Decoder::check_prefixes() const {
  u32 attributes = row_->attributes;
  if (has(kPrefixLock)) {
    if (!(attributes & kLockable) || insn_.op[0].kind != OperandKind::kMemory) return false;
  }
  if (vvvv_ && !(attributes & kUsesVvvv)) return false;
  return !(attributes & kVectorIndex) || check_gather();
}

// A gather needs a SIB byte, and destination, index and mask must differ (SDM vol. 2, "VPGATHERDD").
bool Decoder::check_gather() const {
  u8 destination = insn_.op[0].reg, mask = insn_.op[2].reg, index = insn_.mem.index;
  bool distinct = destination != mask && destination != index && mask != index;
  return (insn_.modrm & 7) == 4 && distinct;
}

void Decoder::finish() {
  insn_.length = static_cast<u8>(consumed());
  if (relative_) insn_.imm += insn_.next_rip();
  if (!insn_.mem.rip_relative) return;
  insn_.mem.disp += static_cast<s64>(insn_.next_rip());
  if (has(kPrefixAddressSize)) insn_.mem.disp = static_cast<u32>(insn_.mem.disp);
}

// Near the end of the readable bytes: decode a copy that has zeros after them. What is found out
// with the help of a zero does not count.
DecodeStatus decode_tail(std::span<const u8> code, Insn& insn) {
  u8 copy[2 * kReadAhead] = {};
  std::copy_n(code.begin(), std::min<std::size_t>(code.size(), kReadAhead), copy);
  Decoder decoder(copy, insn);
  DecodeStatus status = decoder.run();
  if (decoder.consumed() > code.size() && code.size() < kMaxInsnLength) return DecodeStatus::kTruncated;
  return decoder.consumed() > kMaxInsnLength ? DecodeStatus::kTooLong : status;
}

}  // namespace

DecodeStatus decode(std::span<const u8> code, u64 rip, Insn& insn) {
  insn = Insn{};
  insn.rip = rip;
  if (code.size() < kReadAhead) [[unlikely]] return decode_tail(code, insn);
  Decoder decoder(code.data(), insn);
  DecodeStatus status = decoder.run();
  return decoder.consumed() > kMaxInsnLength ? DecodeStatus::kTooLong : status;
}

}  // namespace gantry::x86

#include "emulator/x86/decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "emulator/base/bits.h"
#include "emulator/x86/opcode_lookup.h"
#include "emulator/x86/operand_forms.h"

#define INLINED [[gnu::always_inline]] inline

namespace gantry::x86 {
namespace {

// What the prefixes come to: Prefix bits in the low byte, and above them what Insn does not keep.
// REX.B and REX.R lie so that one shift brings them to the top of Decoder's register numbers.
constexpr u32 kFsOverride = 1 << 8;
constexpr u32 kGsOverride = 1 << 9;
constexpr u32 kRipRelative = 1 << 10;  // no prefix, but it too asks for something at the end
constexpr unsigned kRexShift = 16;
constexpr u32 kRexB = 8 << (kRexShift + kRm);
constexpr u32 kRexR = 8 << (kRexShift + kReg);
constexpr u32 kRexX = 1 << 15;
constexpr u32 kAllRex = kPrefixRex | kPrefixRexW | kRexB | kRexX | kRexR;
constexpr u32 kRepeats = kPrefixRep | kPrefixRepne;

// What makes Decoder::finish() necessary.
constexpr u32 kUnfinished = kPrefixLock | kRepeats | kPrefixVex | kPrefixAddressSize | kFsOverride |
                            kGsOverride | kRipRelative;

// What the first bytes of an instruction may be: a prefix, which changes the state, or when `keep`
// is zero an opcode, unless `set` says that it leads to another map.
struct ByteEffect {
  u32 keep = 0;
  u32 set = 0;

  constexpr bool is_prefix() const { return keep != 0; }
  constexpr bool is_escape() const { return set != 0; }
};

constexpr ByteEffect kEscape = {0, 1};

// Of one group of prefixes the last one counts; REX counts only directly before the opcode (SDM
// vol. 2, 2.2.1); ES, CS, SS and DS are null prefixes (SDM vol. 1, 3.3.7.1).
constexpr ByteEffect prefix_effect(u32 set, u32 group = 0) { return {~(group | kAllRex), set}; }

constexpr ByteEffect rex_effect(unsigned rex) {
  return prefix_effect(kPrefixRex | (rex & 8 ? kPrefixRexW : 0) | (rex & 4 ? kRexR : 0) |
                       (rex & 2 ? kRexX : 0) | (rex & 1 ? kRexB : 0));
}

constexpr auto kByteEffects = [] {
  std::array<ByteEffect, 256> table{};
  for (unsigned rex = 0x40; rex < 0x50; rex++) table[rex] = rex_effect(rex);
  for (u8 segment : {0x26, 0x2e, 0x36, 0x3e}) table[segment] = prefix_effect(0);
  table[0x64] = prefix_effect(kFsOverride, kGsOverride);
  table[0x65] = prefix_effect(kGsOverride, kFsOverride);
  table[0x66] = prefix_effect(kPrefixOpSize);
  table[0x67] = prefix_effect(kPrefixAddressSize);
  table[0xf0] = prefix_effect(kPrefixLock);
  table[0xf2] = prefix_effect(kPrefixRepne, kRepeats);
  table[0xf3] = prefix_effect(kPrefixRep, kRepeats);
  for (u8 escape : {0x0f, 0xc4, 0xc5}) table[escape] = kEscape;
  return table;
}();

// Bytes that may be read before a length check: 15 prefixes and the longest instruction.
constexpr unsigned kReadAhead = 40;

// Decodes from bytes of which at least kReadAhead can be read. Everything common is inlined into
// decode(), so that the members live in registers: a store to the Insn, which is made of bytes,
// would otherwise be taken to change them.
class Decoder {
 public:
  Decoder(const u8* code, u64 rip, Insn& insn) : start_(code), at_(code), rip_(rip), insn_(insn) {}

  INLINED DecodeStatus run();

 private:
  INLINED DecodeStatus refuse();
  INLINED bool read_start();
  INLINED bool read_escape();
  INLINED bool read_vex();
  INLINED bool select_row(Map map, unsigned vex_pp);
  INLINED void set_sizes();
  INLINED void read_memory();
  INLINED void read_sib(unsigned mod);
  INLINED void read_displacement(unsigned mod);
  INLINED bool read_operands();
  INLINED bool finish_operand(Action action, Operand& operand);
  INLINED void read_immediate(unsigned bytes);
  INLINED bool check_prefixes() const;
  INLINED DecodeStatus finish();

  template <typename T>
  INLINED T read() {
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  bool has(u32 prefix) const { return prefixes_ & prefix; }
  u32 rex_b() const { return prefixes_ >> (kRexShift + kRm) & 8; }
  u32 rex_x() const { return has(kRexX) ? 8 : 0; }
  unsigned consumed() const { return static_cast<unsigned>(at_ - start_); }

  const u8* start_;
  const u8* at_;
  const u8* head_end_ = nullptr;
  u64 rip_;
  Insn& insn_;
  const Opcode* row_ = nullptr;
  u32 prefixes_ = 0;
  u32 opcode_ = 0;
  u32 rm_byte_ = 0;  // ModRM, or the opcode when there is none
  u32 fields_ = 0;   // register numbers: see Field
  u32 vex_l_ = 0;
  u32 width_ = 0;
  u32 column_ = 0;  // of OperandForms
};

DecodeStatus Decoder::run() {
  if (!read_start() || !read_operands() || consumed() > kMaxInsnLength) [[unlikely]]
    return refuse();
  insn_.length = static_cast<u8>(consumed());
  insn_.head = static_cast<u8>(head_end_ - start_);
  insn_.prefixes = static_cast<u8>(prefixes_);
  insn_.ends_block = row_->attributes & kBranch;
  insn_.aligned = row_->attributes & kAligned;
  return has(kUnfinished) ? finish() : DecodeStatus::kOk;
}

// The length says how far one had to look.
DecodeStatus Decoder::refuse() {
  insn_.length = static_cast<u8>(consumed());
  return consumed() > kMaxInsnLength ? DecodeStatus::kTooLong : DecodeStatus::kInvalid;
}

bool Decoder::read_start() {
  ByteEffect effect = kByteEffects[*at_];
  while (effect.is_prefix()) {
    prefixes_ = (prefixes_ & effect.keep) | effect.set;
    if (++at_ > start_ + kMaxInsnLength) [[unlikely]]
      return false;
    effect = kByteEffects[*at_];
  }
  opcode_ = read<u8>();
  return effect.is_escape() ? read_escape() : select_row(Map::k1, 0);
}

bool Decoder::read_escape() {
  if (opcode_ != 0x0f) return read_vex();
  Map map = Map::k0F;
  opcode_ = read<u8>();
  if (opcode_ == 0x38 || opcode_ == 0x3a) {
    map = opcode_ == 0x38 ? Map::k0F38 : Map::k0F3A;
    opcode_ = read<u8>();
  }
  return select_row(map, 0);
}

// SDM vol. 2, 2.3.5. R, X, B and vvvv are stored inverted.
bool Decoder::read_vex() {
  if (has(kPrefixLock | kRepeats | kPrefixOpSize | kPrefixRex)) return false;
  u32 first = read<u8>();
  u32 last = first, map = 1;
  prefixes_ |= kPrefixVex;
  if (!(first & 0x80)) prefixes_ |= kRexR;
  if (opcode_ == 0xc4) {
    last = read<u8>();
    map = first & 31;
    prefixes_ |=
        (first & 0x40 ? 0 : kRexX) | (first & 0x20 ? 0 : kRexB) | (last & 0x80 ? kPrefixRexW : 0);
  }
  fields_ = (~last >> 3 & 15) << kVvvv;
  vex_l_ = last >> 2 & 1;
  opcode_ = read<u8>();
  if (map < 1 || map > 3) return false;
  return select_row(static_cast<Map>(static_cast<unsigned>(Map::kV0F) + map - 1), last & 3);
}

bool Decoder::select_row(Map map, unsigned vex_pp) {
  const Cell& cell = kOpcodeCells[static_cast<unsigned>(map)][opcode_];
  rm_byte_ = cell.has_modrm ? *at_ : opcode_;
  at_ += cell.has_modrm;
  head_end_ = at_;
  unsigned row = cell.base;
  if (!cell.is_direct()) {
    // F2 and F3 hide 66.
    constexpr u8 kPp[] = {0, 2, 3, 3, 1, 2, 3, 3};
    unsigned pp = vex_pp | kPp[prefixes_ >> 1 & 7];
    unsigned key = prefix_key(pp, has(kPrefixRexW), map >= Map::kV0F ? vex_l_ : has(kRexB));
    row = kOpcodeEntries[cell.index(key, rm_byte_)];
  }
  if (row == kNoRow) [[unlikely]]
    return false;
  insn_.row = static_cast<u16>(row);
  insn_.opcode = static_cast<u8>(opcode_);
  if (cell.has_modrm) insn_.modrm = static_cast<u8>(rm_byte_);
  row_ = &kOpcodeRows[row];
  set_sizes();
  if (rm_byte_ < cell.memory_limit) read_memory();
  return true;
}

// SDM vol. 1, 3.6.1. Near branches ignore 66 as on Intel's processors; AMD's would truncate RIP.
void Decoder::set_sizes() {
  static_assert(kPrefixOpSize == 8 && kPrefixRexW == 16);
  unsigned sizes = prefixes_ >> 3 & 3;
  width_ = row_->widths[sizes] << vex_l_;
  column_ = row_->columns[sizes] + 3 * vex_l_;
  insn_.width = static_cast<u8>(width_);
}

// ModRM, SIB and displacement (SDM vol. 2, 2.1.5).
void Decoder::read_memory() {
  column_ += kMemoryColumns;
  unsigned mod = rm_byte_ >> 6, rm = rm_byte_ & 7;
  if (rm == 4) return read_sib(mod);
  if (mod == 0 && rm == 5) {
    prefixes_ |= kRipRelative;
    insn_.mem.rip_relative = true;
    insn_.mem.disp = read<s32>();
    return;
  }
  insn_.mem.base = static_cast<u8>(rm | rex_b());
  read_displacement(mod);
}

void Decoder::read_sib(unsigned mod) {
  u32 sib = read<u8>();
  head_end_ = at_;
  u32 index = (sib >> 3 & 7) | rex_x();
  if (index != 4 || (row_->attributes & kVectorIndex)) {
    insn_.mem.index = static_cast<u8>(index);
    insn_.mem.scale = static_cast<u8>(sib >> 6);
  }
  if ((sib & 7) == 5 && mod == 0) {
    insn_.mem.disp = read<s32>();
    return;
  }
  insn_.mem.base = static_cast<u8>((sib & 7) | rex_b());
  read_displacement(mod);
}

void Decoder::read_displacement(unsigned mod) {
  if (mod == 1) insn_.mem.disp = read<s8>();
  if (mod == 2) insn_.mem.disp = read<s32>();
}

bool Decoder::read_operands() {
  constexpr u32 kRexBits = (kRexB | kRexR) >> kRexShift;
  fields_ |=
      (rm_byte_ & 7) << kRm | (rm_byte_ >> 3 & 7) << kReg | (prefixes_ >> kRexShift & kRexBits);
  Operand* operand = insn_.op;
  for (u32 forms = row_->forms; forms; forms >>= 8, operand++) {
    const OperandForm& form = kOperandForms[forms & 0xff][column_];
    operand->kind = form.kind;
    operand->reg = static_cast<u8>((fields_ >> form.field & form.mask) + form.number);
    operand->width = form.width;
    if (form.action != Action::kNone && !finish_operand(form.action, *operand)) return false;
  }
  return true;
}

bool Decoder::finish_operand(Action action, Operand& operand) {
  constexpr unsigned kControlRegisters = 0b100011101;  // CR0, CR2, CR3, CR4, CR8
  constexpr unsigned kDebugRegisters = 0xff;
  switch (action) {
    case Action::kNone:
      break;
    case Action::kRefuse:
      return false;
    // Without REX, 4 to 7 are AH, CH, DH and BH (SDM vol. 2, table 2-2).
    case Action::kByteRegister:
      if ((operand.reg & 12) != 4 || has(kPrefixRex)) break;
      operand.kind = OperandKind::kHighByte;
      operand.reg -= 4;
      break;
    case Action::kImmediate:
      read_immediate(operand.width);
      break;
    // Its width is that of the operation it is extended to.
    case Action::kSignedImmediate:
      read_immediate(operand.width);
      insn_.imm = sign_extend(insn_.imm, operand.width);
      operand.width = static_cast<u8>(width_);
      break;
    case Action::kImmediate2:
      insn_.imm2 = read<u8>();
      break;
    case Action::kOne:
      insn_.imm = 1;
      break;
    case Action::kRelative:
      insn_.imm = static_cast<u64>(operand.width == 1 ? s64{read<s8>()} : s64{read<s32>()});
      insn_.imm += rip_ + consumed();
      operand.width = 8;
      break;
    case Action::kAbsolute:
      insn_.mem.disp = has(kPrefixAddressSize) ? s64{read<u32>()} : read<s64>();
      break;
    case Action::kSelector:
      operand.reg = read<u8>() >> 4;
      break;
    // There are six segment registers, and CS is no destination of MOV.
    case Action::kSegment:
      return operand.reg < 6 && !(&operand == insn_.op && operand.reg == 1);
    case Action::kControl:
      return kControlRegisters >> operand.reg & 1;
    case Action::kDebug:
      return kDebugRegisters >> operand.reg & 1;
  }
  return true;
}

void Decoder::read_immediate(unsigned bytes) {
  switch (bytes) {
    case 1:
      insn_.imm = read<u8>();
      break;
    case 2:
      insn_.imm = read<u16>();
      break;
    case 4:
      insn_.imm = read<u32>();
      break;
    default:
      insn_.imm = read<u64>();
      break;
  }
}

// A gather needs a SIB byte, and destination, index and mask must differ (SDM vol. 2,
// "VPGATHERDD").
bool gather_is_valid(const Insn& insn) {
  u8 destination = insn.op[0].reg, mask = insn.op[2].reg, index = insn.mem.index;
  bool distinct = destination != mask && destination != index && mask != index;
  return (insn.modrm & 7) == 4 && distinct;
}

// LOCK: SDM vol. 2, "LOCK". Unused vvvv: 2.3.5.6.
bool Decoder::check_prefixes() const {
  u32 attributes = row_->attributes;
  if (has(kPrefixLock)) return (attributes & kLockable) && insn_.op[0].kind == OperandKind::kMemory;
  if (fields_ >> kVvvv && !(attributes & kUsesVvvv)) return false;
  return !(attributes & kVectorIndex) || gather_is_valid(insn_);
}

DecodeStatus Decoder::finish() {
  if (has(kPrefixLock | kPrefixVex) && !check_prefixes()) return DecodeStatus::kInvalid;
  if (has(kRepeats) && (row_->attributes & kString)) insn_.ends_block = true;
  if (has(kFsOverride | kGsOverride) && !(row_->attributes & kNoSegment)) {
    insn_.mem.segment = has(kFsOverride) ? 4 : 5;
  }
  if (has(kRipRelative)) insn_.mem.disp += static_cast<s64>(insn_.next_rip());
  if (!has(kPrefixAddressSize)) return DecodeStatus::kOk;
  insn_.mem.address_width = 4;
  if (has(kRipRelative)) insn_.mem.disp = static_cast<u32>(insn_.mem.disp);
  return DecodeStatus::kOk;
}

// Near the end of the readable bytes a copy with zeros after them is decoded. What is found out
// with the help of such a zero does not count.
[[gnu::noinline]] DecodeStatus decode_tail(std::span<const u8> code, u64 rip, Insn& insn) {
  u8 copy[kReadAhead] = {};
  std::copy(code.begin(), code.end(), copy);
  DecodeStatus status = decode(copy, rip, insn);
  bool enough = insn.length <= code.size() || code.size() >= kMaxInsnLength;
  return enough ? status : DecodeStatus::kTruncated;
}

}  // namespace

DecodeStatus decode(std::span<const u8> code, u64 rip, Insn& insn) {
  if (code.size() < kReadAhead) [[unlikely]]
    return decode_tail(code, rip, insn);
  static constexpr Insn kBlank;
  insn = kBlank;
  insn.rip = rip;
  return Decoder(code.data(), rip, insn).run();
}

}  // namespace gantry::x86

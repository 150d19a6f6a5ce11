// Writes A64 instructions (Arm ARM, DDI 0487) into memory. A method is named as its instruction in
// the manual's assembler syntax and takes the operands in the same order, with widths in bytes:
//
//   a.add(8, X{0}, X{1}, X{2});               // add x0, x1, x2
//   a.ands(4, X{0}, X{1}, {X{2}, kLsl, 3});   // ands w0, w1, w2, lsl #3
//   a.ldr(2, X{0}, {X{1}, 16});               // ldrh w0, [x1, #16]
//   a.ldadd(1, kAcquire, X{0}, X{1}, X{2});   // ldaddab w0, w1, [x2]
//   a.fadd(8, V{0}, V{1}, V{2});              // fadd d0, d1, d2
//   a.scvtf(8, V{0}, 4, X{1});                // scvtf d0, w1
//   a.add(k4S, V{0}, V{1}, V{2});             // add v0.4s, v1.4s, v2.4s
//   a.smull(k16B, V{0}, V{1}, V{2});          // smull2 v0.8h, v1.16b, v2.16b
//
// An operand that has no encoding is an error of the caller and ends the process; immediates.h,
// branch.h and the is_… functions here tell beforehand.
#pragma once

#include <bit>
#include <span>

#include "emulator/base/types.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/fields.h"
#include "emulator/jit/aarch64/immediates.h"
#include "emulator/jit/aarch64/operands.h"

namespace gantry::aarch64 {

// A place in the code, to which instructions may refer before it is bound.
class Label {
 public:
  Label() = default;
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;

  bool is_bound() const { return position_ >= 0; }
  // Words from the start of the code.
  s32 position() const { return position_; }

 private:
  friend class Assembler;
  // References to an unbound label form a list for each Reach: here its newest, and in each the
  // words back to the one before, 0 in the oldest. If that does not fit, then the older one could
  // not have reached the label.
  s32 newest_[3] = {-1, -1, -1};
  s32 position_ = -1;
};

// What a branch goes to: a label, or a distance in bytes.
struct Target {
  Label* label = nullptr;
  s64 distance = 0;

  Target(Label& label) : label(&label) {}
  Target(s64 distance) : distance(distance) {}
};

class Assembler {
 public:
  explicit Assembler(std::span<u32> code) : code_(code) {}

  // Words emitted, those included that had no room.
  s32 position() const { return position_; }
  bool overflowed() const { return static_cast<size_t>(position_) > code_.size(); }

  // The code; nothing if it had no room. Every label that was referred to must be bound.
  std::span<u32> finish() {
    if (unbound_ == 0 && !overflowed()) [[likely]]
      return code_.first(static_cast<size_t>(position_));
    return refuse();
  }

  void emit(u32 word) {
    s32 at = position_++;
    if (static_cast<size_t>(at) < code_.size()) code_[at] = word;
  }

  // A literal of two words. It is aligned if position() is even and the code starts aligned.
  void emit64(u64 value);

  // The label is here.
  void bind(Label& label);

  // The rows of instructions.def.
#define GANTRY_FORM0(name, word) \
  void name() { emit(word); }
#define GANTRY_FORM1(name, word, A) \
  void name(fields::A a) { emit(word | a.bits); }
#define GANTRY_FORM2(name, word, A, B) \
  void name(fields::A a, fields::B b) { emit(word | a.bits | b.bits); }
#define GANTRY_FORM3(name, word, A, B, C) \
  void name(fields::A a, fields::B b, fields::C c) { emit(word | a.bits | b.bits | c.bits); }
#define GANTRY_FORM4(name, word, A, B, C, D)                      \
  void name(fields::A a, fields::B b, fields::C c, fields::D d) { \
    emit(word | a.bits | b.bits | c.bits | d.bits);               \
  }
#define GANTRY_FORM5(name, word, A, B, C, D, E)                                \
  void name(fields::A a, fields::B b, fields::C c, fields::D d, fields::E e) { \
    emit(word | a.bits | b.bits | c.bits | d.bits | e.bits);                   \
  }
#define GANTRY_SELECT(a, b, c, d, e, count, ...) GANTRY_FORM##count
#define INSN(name, word, ...)                                  \
  GANTRY_SELECT(__VA_ARGS__ __VA_OPT__(, ) 5, 4, 3, 2, 1, 0, ) \
  (name, word __VA_OPT__(, ) __VA_ARGS__)
#define SHIFTED(name, word, Rd, Rn, Rm)                                   \
  void name(fields::Sf sf, fields::Rd rd, fields::Rn rn, fields::Rm rm) { \
    emit_shifted(word | rd.bits | rn.bits, sf, rm.bits);                  \
  }
#define SHIFTED2(name, word, R, Rm) \
  void name(fields::Sf sf, fields::R r, fields::Rm rm) { emit_shifted(word | r.bits, sf, rm.bits); }
#define LOGICAL(name, word, Rd)                                            \
  void name(unsigned width, fields::Rd rd, fields::Rn rn, u64 immediate) { \
    emit_logical(word | rd.bits | rn.bits, width, immediate);              \
  }
#define BITFIELD(name, word)                                                              \
  void name(unsigned width, fields::Rd rd, fields::Rn rn, unsigned immr, unsigned imms) { \
    emit_bitfield(word | rd.bits | rn.bits, width, immr, imms);                           \
  }
#define SHIFT_LEFT(name, word, Lane, Vd, Vn)                                        \
  void name(fields::Lane lane, fields::Vd vd, fields::Vn vn, unsigned amount) {     \
    emit_shift_left(word | vd.bits | vn.bits, lane.bits, lane.arrangement, amount); \
  }
#define SHIFT_RIGHT(name, word, Lane, Vd, Vn)                                        \
  void name(fields::Lane lane, fields::Vd vd, fields::Vn vn, unsigned amount) {      \
    emit_shift_right(word | vd.bits | vn.bits, lane.bits, lane.arrangement, amount); \
  }
#define BY_ELEMENT(name, word, Lane, Vd, Vn)                                            \
  void name(fields::Lane lane, fields::Vd vd, fields::Vn vn, V vm, unsigned index) {    \
    emit_by_element(word | lane.bits | vd.bits | vn.bits, lane.arrangement, vm, index); \
  }
#include "emulator/jit/aarch64/instructions.def"
#undef GANTRY_FORM0
#undef GANTRY_FORM1
#undef GANTRY_FORM2
#undef GANTRY_FORM3
#undef GANTRY_FORM4
#undef GANTRY_FORM5
#undef GANTRY_SELECT

  // A constant in as few instructions as it takes. The stack pointer is no destination.
  void mov(unsigned width, X rd, u64 value);
  // Between registers, the stack pointer included.
  void mov(fields::Sf width, X rd, X rn);
  void movz(fields::Sf width, fields::Rd rd, u32 value, unsigned shift = 0) {
    emit_move_wide(0x52800000 | rd.bits, width, value, shift);
  }
  void movn(fields::Sf width, fields::Rd rd, u32 value, unsigned shift = 0) {
    emit_move_wide(0x12800000 | rd.bits, width, value, shift);
  }
  void movk(fields::Sf width, fields::Rd rd, u32 value, unsigned shift = 0) {
    emit_move_wide(0x72800000 | rd.bits, width, value, shift);
  }
  void tst(unsigned width, X rn, u64 immediate) { ands(width, kZr, rn, immediate); }

  // Shifts by a constant below the width, and bit fields of `count` bits: those that end in x take
  // them from bit `lsb` of rn, the others put them at bit `lsb` of rd (aliases of C6.2).
  void lsl(unsigned width, X rd, X rn, unsigned amount) {
    ubfiz(width, rd, rn, amount, width * 8 - amount);
  }
  void lsr(unsigned width, X rd, X rn, unsigned amount) {
    ubfm(width, rd, rn, amount, width * 8 - 1);
  }
  void asr(unsigned width, X rd, X rn, unsigned amount) {
    sbfm(width, rd, rn, amount, width * 8 - 1);
  }
  void ror(unsigned width, X rd, X rn, unsigned amount) { extr(width, rd, rn, rn, amount); }
  void extr(unsigned width, X rd, X rn, fields::Rm rm, unsigned lsb) {
    require(lsb < width * 8);
    emit(0x13800000 | fields::SfN(width).bits | fields::Rd(rd).bits | fields::Rn(rn).bits |
         rm.bits | lsb << 10);
  }
  void sbfx(unsigned width, X rd, X rn, unsigned lsb, unsigned count) {
    sbfm(width, rd, rn, lsb, last_bit(lsb, count));
  }
  void ubfx(unsigned width, X rd, X rn, unsigned lsb, unsigned count) {
    ubfm(width, rd, rn, lsb, last_bit(lsb, count));
  }
  void bfxil(unsigned width, X rd, X rn, unsigned lsb, unsigned count) {
    bfm(width, rd, rn, lsb, last_bit(lsb, count));
  }
  void sbfiz(unsigned width, X rd, X rn, unsigned lsb, unsigned count) {
    sbfm(width, rd, rn, left_rotation(width, lsb, count), count - 1);
  }
  void ubfiz(unsigned width, X rd, X rn, unsigned lsb, unsigned count) {
    ubfm(width, rd, rn, left_rotation(width, lsb, count), count - 1);
  }
  void bfi(unsigned width, X rd, X rn, unsigned lsb, unsigned count) {
    bfm(width, rd, rn, left_rotation(width, lsb, count), count - 1);
  }

  // All bytes in reverse order.
  void rev(fields::Sf width, fields::Rd rd, fields::Rn rn) {
    emit(0x5ac00800 | width.bits | width.bits >> 21 | rd.bits | rn.bits);
  }

  void b(Target target) { emit_relative(kBranch, target); }
  void bl(Target target) { emit_relative(kBranchAndLink, target); }
  void b(Condition condition, Target target) {
    emit_relative(kBranchIf | static_cast<u32>(condition), target);
  }
  void cbz(fields::Sf width, fields::Rt rt, Target target) {
    emit_relative(kCbz | width.bits | rt.bits, target);
  }
  void cbnz(fields::Sf width, fields::Rt rt, Target target) {
    emit_relative(kCbnz | width.bits | rt.bits, target);
  }
  void tbz(fields::Rt rt, unsigned bit, Target target) {
    emit_relative(kTbz | bit_number(bit) | rt.bits, target);
  }
  void tbnz(fields::Rt rt, unsigned bit, Target target) {
    emit_relative(kTbnz | bit_number(bit) | rt.bits, target);
  }
  void ret() { ret(kLr); }
  void adr(fields::Rd rd, Target target) { emit_relative(0x10000000 | rd.bits, target); }
  // `distance` is that of two 4 KiB pages, the instruction's and the target's, in bytes.
  void adrp(fields::Rd rd, s64 distance);

  // Memory. General registers transfer 1, 2, 4 or 8 bytes, zero-extended; vector registers 16 as
  // well. A constant offset takes the scaled form, else the unscaled one (LDUR, STUR).
  static constexpr bool is_offset_encodable(unsigned bytes, s64 offset) {
    return is_scaled(bytes, offset) || is_imm9(offset);
  }
  void ldr(unsigned bytes, X rt, const Mem& mem) {
    emit_access(0x38400000 | fields::Bytes(bytes).bits, bytes, rt, mem);
  }
  void str(unsigned bytes, X rt, const Mem& mem) {
    emit_access(0x38000000 | fields::Bytes(bytes).bits, bytes, rt, mem);
  }
  // LDRSB, LDRSH, LDRSW: the bytes are sign-extended to `width`.
  void ldrs(unsigned width, unsigned bytes, X rt, const Mem& mem) {
    emit_access(0x38000000 | signed_load(width, bytes), bytes, rt, mem);
  }
  void ldr(unsigned bytes, V vt, const Mem& mem) {
    emit_access(0x3c400000 | vector_access(bytes), bytes, vt, mem);
  }
  void str(unsigned bytes, V vt, const Mem& mem) {
    emit_access(0x3c000000 | vector_access(bytes), bytes, vt, mem);
  }

  // A literal in the code: 4 or 8 bytes, for vector registers 16 as well.
  void ldr_literal(unsigned bytes, X rt, Target target) {
    emit_relative(0x18000000 | fields::PairBytes(bytes).bits | fields::Rt(rt).bits, target);
  }
  void ldr_literal(unsigned bytes, V vt, Target target) {
    emit_relative(0x1c000000 | vector_pair(bytes) | fields::Vd(vt).bits, target);
  }
  // Four bytes, sign-extended to eight.
  void ldrsw_literal(fields::Rt rt, Target target) { emit_relative(0x98000000 | rt.bits, target); }

  // Two registers of 4 or 8 bytes, vector registers of 4, 8 or 16. Memory has no index.
  static constexpr bool is_pair_offset_encodable(unsigned bytes, s64 offset) {
    s64 limit = s64{64} * bytes;
    return offset % s64{bytes} == 0 && offset >= -limit && offset < limit;
  }
  void ldp(unsigned bytes, X rt, X rt2, const Mem& mem) {
    require(rt != rt2);
    emit_pair(0x28400000 | fields::PairBytes(bytes).bits << 1, bytes, rt, rt2, mem);
  }
  void stp(unsigned bytes, X rt, X rt2, const Mem& mem) {
    emit_pair(0x28000000 | fields::PairBytes(bytes).bits << 1, bytes, rt, rt2, mem);
  }
  // LDPSW: four bytes each, sign-extended to eight.
  void ldpsw(X rt, X rt2, const Mem& mem) {
    require(rt != rt2);
    emit_pair(0x68400000, 4, rt, rt2, mem);
  }
  void ldp(unsigned bytes, V vt, V vt2, const Mem& mem) {
    require(vt != vt2);
    emit_pair(0x2c400000 | vector_pair(bytes), bytes, vt, vt2, mem);
  }
  void stp(unsigned bytes, V vt, V vt2, const Mem& mem) {
    emit_pair(0x2c000000 | vector_pair(bytes), bytes, vt, vt2, mem);
  }

  // Ordered access with an offset of -256 to 255 bytes (FEAT_LRCPC2).
  void ldapur(fields::Bytes bytes, fields::Rt rt, fields::Base base, s64 offset) {
    emit(0x19400000 | bytes.bits | rt.bits | base.bits | imm9(offset));
  }
  void stlur(fields::Bytes bytes, fields::Rt rt, fields::Base base, s64 offset) {
    emit(0x19000000 | bytes.bits | rt.bits | base.bits | imm9(offset));
  }
  void ldapurs(unsigned width, unsigned bytes, fields::Rt rt, fields::Base base, s64 offset) {
    emit(0x19000000 | signed_load(width, bytes) | rt.bits | base.bits | imm9(offset));
  }

  // DC ZVA: zeros in the block of memory that DCZID_EL0 gives the size of.
  void dc_zva(fields::Rt address) { emit(0xd50b7420 | address.bits); }

  // One lane of a vector register, which for ld1 keeps the others; ld1r fills all lanes.
  void ld1(unsigned bytes, fields::Vd vt, unsigned index, fields::Base base) {
    emit(0x0d400000 | lane_access(bytes, index) | vt.bits | base.bits);
  }
  void st1(unsigned bytes, fields::Vd vt, unsigned index, fields::Base base) {
    emit(0x0d000000 | lane_access(bytes, index) | vt.bits | base.bits);
  }
  void ld1r(Arrangement a, fields::Vd vt, fields::Base base) {
    emit(0x0d40c000 | q_bit(a) | std::countr_zero(lane_bytes(a)) << 10 | vt.bits | base.bits);
  }

  // Between general and vector registers; `width` says which part of either. The high forms are the
  // upper doubleword of the vector register.
  void fmov(unsigned width, fields::Rd rd, fields::Vn vn) {
    emit(0x1e260000 | move_width(width) | rd.bits | vn.bits);
  }
  void fmov(unsigned width, fields::Vd vd, fields::Rn rn) {
    emit(0x1e270000 | move_width(width) | vd.bits | rn.bits);
  }
  void fmov_high(fields::Rd rd, fields::Vn vn) { emit(0x9eae0000 | rd.bits | vn.bits); }
  void fmov_high(fields::Vd vd, fields::Rn rn) { emit(0x9eaf0000 | vd.bits | rn.bits); }

  // From a scalar of `from` bytes to one of `to`: 2, 4 or 8, not the same.
  void fcvt(fields::Fp to, fields::Vd vd, fields::Fp from, fields::Vn vn) {
    require(to.bits != from.bits);
    emit(0x1e224000 | from.bits | to.bits >> 7 | vd.bits | vn.bits);
  }

  // Lanes of `bytes` bytes. dup of a width is the scalar form, which clears the rest; ins keeps it.
  void dup(Arrangement a, fields::Vd vd, fields::Vn vn, unsigned index) {
    require(a != k1D);
    emit(0x0e000400 | q_bit(a) | lane(lane_bytes(a), index) | vd.bits | vn.bits);
  }
  void dup(unsigned bytes, fields::Vd vd, fields::Vn vn, unsigned index) {
    emit(0x5e000400 | lane(bytes, index) | vd.bits | vn.bits);
  }
  void dup(Arrangement a, fields::Vd vd, fields::Rn rn) {
    require(a != k1D);
    emit(0x0e000c00 | q_bit(a) | lane(lane_bytes(a), 0) | vd.bits | rn.bits);
  }
  void ins(unsigned bytes, fields::Vd vd, unsigned to, fields::Vn vn, unsigned from) {
    emit(0x6e000400 | lane(bytes, to) | lane_index(bytes, from) << 11 | vd.bits | vn.bits);
  }
  void ins(unsigned bytes, fields::Vd vd, unsigned index, fields::Rn rn) {
    emit(0x4e001c00 | lane(bytes, index) | vd.bits | rn.bits);
  }
  void umov(unsigned bytes, fields::Rd rd, fields::Vn vn, unsigned index) {
    emit(0x0e003c00 | (bytes == 8) << 30 | lane(bytes, index) | rd.bits | vn.bits);
  }
  void smov(fields::Sf width, unsigned bytes, fields::Rd rd, fields::Vn vn, unsigned index) {
    require(bytes <= (width.bits ? 4 : 2));
    emit(0x0e002c00 | width.bits >> 1 | lane(bytes, index) | rd.bits | vn.bits);
  }

  // The whole of a vector register, or its lower half and zeros.
  void mov(fields::BQ lanes, V vd, V vn) { orr(lanes.arrangement, vd, vn, vn); }
  // Both doublewords become `pattern`, for which encode_vector_constant has an encoding.
  void movi(fields::Vd vd, u64 pattern);
  // Lanes of two or four bytes with a byte that is shifted left by a multiple of 8.
  void orr(fields::HS lanes, fields::Vd vd, u32 value, unsigned shift = 0) {
    emit(0x0f001400 | lane_byte(lanes.arrangement, value, shift) | vd.bits);
  }
  void bic(fields::HS lanes, fields::Vd vd, u32 value, unsigned shift = 0) {
    emit(0x2f001400 | lane_byte(lanes.arrangement, value, shift) | vd.bits);
  }

  // The bytes of vn, then vm, from byte `index` on.
  void ext(fields::BQ lanes, fields::Vd vd, fields::Vn vn, fields::Vm vm, unsigned index) {
    require(index < (is_full(lanes.arrangement) ? 16 : 8));
    emit(0x2e000000 | lanes.bits | vd.bits | vn.bits | vm.bits | index << 11);
  }
  // The table is `count` registers, 1 to 4, from vn on; V31 is followed by V0.
  void tbl(fields::BQ lanes, fields::Vd vd, fields::Vn vn, unsigned count, fields::Vm vm) {
    emit(0x0e000000 | lanes.bits | table_length(count) | vd.bits | vn.bits | vm.bits);
  }
  void tbx(fields::BQ lanes, fields::Vd vd, fields::Vn vn, unsigned count, fields::Vm vm) {
    emit(0x0e001000 | lanes.bits | table_length(count) | vd.bits | vn.bits | vm.bits);
  }

 private:
  static constexpr bool is_imm9(s64 offset) { return offset >= -256 && offset < 256; }
  static constexpr bool is_scaled(unsigned bytes, s64 offset) {
    return offset >= 0 && offset % s64{bytes} == 0 && offset < s64{4096} * bytes;
  }
  static constexpr u32 imm9(s64 offset) {
    require(is_imm9(offset));
    return (static_cast<u32>(offset) & 0x1ff) << 12;
  }

  // The operand fields that depend on another operand.
  static constexpr u32 q_bit(Arrangement a) { return u32{is_full(a)} << 30; }
  static constexpr u32 bit_number(unsigned bit) {
    require(bit < 64);
    return bit >> 5 << 31 | (bit & 31) << 19;
  }
  static constexpr unsigned last_bit(unsigned lsb, unsigned count) {
    require(count >= 1);
    return lsb + count - 1;
  }
  static constexpr unsigned left_rotation(unsigned width, unsigned lsb, unsigned count) {
    require(count >= 1 && lsb < width * 8 && count <= width * 8 - lsb);
    return (width * 8 - lsb) % (width * 8);
  }
  static constexpr u32 move_width(unsigned width) {
    require(width == 2 || width == 4 || width == 8);
    return width == 8 ? 0x80400000 : width == 4 ? 0 : 0x00c00000;
  }
  static constexpr u32 signed_load(unsigned width, unsigned bytes) {
    require((width == 4 || width == 8) && bytes < width);
    return fields::Bytes(bytes).bits | (width == 8 ? 0x00800000 : 0x00c00000);
  }
  static constexpr u32 vector_access(unsigned bytes) {
    return bytes == 16 ? 0x00800000 : fields::Bytes(bytes).bits;
  }
  static constexpr u32 vector_pair(unsigned bytes) {
    require(bytes == 4 || bytes == 8 || bytes == 16);
    return bytes / 8 << 30;
  }
  static constexpr u32 lane_index(unsigned bytes, unsigned index) {
    require(std::has_single_bit(bytes) && bytes <= 8 && index < 16 / bytes);
    return index * bytes;
  }
  static constexpr u32 lane(unsigned bytes, unsigned index) {
    return (lane_index(bytes, index) << 1 | bytes) << 16;
  }
  static constexpr u32 lane_access(unsigned bytes, unsigned index) {
    // Q:S:size is the byte where the lane starts; opcode and, for doublewords, size tell the width.
    u32 at = lane_index(bytes, index);
    u32 opcode = bytes == 1 ? 0 : bytes == 2 ? 0x4000 : 0x8000;
    return opcode | (bytes == 8 ? 1 << 10 : 0) | at >> 3 << 30 | (at & 7) << 10;
  }
  static constexpr u32 lane_byte(Arrangement a, u32 value, unsigned shift) {
    require(value < 256 && shift % 8 == 0 && shift < lane_bytes(a) * 8);
    u32 cmode = (lane_bytes(a) == 2 ? 8 : 0) | shift / 4;
    return q_bit(a) | cmode << 12 | (value >> 5) << 16 | (value & 31) << 5;
  }
  static constexpr u32 table_length(unsigned count) {
    require(count >= 1 && count <= 4);
    return (count - 1) << 13;
  }
  static constexpr u32 code_of(X reg) { return fields::Rt(reg).bits; }
  static constexpr u32 code_of(V reg) { return fields::Vd(reg).bits; }
  static constexpr bool is_same(X reg, X base) { return reg == base; }
  static constexpr bool is_same(V, X) { return false; }

  void emit_shifted(u32 word, fields::Sf sf, u32 rm) {
    require(sf.bits || (rm & 0x8000) == 0);
    emit(word | sf.bits | rm);
  }
  void emit_logical(u32 word, unsigned width, u64 immediate) {
    auto field = encode_bitmask(width, immediate);
    require(field.has_value());
    emit(word | fields::Sf(width).bits | *field << 10);
  }
  void emit_bitfield(u32 word, unsigned width, unsigned immr, unsigned imms) {
    require(immr < width * 8 && imms < width * 8);
    emit(word | fields::SfN(width).bits | immr << 16 | imms << 10);
  }
  void emit_move_wide(u32 word, fields::Sf sf, u32 value, unsigned shift) {
    require(value < 0x10000 && shift % 16 == 0 && shift < (sf.bits ? 64 : 32));
    emit(word | sf.bits | shift / 16 << 21 | value << 5);
  }

  // immh:immb is the lane's bits plus the amount to the left, or twice the bits minus that to the
  // right. The scalar form of k1D is in the lane field too.
  void emit_shift_left(u32 word, u32 lane, Arrangement a, unsigned amount) {
    require(amount < lane_bytes(a) * 8);
    emit(word | (lane & 0x50000000) | (lane_bytes(a) * 8 + amount) << 16);
  }
  void emit_shift_right(u32 word, u32 lane, Arrangement a, unsigned amount) {
    require(amount >= 1 && amount <= lane_bytes(a) * 8);
    emit(word | (lane & 0x50000000) | (lane_bytes(a) * 16 - amount) << 16);
  }

  // The index is H:L:M for halfwords, whose register is one of the first 16, H:L for words, H for
  // doublewords.
  void emit_by_element(u32 word, Arrangement a, fields::Vm vm, unsigned index) {
    unsigned bytes = lane_bytes(a);
    require(index < 16 / bytes && (bytes > 2 || vm.bits < 16 << 16));
    u32 hlm = index * bytes / 2;
    emit(word | vm.bits | (hlm & 1) << 20 | (hlm >> 1 & 1) << 21 | hlm >> 2 << 11);
  }

  // `word` is that of the unscaled form.
  template <typename Register>
  void emit_access(u32 word, unsigned bytes, Register rt, const Mem& mem) {
    bool writes_base = mem.mode == Mem::Mode::kPre || mem.mode == Mem::Mode::kPost;
    require(!writes_base || !is_same(rt, mem.base));
    emit(word | code_of(rt) | fields::Base(mem.base).bits | address(bytes, mem));
  }
  static constexpr u32 address(unsigned bytes, const Mem& mem) {
    switch (mem.mode) {
      case Mem::Mode::kOffset:
        if (is_scaled(bytes, mem.offset)) return 0x01000000 | u32(mem.offset / bytes) << 10;
        return imm9(mem.offset);
      case Mem::Mode::kPost:
        return 0x400 | imm9(mem.offset);
      case Mem::Mode::kPre:
        return 0xc00 | imm9(mem.offset);
      case Mem::Mode::kIndex:
        return index(bytes, mem);
    }
    bad_operand();
  }
  static constexpr u32 index(unsigned bytes, const Mem& mem) {
    u32 option = static_cast<u32>(mem.extend);
    require((option & 2) && (mem.shift == 0 || 1u << mem.shift == bytes));
    return 0x00200800 | fields::Rm(mem.index).bits | option << 13 | u32{mem.shift != 0} << 12;
  }

  // `word` has no address mode.
  template <typename Register>
  void emit_pair(u32 word, unsigned bytes, Register rt, Register rt2, const Mem& mem) {
    require(mem.mode != Mem::Mode::kIndex && is_pair_offset_encodable(bytes, mem.offset));
    u32 mode = 0x01000000;
    if (mem.mode != Mem::Mode::kOffset) {
      require(!is_same(rt, mem.base) && !is_same(rt2, mem.base));
      mode = mem.mode == Mem::Mode::kPre ? 0x01800000 : 0x00800000;
    }
    u32 imm7 = static_cast<u32>(mem.offset / s64{bytes}) & 0x7f;
    emit(word | mode | imm7 << 15 | code_of(rt2) << 10 | fields::Base(mem.base).bits | code_of(rt));
  }

  // A word of branch.h.
  void emit_relative(u32 word, Target target) {
    if (target.label) {
      emit_reference(word, *target.label);
    } else {
      emit(retarget(word, target.distance));
    }
  }
  void emit_reference(u32 word, Label& label);
  void patch_references(s32 newest);

  std::span<u32> code_;
  std::span<u32> refuse() const;

  s32 position_ = 0;
  s32 unbound_ = 0;  // references to labels that are not bound yet
};

}  // namespace gantry::aarch64

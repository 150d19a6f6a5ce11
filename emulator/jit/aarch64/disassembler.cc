#include "emulator/jit/aarch64/disassembler.h"

#include <algorithm>
#include <array>
#include <bit>

#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/readers.h"

namespace gantry::aarch64 {
namespace readers {
namespace {

// What the forms that are methods of their own in Assembler have beside the fields of fields.h:
// readers themselves.

template <u32 mask>
struct Part {
  static constexpr u32 kMask = mask;
};

// The distance to a target, in units of `scale` bytes.
template <unsigned position, unsigned bits, unsigned scale = 4>
struct Distance : Part<mask_at(position, bits)> {
  static bool read(Line& line) {
    line.operand(line.target(line.signed_field(position, bits) * scale));
    return true;
  }
};

template <bool pages>
struct AdrDistance : Part<mask_at(5, 19) | mask_at(29, 2)> {
  static bool read(Line& line) {
    s64 distance = line.signed_field(5, 19) * 4 + line.field(29, 2);
    // Where the page of a target is takes the instruction's own address.
    line.operand(pages ? format("#%ld", distance * 4096) : line.target(distance));
    return true;
  }
};

struct BranchCondition : Part<mask_at(0, 4)> {
  static bool read(Line& line) {
    line.name = std::string("b.") + condition_text(line.field(0, 4));
    return line.field(0, 4) <= static_cast<u32>(kAl);
  }
};

// The register and the bit of TBZ.
struct TestedBit : Part<mask_at(0, 5) | mask_at(31, 1) | mask_at(19, 5)> {
  static bool read(Line& line) {
    line.operand(gpr_text(line.field(31, 1) ? 8 : 4, line.field(0, 5)));
    line.operand(format("#%u", line.field(31, 1) << 5 | line.field(19, 5)));
    return true;
  }
};

// MOV, where that is the preferred name (C6.2, MOVZ and MOVN).
struct WideImmediate : Part<mask_at(5, 18)> {
  static bool read(Line& line) {
    u64 value = line.field(5, 16);
    unsigned shift = line.field(21, 2) * 16;
    bool inverted = line.name == "movn";
    bool plain = line.name != "movk" && (value || !shift);
    if (inverted && line.width == 4 && value == 0xffff) plain = false;
    if (plain) {
      u64 whole = inverted ? ~(value << shift) : value << shift;
      line.name = "mov";
      line.operand(format("#0x%lx", line.width == 4 ? whole & 0xffffffff : whole));
    } else {
      line.operand(format("#0x%lx", value));
      if (shift) line.operand(format("lsl #%u", shift));
    }
    return shift < line.width * 8;
  }
};

// MOV to or from the stack pointer is an addition of 0.
struct OneIsSp : Part<0> {
  static bool read(Line& line) { return line.field(0, 5) == 31 || line.field(5, 5) == 31; }
};

struct RotateAmount : Part<mask_at(10, 6)> {
  static bool read(Line& line) {
    line.operand(format("#%u", line.field(10, 6)));
    return line.field(10, 6) < line.width * 8;
  }
};

// One vector register twice.
struct VnVm : Part<mask_at(5, 5) | mask_at(16, 5)> {
  static bool read(Line& line) {
    line.operand(vector_text(line, fields::Lanes::kSame, line.field(5, 5)));
    return line.field(5, 5) == line.field(16, 5);
  }
};

// --- memory

// The bytes of an access that sign-extends them.
struct SignedBytes : Part<mask_at(30, 2) | mask_at(22, 2)> {
  static bool read(Line& line) {
    static constexpr const char* kSizes[] = {"sb", "sh", "sw", ""};
    line.scalar = 1 << line.field(30, 2);
    line.size = kSizes[line.field(30, 2)];
    line.width = line.field(22, 2) == 2 ? 8 : 4;
    return line.field(22, 2) >= 2 && line.scalar < line.width;
  }
};

struct VectorBytes : Part<mask_at(30, 2) | mask_at(23, 1)> {
  static bool read(Line& line) {
    line.scalar = line.field(23, 1) ? 16 : 1 << line.field(30, 2);
    return !line.field(23, 1) || !line.field(30, 2);
  }
};

struct LiteralBytes : Part<mask_at(30, 1)> {
  static bool read(Line& line) {
    line.width = line.field(30, 1) ? 8 : 4;
    return true;
  }
};

// Of each of two registers, general and vector ones.
struct PairWidth : Part<mask_at(31, 1)> {
  static bool read(Line& line) {
    line.width = line.scalar = line.field(31, 1) ? 8 : 4;
    return true;
  }
};
struct FourBytes : Part<0> {
  static bool read(Line& line) {
    line.scalar = 4;
    return true;
  }
};
struct VectorPair : Part<mask_at(30, 2)> {
  static bool read(Line& line) {
    line.scalar = 4 << line.field(30, 2);
    return line.field(30, 2) < 3;
  }
};

enum class Style : u8 { kOffset, kPre, kPost };

bool write_address(Line& line, Style style, s64 offset) {
  std::string base = "[" + gpr_or_sp_text(8, line.field(5, 5));
  if (style == Style::kPost) {
    line.operand(base + format("], #%ld", offset));
  } else if (style == Style::kPre) {
    line.operand(base + format(", #%ld]!", offset));
  } else {
    line.operand(base + (offset ? format(", #%ld]", offset) : "]"));
  }
  return true;
}

struct Scaled : Part<mask_at(5, 5) | mask_at(10, 12)> {
  static bool read(Line& line) {
    return write_address(line, Style::kOffset, s64{line.field(10, 12)} * line.scalar);
  }
};

template <Style style>
struct Unscaled : Part<mask_at(5, 5) | mask_at(12, 9)> {
  static bool read(Line& line) { return write_address(line, style, line.signed_field(12, 9)); }
};

template <Style style>
struct PairOffset : Part<mask_at(5, 5) | mask_at(15, 7)> {
  static bool read(Line& line) {
    return write_address(line, style, line.signed_field(15, 7) * line.scalar);
  }
};

struct Indexed : Part<mask_at(5, 5) | mask_at(16, 5) | mask_at(12, 4)> {
  static bool read(Line& line) {
    u32 extend = line.field(13, 3);
    bool plain = extend == static_cast<u32>(kUxtx);
    std::string text = "[" + gpr_or_sp_text(8, line.field(5, 5)) + ", ";
    text += gpr_text(extend & 1 ? 8 : 4, line.field(16, 5));
    if (!plain) text += std::string(", ") + extend_text(extend);
    int amount = std::countr_zero(line.scalar);
    if (line.field(12, 1)) text += format(plain ? ", lsl #%d" : " #%d", amount);
    line.operand(text + "]");
    // A byte needs no shift.
    return (extend & 2) && (amount || !line.field(12, 1));
  }
};

// --- vectors

char lane_letter(unsigned bytes) { return "bhsd"[std::countr_zero(bytes)]; }

// Q:S:size is the byte where the lane starts; opcode and, for doublewords, size tell the width.
struct LaneInMemory : Part<mask_at(30, 1) | mask_at(14, 2) | mask_at(10, 3) | mask_at(0, 5)> {
  static bool read(Line& line) {
    u32 opcode = line.field(14, 2), at = line.field(30, 1) << 3 | line.field(10, 3);
    if (opcode == 3) return false;
    bool is_doubleword = opcode == 2 && (at & 1);
    unsigned bytes = is_doubleword ? 8 : 1 << opcode;
    if (is_doubleword) at -= 1;
    line.operand(format("{v%u.%c}[%u]", line.field(0, 5), lane_letter(bytes), at / bytes));
    return at % bytes == 0;
  }
};

struct AllLanes : Part<mask_at(30, 1) | mask_at(10, 2) | mask_at(0, 5)> {
  static bool read(Line& line) {
    unsigned bytes = 1 << line.field(10, 2), count = (line.field(30, 1) ? 16 : 8) / bytes;
    line.operand("{" + vector_text(count, bytes, line.field(0, 5)) + "}");
    return true;
  }
};

struct BlockAddress : Part<mask_at(0, 5)> {
  static bool read(Line& line) {
    line.operand("zva");
    line.operand(gpr_text(8, line.field(0, 5)));
    return true;
  }
};

// Size and number of one lane (imm5).
struct LaneIndex : Part<mask_at(16, 5)> {
  static bool read(Line& line) {
    u32 field = line.field(16, 5);
    if (!(field & 15)) return false;
    line.lane_size = field & -field;
    line.lane_index = field / 2 / line.lane_size;
    line.scalar = line.lane_size;
    line.width = line.lane_size == 8 ? 8 : 4;
    return true;
  }
};

// The arrangement with lanes of that size.
struct FullLanes : Part<mask_at(30, 1)> {
  static bool read(Line& line) {
    line.lanes = static_cast<Arrangement>(std::countr_zero(line.lane_size) << 1 |
                                          static_cast<int>(line.field(30, 1)));
    return line.lanes != k1D;
  }
};

struct FromIndex : Part<mask_at(11, 4)> {
  static bool read(Line& line) {
    line.lane_index = line.field(11, 4) / line.lane_size;
    return line.field(11, 4) % line.lane_size == 0;
  }
};

template <unsigned position>
struct OneLane : Part<mask_at(position, 5)> {
  static bool read(Line& line) {
    line.operand(format("v%u.%c[%u]", line.field(position, 5), lane_letter(line.lane_size),
                        line.lane_index));
    return true;
  }
};

// The general register's width, where the lane's says it, and where it does not.
struct LaneWidth : Part<mask_at(30, 1)> {
  static bool read(Line& line) { return (line.lane_size == 8) == line.field(30, 1); }
};
struct WiderThanLane : Part<mask_at(30, 1)> {
  static bool read(Line& line) {
    line.width = line.field(30, 1) ? 8 : 4;
    return line.lane_size < line.width;
  }
};

// Between register files.
struct MoveWidth : Part<0x80c00000> {
  static bool read(Line& line) {
    u32 bits = line.word & kMask;
    line.scalar = bits == 0 ? 4 : bits == 0x00c00000 ? 2 : 8;
    line.width = line.scalar == 8 ? 8 : 4;
    return line.scalar != 8 || bits == 0x80400000;
  }
};

template <unsigned position>
struct HighHalf : Part<mask_at(position, 5)> {
  static bool read(Line& line) {
    line.operand(format("v%u.d[1]", line.field(position, 5)));
    return true;
  }
};

// FCVT's result.
struct ConvertTo : Part<mask_at(15, 2)> {
  static bool read(Line& line) {
    auto bytes = Reader<fields::Fp>::find(line.field(15, 2) << 22);
    line.scalar = bytes.value_or(8);
    return bytes && line.field(15, 2) != line.field(22, 2);
  }
};

std::string lane_byte_text(const Line& line, unsigned shift, const char* kind = "lsl") {
  u32 value = line.field(16, 3) << 5 | line.field(5, 5);
  return format("#%u", value) + (shift ? format(", %s #%u", kind, shift) : "");
}

// ORR and BIC of a byte in each lane.
struct LaneByteShape : Part<mask_at(30, 1) | mask_at(13, 3)> {
  static bool read(Line& line) {
    bool halves = line.field(15, 1), full = line.field(30, 1);
    line.lanes = halves ? (full ? k8H : k4H) : full ? k4S : k2S;
    return line.field(14, 2) != 3;
  }
};
struct LaneByte : Part<mask_at(16, 3) | mask_at(5, 5)> {
  static bool read(Line& line) {
    line.operand(lane_byte_text(line, line.field(13, line.field(15, 1) ? 1 : 2) * 8));
    return true;
  }
};

// MOVI, MVNI and FMOV, by op and cmode (shared pseudocode: AdvSIMDExpandImm).
struct ConstantShape : Part<mask_at(29, 1) | mask_at(12, 4)> {
  static bool read(Line& line) {
    u32 mode = line.field(12, 4);
    bool op = line.field(29, 1);
    line.name = mode == 15 ? "fmov" : op && mode < 14 ? "mvni" : "movi";
    line.lanes = mode < 8    ? k4S
                 : mode < 12 ? k8H
                 : mode < 14 ? k4S
                 : op        ? k2D
                 : mode < 15 ? k16B
                             : k4S;
    return mode >= 12 || mode % 2 == 0;
  }
};
struct ConstantValue : Part<mask_at(16, 3) | mask_at(5, 5)> {
  static u64 bytes_of(u32 mask) {
    u64 value = 0;
    for (unsigned n = 0; n < 8; n++) value |= mask >> n & 1 ? u64{0xff} << 8 * n : 0;
    return value;
  }
  static bool read(Line& line) {
    u32 mode = line.field(12, 4), imm8 = line.field(16, 3) << 5 | line.field(5, 5);
    if (mode == 15) {
      line.operand(format("#%.8f", float8_of(imm8)));
    } else if (mode == 14 && line.field(29, 1)) {
      line.operand(format("#0x%lx", bytes_of(imm8)));
    } else if (mode >= 12) {
      line.operand(lane_byte_text(line, mode == 14 ? 0 : mode == 13 ? 16 : 8, "msl"));
    } else {
      line.operand(lane_byte_text(line, mode % 8 * 4));
    }
    return true;
  }
};

struct ByteIndex : Part<mask_at(11, 4)> {
  static bool read(Line& line) {
    line.operand(format("#%u", line.field(11, 4)));
    return is_full(line.lanes) || line.field(11, 4) < 8;
  }
};

struct Table : Part<mask_at(5, 5) | mask_at(13, 2)> {
  static bool read(Line& line) {
    std::string text;
    for (u32 n = 0; n <= line.field(13, 2); n++) {
      text += (n ? ", " : "{") + vector_text(16, 1, (line.field(5, 5) + n) % 32);
    }
    line.operand(text + "}");
    return true;
  }
};

}  // namespace
}  // namespace readers

namespace {

using namespace readers;
using namespace fields;

// A column is a field, or a reader itself.
template <typename T>
struct ReaderOf {
  using Type = Reader<T>;
};
template <typename T>
  requires requires { T::kMask; }
struct ReaderOf<T> {
  using Type = T;
};

struct Form {
  const char* name;
  u32 word, mask;
  bool (*read)(Line&);

  bool matches(u32 w) const { return (w & ~mask) == word; }
};

template <typename... Columns>
constexpr Form make_form(const char* name, u32 word) {
  return {name, word, (0u | ... | ReaderOf<Columns>::Type::kMask),
          [](Line& line) { return (true && ... && ReaderOf<Columns>::Type::read(line)); }};
}

constexpr Form kForms[] = {
#define FORM(name, word, ...) make_form<__VA_ARGS__>(#name, word),
#define INSN FORM
#define SHIFTED(name, word, ...) FORM(name, word, Sf, __VA_ARGS__)
#define SHIFTED2 SHIFTED
#define LOGICAL(name, word, Rd) FORM(name, word, Sf, Rd, Rn, Bitmask)
#define BITFIELD(name, word) FORM(name, word, SfN, Rd, Rn, BitfieldEnds)
#define SHIFT_LEFT(name, word, Lanes, ...) \
  FORM(name, word, ShiftedLane<Lanes>, __VA_ARGS__, LeftAmount)
#define SHIFT_RIGHT(name, word, Lanes, ...) \
  FORM(name, word, ShiftedLane<Lanes>, __VA_ARGS__, RightAmount)
#define BY_ELEMENT(name, word, ...) FORM(name, word, __VA_ARGS__, Element)
#include "emulator/jit/aarch64/instructions.def"

// The methods of Assembler that are no rows, and names that the manual prefers.
#define ACCESS(stem, word, Size, Register)                            \
  FORM(stem##r, word | 0x01000000, Size, Register, Scaled)            \
  FORM(stem##ur, word, Size, Register, Unscaled<Style::kOffset>)      \
  FORM(stem##r, word | 0x400, Size, Register, Unscaled<Style::kPost>) \
  FORM(stem##r, word | 0xc00, Size, Register, Unscaled<Style::kPre>)  \
  FORM(stem##r, word | 0x00200800, Size, Register, Indexed)
#define PAIR(name, word, Size, Register, Register2)                                    \
  FORM(name, word | 0x01000000, Size, Register, Register2, PairOffset<Style::kOffset>) \
  FORM(name, word | 0x01800000, Size, Register, Register2, PairOffset<Style::kPre>)    \
  FORM(name, word | 0x00800000, Size, Register, Register2, PairOffset<Style::kPost>)
    FORM(movz, 0x52800000, Sf, Rd, WideImmediate) FORM(
        movn, 0x12800000, Sf, Rd, WideImmediate) FORM(movk, 0x72800000, Sf, Rd, WideImmediate)
        FORM(mov, 0x2a0003e0, Sf, Rd, Rm) FORM(mov, 0x11000000, Sf, RdSp, RnSp, OneIsSp) FORM(
            tst, 0x7200001f, Sf, Rn, Bitmask) FORM(extr, 0x13800000, SfN, Rd, Rn, Rm,
                                                   RotateAmount) FORM(ror, 0x13800000, SfN, Rd,
                                                                      RnRm, RotateAmount)
            FORM(rev, 0x5ac00800, Wd, Wn) FORM(rev, 0xdac00c00, Xd, Xn) FORM(
                b, kBranch,
                Distance<
                    0,
                    26>) FORM(bl, kBranchAndLink,
                              Distance<0, 26>) FORM(b, kBranchIf, BranchCondition, Distance<5, 19>)
                FORM(cbz, kCbz, Sf, Rt, Distance<5, 19>) FORM(
                    cbnz,
                    kCbnz, Sf, Rt,
                    Distance<
                        5,
                        19>) FORM(tbz, kTbz, TestedBit,
                                  Distance<5, 14>) FORM(tbnz, kTbnz, TestedBit, Distance<5, 14>)
                    FORM(ret, 0xd65f03c0) FORM(adr, 0x10000000, Xd, AdrDistance<false>) FORM(
                        adrp, 0x90000000, Xd,
                        AdrDistance<
                            true>) ACCESS(ld, 0x38400000,
                                          Bytes, Rt) ACCESS(st, 0x38000000, Bytes, Rt)
                        ACCESS(ld, 0x38000000, SignedBytes,
                               Rt) ACCESS(ld, 0x3c400000, VectorBytes,
                                          Fd) ACCESS(st, 0x3c000000, VectorBytes, Fd)
                            FORM(ldr, 0x18000000, LiteralBytes, Rt, Distance<5, 19>) FORM(
                                ldr,
                                0x1c000000,
                                VectorPair,
                                Fd,
                                Distance<5, 19>) FORM(ldrsw, 0x98000000, Xd, Distance<5, 19>)
                                PAIR(ldp, 0x28400000, PairWidth, Rt, Rt2) PAIR(
                                    stp,
                                    0x28000000,
                                    PairWidth,
                                    Rt,
                                    Rt2) PAIR(ldpsw, 0x68400000, FourBytes, Rt,
                                              Rt2) PAIR(ldp, 0x2c400000, VectorPair, Fd, Fa)
                                    PAIR(stp, 0x2c000000, VectorPair, Fd, Fa) FORM(
                                        ldapur,
                                        0x19400000,
                                        Bytes, Rt,
                                        Unscaled<
                                            Style::kOffset>) FORM(stlur, 0x19000000, Bytes, Rt,
                                                                  Unscaled<Style::kOffset>)
                                        FORM(
                                            ldapur,
                                            0x19000000,
                                            SignedBytes,
                                            Rt,
                                            Unscaled<
                                                Style::kOffset>) FORM(dc, 0xd50b7420, BlockAddress)
                                            FORM(ld1, 0x0d400000, LaneInMemory, Base) FORM(
                                                st1,
                                                0x0d000000,
                                                LaneInMemory,
                                                Base) FORM(ld1r, 0x0d40c000, AllLanes,
                                                           Base) FORM(fmov, 0x1e260000, MoveWidth,
                                                                      Rd,
                                                                      Fn) FORM(fmov, 0x1e270000,
                                                                               MoveWidth, Fd, Rn)
                                                FORM(fmov, 0x9eae0000, Xd,
                                                     HighHalf<
                                                         5>) FORM(fmov, 0x9eaf0000, HighHalf<0>,
                                                                  Xn) FORM(fcvt, 0x1e224000,
                                                                           ConvertTo, Fd, Fp, Fn)
                                                    FORM(dup, 0x0e000400, LaneIndex, FullLanes, Vd,
                                                         OneLane<
                                                             5>) FORM(dup, 0x5e000400, LaneIndex,
                                                                      Fd,
                                                                      OneLane<5>)
                                                        FORM(dup, 0x0e000c00, LaneIndex, FullLanes,
                                                             Vd,
                                                             Rn) FORM(ins, 0x6e000400, LaneIndex,
                                                                      OneLane<0>,
                                                                      FromIndex,
                                                                      OneLane<5>)
                                                            FORM(ins, 0x4e001c00, LaneIndex,
                                                                 OneLane<0>,
                                                                 Rn) FORM(umov, 0x0e003c00,
                                                                          LaneIndex,
                                                                          LaneWidth,
                                                                          Rd,
                                                                          OneLane<5>)
                                                                FORM(
                                                                    smov, 0x0e002c00, LaneIndex,
                                                                    WiderThanLane, Rd, OneLane<5>)
                                                                    FORM(
                                                                        mov,
                                                                        0x0ea01c00,
                                                                        BQ,
                                                                        Vd,
                                                                        VnVm) FORM(movi, 0x4f000400,
                                                                                   ConstantShape,
                                                                                   Vd,
                                                                                   ConstantValue)
                                                                        FORM(orr, 0x0f001400,
                                                                             LaneByteShape, Vd,
                                                                             LaneByte)
                                                                            FORM(bic, 0x2f001400,
                                                                                 LaneByteShape, Vd,
                                                                                 LaneByte)
                                                                                FORM(ext,
                                                                                     0x2e000000, BQ,
                                                                                     Vd,
                                                                                     Vn,
                                                                                     Vm,
                                                                                     ByteIndex)
                                                                                    FORM(tbl,
                                                                                         0x0e000000,
                                                                                         BQ, Vd,
                                                                                         Table, Vm)
                                                                                        FORM(
                                                                                            tbx,
                                                                                            0x0e001000,
                                                                                            BQ, Vd,
                                                                                            Table,
                                                                                            Vm)
#undef ACCESS
#undef PAIR
#undef FORM
};

// The forms from the most special on, so that CMP comes before SUBS; of equal ones the later first.
constexpr auto kSorted = [] {
  std::array<const Form*, std::size(kForms)> forms;
  for (std::size_t n = 0; n < forms.size(); n++) forms[n] = &kForms[n];
  std::sort(forms.begin(), forms.end(), [](const Form* a, const Form* b) {
    int difference = std::popcount(a->mask) - std::popcount(b->mask);
    return difference ? difference < 0 : a > b;
  });
  return forms;
}();

}  // namespace

std::string disassemble(u32 word, const TargetName& name) {
  for (const Form* form : kSorted) {
    if (!form->matches(word)) continue;
    Line line{.word = word, .target = name, .name = form->name, .operands = {}};
    if (line.name.ends_with('_')) line.name.pop_back();
    if (form->read(line)) return line.text();
  }
  return format(".inst 0x%08x", word);
}

std::string disassemble(u32 word) {
  static const TargetName kDistance = [](s64 distance) { return format("#%ld", distance); };
  return disassemble(word, kDistance);
}

}  // namespace gantry::aarch64

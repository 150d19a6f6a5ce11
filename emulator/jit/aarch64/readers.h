// The columns of instructions.def backward: for each field of fields.h, which bits of an
// instruction word it sets and how assembly syntax writes them. Where a field has few values, the
// one that a word holds is found by encoding them all.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <type_traits>

#include "emulator/base/format.h"
#include "emulator/jit/aarch64/disassembler.h"
#include "emulator/jit/aarch64/fields.h"

namespace gantry::aarch64::readers {

// An instruction that is being written. Operands are read from left to right, so that the widths
// are known when the registers are.
struct Line {
  u32 word;
  const TargetName& target;
  std::string name;
  const char *order = "", *size = "", *half = "";  // what follows the name
  std::string operands;

  unsigned width = 8;                      // of general registers, in bytes
  unsigned scalar = 0;                     // of scalars and memory accesses, in bytes
  Arrangement lanes{};                     // of vectors
  bool is_scalar = false;                  // k1D, and the instruction means one scalar
  unsigned lane_size = 0, lane_index = 0;  // of single lanes, in bytes

  u32 field(unsigned position, unsigned bits) const {
    return word >> position & ((u32{1} << bits) - 1);
  }
  s64 signed_field(unsigned position, unsigned bits) const {
    s64 sign = s64{1} << (bits - 1);
    return (static_cast<s64>(field(position, bits)) ^ sign) - sign;
  }
  void operand(const std::string& text) { operands += (operands.empty() ? "" : ", ") + text; }
  std::string text() const {
    return name + order + size + half + (operands.empty() ? "" : " ") + operands;
  }
};

std::string gpr_text(unsigned width, u32 code);
std::string gpr_or_sp_text(unsigned width, u32 code);
std::string scalar_text(unsigned bytes, u32 code);
std::string vector_text(unsigned count, unsigned bytes, u32 code);
std::string vector_text(const Line& line, fields::Lanes lanes, u32 code);
const char* condition_text(u32 condition);
const char* extend_text(u32 extend);
std::string shift_text(u32 shift, u32 amount);
// The immediate of LOGICAL rows (shared pseudocode: DecodeBitMasks), or nothing.
std::optional<u64> bitmask_of(unsigned width, u32 field);
// VFPExpandImm.
double float8_of(u32 imm8);

constexpr u32 mask_at(unsigned position, unsigned bits) {
  return ((u32{1} << bits) - 1) << position;
}

// For each field `kMask`, the bits that it sets, and read(): adds its operand to the line; false
// when it has no such value.
template <typename Field>
struct Reader;

// A field of few values.
template <typename Field, auto... values>
struct Choice {
  using Value = std::common_type_t<decltype(values)...>;
  static constexpr u32 kMask = (0 | ... | Field(values).bits);

  static std::optional<Value> find(u32 word) {
    std::optional<Value> found;
    ((Field(values).bits == (word & kMask) ? void(found = values) : void()), ...);
    return found;
  }
};

template <unsigned position, unsigned width>
struct Reader<fields::Gpr<position, width>> {
  static constexpr u32 kMask = mask_at(position, 5);
  static bool read(Line& line) {
    line.operand(gpr_text(width ? width : line.width, line.field(position, 5)));
    return true;
  }
};

template <unsigned position>
struct Reader<fields::GprOrSp<position>> {
  static constexpr u32 kMask = mask_at(position, 5);
  static bool read(Line& line) {
    line.operand(gpr_or_sp_text(line.width, line.field(position, 5)));
    return true;
  }
};

template <>
struct Reader<fields::Base> {
  static constexpr u32 kMask = mask_at(5, 5);
  static bool read(Line& line) {
    line.operand("[" + gpr_or_sp_text(8, line.field(5, 5)) + "]");
    return true;
  }
};

template <unsigned position>
struct Reader<fields::GprPair<position>> {
  static constexpr u32 kMask = mask_at(position + 1, 4);
  static bool read(Line& line) {
    u32 code = line.field(position, 5);
    line.operand(gpr_text(line.width, code));
    line.operand(gpr_text(line.width, code + 1));
    return true;
  }
};

template <>
struct Reader<fields::RnRm> {
  static constexpr u32 kMask = mask_at(5, 5) | mask_at(16, 5);
  static bool read(Line& line) {
    line.operand(gpr_text(line.width, line.field(5, 5)));
    return line.field(5, 5) == line.field(16, 5);
  }
};

template <bool rotates>
struct Reader<fields::Shifted<rotates>> {
  static constexpr u32 kMask = mask_at(16, 5) | mask_at(22, 2) | mask_at(10, 6);
  static bool read(Line& line) {
    u32 shift = line.field(22, 2), amount = line.field(10, 6);
    line.operand(gpr_text(line.width, line.field(16, 5)));
    if (shift || amount) line.operand(shift_text(shift, amount));
    return amount < line.width * 8 && (rotates || shift != static_cast<u32>(kRor));
  }
};

template <>
struct Reader<fields::RmExtended> {
  static constexpr u32 kMask = mask_at(16, 5) | mask_at(10, 6);
  static bool read(Line& line) {
    u32 extend = line.field(13, 3), amount = line.field(10, 3);
    bool whole = (extend & 3) == 3;
    line.operand(gpr_text(whole ? line.width : 4, line.field(16, 5)));
    line.operand(extend_text(extend) + (amount ? format(" #%u", amount) : ""));
    return amount <= 4;
  }
};

// Widths.
template <typename Field>
struct WidthReader : Choice<Field, 4u, 8u> {
  static bool read(Line& line) {
    auto width = Choice<Field, 4u, 8u>::find(line.word);
    line.width = line.scalar = width.value_or(8);
    return width.has_value();
  }
};

template <>
struct Reader<fields::Sf> : WidthReader<fields::Sf> {};
template <>
struct Reader<fields::SfN> : WidthReader<fields::SfN> {};
template <>
struct Reader<fields::PairBytes> : WidthReader<fields::PairBytes> {};

template <>
struct Reader<fields::Bytes> : Choice<fields::Bytes, 1u, 2u, 4u, 8u> {
  static bool read(Line& line) {
    line.scalar = *find(line.word);
    line.width = line.scalar == 8 ? 8 : 4;
    line.size = line.scalar == 1 ? "b" : line.scalar == 2 ? "h" : "";
    return true;
  }
};

template <typename Field, unsigned... widths>
struct ScalarReader : Choice<Field, widths...> {
  static bool read(Line& line) {
    auto width = Choice<Field, widths...>::find(line.word);
    line.scalar = width.value_or(8);
    return width.has_value();
  }
};

template <>
struct Reader<fields::Fp> : ScalarReader<fields::Fp, 2u, 4u, 8u> {};
template <>
struct Reader<fields::FpSd> : ScalarReader<fields::FpSd, 4u, 8u> {};

template <>
struct Reader<fields::Cond> {
  static constexpr u32 kMask = mask_at(12, 4);
  static bool read(Line& line) {
    u32 condition = line.field(12, 4);
    line.operand(condition_text(condition));
    return condition <= static_cast<u32>(kAl);
  }
};

template <>
struct Reader<fields::InvertedCond> {
  static constexpr u32 kMask = mask_at(12, 4);
  static bool read(Line& line) {
    u32 condition = line.field(12, 4) ^ 1;
    line.operand(condition_text(condition));
    return condition < static_cast<u32>(kAl);
  }
};

template <unsigned position, unsigned bits>
struct Reader<fields::Unsigned<position, bits>> {
  static constexpr u32 kMask = mask_at(position, bits);
  static bool read(Line& line) {
    line.operand(format("#%u", line.field(position, bits)));
    return true;
  }
};

template <>
struct Reader<fields::AddImmediate> {
  static constexpr u32 kMask = mask_at(10, 13);
  static bool read(Line& line) {
    line.operand(format("#%u", line.field(10, 12) << (line.field(22, 1) ? 12 : 0)));
    return true;
  }
};

template <>
struct Reader<fields::Float8> {
  static constexpr u32 kMask = mask_at(13, 8);
  static bool read(Line& line) {
    line.operand(format("#%.8f", float8_of(line.field(13, 8))));
    return true;
  }
};

template <>
struct Reader<fields::Zero> {
  static constexpr u32 kMask = 0;
  static bool read(Line& line) {
    line.operand("#0");
    return true;
  }
};

template <>
struct Reader<fields::FloatZero> {
  static constexpr u32 kMask = 0;
  static bool read(Line& line) {
    line.operand("#0.0");
    return true;
  }
};

template <>
struct Reader<fields::System> {
  static constexpr u32 kMask = mask_at(5, 15);
  static bool read(Line& line);
};

template <>
struct Reader<fields::BarrierKind> : Choice<fields::BarrierKind, kIshld, kIshst, kIsh> {
  static bool read(Line& line) {
    auto kind = find(line.word);
    line.operand(kind == kIshld ? "ishld" : kind == kIshst ? "ishst" : "ish");
    return kind.has_value();
  }
};

template <unsigned acquire, unsigned release>
struct Reader<fields::Ordered<acquire, release>>
    : Choice<fields::Ordered<acquire, release>, kRelaxed, kAcquire, kRelease, kAcquireRelease> {
  static bool read(Line& line) {
    static constexpr const char* kSuffixes[] = {"", "a", "l", "al"};
    line.order = kSuffixes[static_cast<u8>(*Reader::find(line.word))];
    return true;
  }
};

template <unsigned position, fields::Lanes lanes>
struct Reader<fields::Vector<position, lanes>> {
  static constexpr u32 kMask = mask_at(position, 5);
  static bool read(Line& line) {
    line.operand(vector_text(line, lanes, line.field(position, 5)));
    return true;
  }
};

// Of an instruction's Arrangements, those whose bits `encode` gives.
template <u8 set, typename Encode>
constexpr u32 lanes_mask(Encode encode) {
  u32 mask = 0;
  for (u8 n = 0; n < 8; n++) {
    if (set >> n & 1) mask |= encode(static_cast<Arrangement>(n));
  }
  return mask;
}
template <u8 set, typename Encode>
std::optional<Arrangement> find_lanes(u32 word, Encode encode) {
  for (u8 n = 0; n < 8; n++) {
    auto a = static_cast<Arrangement>(n);
    if ((set >> n & 1) && encode(a) == (word & lanes_mask<set>(encode))) return a;
  }
  return std::nullopt;
}

template <u8 set, fields::LaneCode code, bool long_form>
struct Reader<fields::Lane<set, code, long_form>> {
  static constexpr u32 encode(Arrangement a) { return fields::Lane<set, code, long_form>(a).bits; }
  static constexpr u32 kMask = lanes_mask<set>(encode);

  static bool use(Line& line, Arrangement a) {
    line.lanes = a;
    line.is_scalar = a == k1D && code == fields::LaneCode::kSize;
    if (long_form && is_full(a)) line.half = "2";
    return true;
  }
  static bool read(Line& line) {
    auto a = find_lanes<set>(line.word, encode);
    return a && use(line, *a);
  }
};

// The rows that are not INSN.
struct Bitmask;
struct BitfieldEnds;
template <typename Lane>
struct ShiftedLane;
struct LeftAmount;
struct RightAmount;
struct Element;

template <>
struct Reader<Bitmask> {
  static constexpr u32 kMask = mask_at(10, 13);
  static bool read(Line& line) {
    auto value = bitmask_of(line.width, line.field(10, 13));
    line.operand(format("#%#lx", value.value_or(0)));
    return value.has_value();
  }
};

// immr and imms, as that of the aliases which says what they do (C6.2, SBFM, BFM and UBFM).
template <>
struct Reader<BitfieldEnds> {
  static constexpr u32 kMask = mask_at(10, 12);
  static bool read(Line& line);
};

// immh:immb holds the size of the lanes besides the amount; only Q and the scalar form are where
// they are elsewhere.
template <u8 set, fields::LaneCode code, bool long_form>
struct Reader<ShiftedLane<fields::Lane<set, code, long_form>>> {
  using Lane = Reader<fields::Lane<set, code, long_form>>;
  static constexpr u32 kForm = Lane::kMask & 0x50000000;
  static constexpr u32 kMask = kForm | mask_at(16, 7);
  static bool read(Line& line) {
    for (u8 n = 0; n < 8; n++) {
      auto a = static_cast<Arrangement>(n);
      bool fits = (set >> n & 1) && line.field(16, 7) / 8 / lane_bytes(a) == 1;
      if (fits && (Lane::encode(a) & kForm) == (line.word & kForm)) return Lane::use(line, a);
    }
    return false;
  }
};

template <>
struct Reader<LeftAmount> {
  static constexpr u32 kMask = 0;
  static bool read(Line& line) {
    line.operand(format("#%u", line.field(16, 7) - lane_bytes(line.lanes) * 8));
    return true;
  }
};

template <>
struct Reader<RightAmount> {
  static constexpr u32 kMask = 0;
  static bool read(Line& line) {
    line.operand(format("#%u", lane_bytes(line.lanes) * 16 - line.field(16, 7)));
    return true;
  }
};

template <>
struct Reader<Element> {
  static constexpr u32 kMask = mask_at(16, 6) | mask_at(11, 1);
  static bool read(Line& line) {
    unsigned bytes = lane_bytes(line.lanes);
    u32 hlm = line.field(11, 1) << 2 | line.field(21, 1) << 1 | line.field(20, 1);
    u32 code = line.field(16, bytes == 2 ? 4 : 5);
    u32 index = hlm * 2 / bytes;
    line.operand(format("v%u.%c[%u]", code, bytes == 2 ? 'h' : bytes == 4 ? 's' : 'd', index));
    return bytes > 1 && (bytes < 8 || !line.field(21, 1));
  }
};

}  // namespace gantry::aarch64::readers

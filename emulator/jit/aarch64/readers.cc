#include "emulator/jit/aarch64/readers.h"

#include <algorithm>
#include <bit>

namespace gantry::aarch64::readers {
namespace {

constexpr char kScalarNames[] = "bhsdq";

u64 repeat(u64 element, unsigned bits) {
  u64 value = 0;
  for (unsigned at = 0; at < 64; at += bits) value |= element << at;
  return value;
}

}  // namespace

std::string gpr_text(unsigned width, u32 code) {
  const char* prefix = width == 8 ? "x" : "w";
  return code == kZr.code ? std::string(prefix) + "zr" : prefix + std::to_string(code);
}

std::string gpr_or_sp_text(unsigned width, u32 code) {
  return code == 31 ? width == 8 ? "sp" : "wsp" : gpr_text(width, code);
}

std::string scalar_text(unsigned bytes, u32 code) {
  return kScalarNames[std::countr_zero(bytes)] + std::to_string(code);
}

std::string vector_text(unsigned count, unsigned bytes, u32 code) {
  return format("v%u.%u%c", code, count, kScalarNames[std::countr_zero(bytes)]);
}

std::string vector_text(const Line& line, fields::Lanes lanes, u32 code) {
  using enum fields::Lanes;
  unsigned bytes = lane_bytes(line.lanes), count = (is_full(line.lanes) ? 16 : 8) / bytes;
  switch (lanes) {
    case kSame:
      return line.is_scalar ? scalar_text(bytes, code) : vector_text(count, bytes, code);
    case kWide:
      return vector_text(8 / bytes, bytes * 2, code);
    case kPairs:
      return vector_text(count / 2, bytes * 2, code);
    case kBytes:
      return vector_text(count * bytes, 1, code);
    case kOne:
      return scalar_text(bytes, code);
    case kOneWide:
      return scalar_text(bytes * 2, code);
    case kScalar:
      return scalar_text(line.scalar, code);
    case kPair:
      return vector_text(2, line.scalar, code);
    case kB16:
      return vector_text(16, 1, code);
    case kS4:
      return vector_text(4, 4, code);
    case kD2:
      return vector_text(2, 8, code);
    case kS:
      return scalar_text(4, code);
    case kD:
      return scalar_text(8, code);
    case kQ:
      return scalar_text(16, code);
  }
  return {};
}

const char* condition_text(u32 condition) {
  static constexpr const char* kNames[] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
                                           "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};
  return kNames[condition];
}

const char* extend_text(u32 extend) {
  static constexpr const char* kNames[] = {"uxtb", "uxth", "uxtw", "uxtx",
                                           "sxtb", "sxth", "sxtw", "sxtx"};
  return kNames[extend];
}

std::string shift_text(u32 shift, u32 amount) {
  static constexpr const char* kNames[] = {"lsl", "lsr", "asr", "ror"};
  return format("%s #%u", kNames[shift], amount);
}

std::optional<u64> bitmask_of(unsigned width, u32 field) {
  u32 n = field >> 12, immr = field >> 6 & 63, imms = field & 63;
  // The element's size is told by the highest zero of N:NOT(imms).
  u32 selector = n << 6 | (~imms & 63);
  if (selector < 2 || (width == 4 && n)) return std::nullopt;
  unsigned size = std::bit_floor(selector);
  unsigned ones = (imms & (size - 1)) + 1, rotation = immr & (size - 1);
  if (ones == size) return std::nullopt;
  u64 value = repeat(~u64{0} >> (64 - ones), size);
  value = std::rotr(value, static_cast<int>(rotation));
  return width == 4 ? value & 0xffffffff : value;
}

double float8_of(u32 imm8) {
  int exponent = static_cast<int>((imm8 >> 4 & 7) ^ 4) - 3;
  double magnitude = (16 + (imm8 & 15)) / 16.0;
  magnitude = exponent < 0 ? magnitude / (1 << -exponent) : magnitude * (1 << exponent);
  return imm8 & 0x80 ? -magnitude : magnitude;
}

bool Reader<fields::System>::read(Line& line) {
  using enum SystemRegister;
  static constexpr std::pair<SystemRegister, const char*> kNames[] = {
      {kDczidEl0, "dczid_el0"},
      {kNzcv, "nzcv"},
      {kFpcr, "fpcr"},
      {kFpsr, "fpsr"},
      {kTpidrEl0, "tpidr_el0"},
      {kCntfrqEl0, "cntfrq_el0"},
      {kCntvctEl0, "cntvct_el0"},
  };
  for (auto [reg, name] : kNames) {
    if (fields::System(reg).bits != (line.word & kMask)) continue;
    line.operand(name);
    return true;
  }
  return false;
}

bool Reader<BitfieldEnds>::read(Line& line) {
  unsigned bits = line.width * 8, immr = line.field(16, 6), imms = line.field(10, 6);
  if (immr >= bits || imms >= bits) return false;
  bool inserts = line.name == "bfm";
  std::string sign = inserts ? "" : line.name.substr(0, 1);
  unsigned left = bits - immr, count = imms < immr ? imms + 1 : imms - immr + 1;
  if (sign == "u" && imms != bits - 1 && imms + 1 == immr) {
    line.name = "lsl";
    line.operand(format("#%u", left));
  } else if (!inserts && imms == bits - 1) {
    line.name = sign == "u" ? "lsr" : "asr";
    line.operand(format("#%u", immr));
  } else {
    line.name = imms < immr ? inserts ? "bfi" : sign + "bfiz" : inserts ? "bfxil" : sign + "bfx";
    line.operand(format("#%u", imms < immr ? left : immr));
    line.operand(format("#%u", count));
  }
  return true;
}

}  // namespace gantry::aarch64::readers

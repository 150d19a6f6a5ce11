// For each column of instructions.def: operands to try, and how assembly syntax writes them.
#pragma once

#include <random>
#include <string>
#include <utility>

#include "emulator/base/check.h"
#include "tests/jit_aarch64/llvm/listing.h"

namespace gantry::aarch64 {

// An instruction in the making: its operands are drawn and written from left to right, so that the
// widths are known when the registers are.
class Instruction {
 public:
  // Samples of one form are numbered: widths take turns, all else is random.
  Instruction(std::mt19937& random, const char* name, unsigned number)
      : number(number), random_(random), name_(name) {
    if (name_.ends_with('_')) name_.pop_back();
  }

  std::string text() const { return name_ + order + size + half + " " + operands_; }
  void operand(const std::string& text) { operands_ += (operands_.empty() ? "" : ", ") + text; }

  unsigned below(unsigned limit) { return random_() % limit; }
  // Often one of the ends.
  unsigned boundary_below(unsigned limit) {
    unsigned kind = below(6);
    return kind == 0 ? 0 : kind == 1 ? limit - 1 : below(limit);
  }
  // Different from the others of the instruction, as some are unpredictable with equal registers.
  u8 distinct_register(unsigned limit = 32) {
    for (;;) {
      unsigned code = boundary_below(limit);
      if (std::exchange(used_[code], true)) continue;
      return code;
    }
  }

  unsigned number;
  unsigned width = 0;     // of general registers
  unsigned fp_width = 0;  // of scalars
  Arrangement arrangement{};
  bool is_scalar = false;  // k1D, and the instruction means one scalar
  const char *order = "", *size = "", *half = "";

 private:
  std::mt19937& random_;
  std::string name_;
  std::string operands_;
  bool used_[32] = {};
};

template <typename Field>
struct Sample;

template <unsigned position, unsigned width>
struct Sample<fields::Gpr<position, width>> {
  static X draw(Instruction& i) {
    X reg{i.distinct_register()};
    i.operand(text_of(width ? width : i.width, reg));
    return reg;
  }
};

inline X draw_with_sp(Instruction& i) {
  X reg{i.distinct_register()};
  return reg == kZr ? kSp : reg;
}

template <unsigned position>
struct Sample<fields::GprOrSp<position>> {
  static X draw(Instruction& i) {
    X reg = draw_with_sp(i);
    i.operand(text_of(i.width, reg));
    return reg;
  }
};

template <>
struct Sample<fields::Base> {
  static X draw(Instruction& i) {
    X reg = draw_with_sp(i);
    i.operand("[" + text_of(8, reg) + "]");
    return reg;
  }
};

template <unsigned position>
struct Sample<fields::GprPair<position>> {
  static X draw(Instruction& i) {
    X reg{static_cast<u8>(i.below(16) * 2)};
    i.operand(text_of(i.width, reg));
    i.operand(text_of(i.width, X{static_cast<u8>(reg.code + 1)}));
    return reg;
  }
};

template <>
struct Sample<fields::RnRm> : Sample<fields::Rn> {};

template <bool rotates>
struct Sample<fields::Shifted<rotates>> {
  static fields::Shifted<rotates> draw(Instruction& i) {
    X reg = Sample<fields::Rm>::draw(i);
    if (i.below(4) == 0) return reg;
    auto shift = static_cast<Shift>(i.below(rotates ? 4 : 3));
    unsigned amount = i.boundary_below(i.width * 8);
    i.operand(format("%s #%u", text_of(shift), amount));
    return {reg, shift, amount};
  }
};

template <>
struct Sample<fields::RmExtended> {
  static fields::RmExtended draw(Instruction& i) {
    X reg{i.distinct_register()};
    auto extend = static_cast<Extend>(i.below(8));
    unsigned amount = i.below(5);
    bool whole = extend == kUxtx || extend == kSxtx;
    i.operand(text_of(whole ? i.width : 4, reg));
    i.operand(format("%s #%u", text_of(extend), amount));
    return {reg, extend, amount};
  }
};

template <>
struct Sample<fields::Sf> {
  static unsigned draw(Instruction& i) { return i.width = i.number & 1 ? 8 : 4; }
};

template <>
struct Sample<fields::SfN> : Sample<fields::Sf> {};

template <>
struct Sample<fields::PairBytes> : Sample<fields::Sf> {};

template <>
struct Sample<fields::Bytes> {
  static unsigned draw(Instruction& i) {
    unsigned bytes = 1 << i.number % 4;
    i.width = bytes == 8 ? 8 : 4;
    i.size = bytes == 1 ? "b" : bytes == 2 ? "h" : "";
    return bytes;
  }
};

template <>
struct Sample<fields::Fp> {
  static unsigned draw(Instruction& i) { return i.fp_width = 2 << i.number % 3; }
};

template <>
struct Sample<fields::FpSd> {
  static unsigned draw(Instruction& i) { return i.fp_width = 4 << i.number % 2; }
};

template <>
struct Sample<fields::Cond> {
  static Condition draw(Instruction& i) {
    auto condition = static_cast<Condition>(i.below(15));
    i.operand(text_of(condition));
    return condition;
  }
};

template <>
struct Sample<fields::InvertedCond> {
  static Condition draw(Instruction& i) {
    auto condition = static_cast<Condition>(i.below(14));
    i.operand(text_of(condition));
    return condition;
  }
};

template <unsigned position, unsigned bits>
struct Sample<fields::Unsigned<position, bits>> {
  static u32 draw(Instruction& i) {
    u32 value = i.boundary_below(1 << bits);
    i.operand(format("#%u", value));
    return value;
  }
};

template <>
struct Sample<fields::AddImmediate> {
  static u64 draw(Instruction& i) {
    u64 value = u64{i.boundary_below(4096)} << (i.below(2) * 12);
    i.operand(format("#%llu", static_cast<unsigned long long>(value)));
    return value;
  }
};

template <>
struct Sample<fields::Float8> {
  static double draw(Instruction& i) {
    double value = (16 + i.below(16)) / 16.0 * (1 << i.below(8)) / 8;
    if (i.below(2)) value = -value;
    i.operand(format("#%.12f", value));
    return value;
  }
};

template <>
struct Sample<fields::Zero> {
  static int draw(Instruction& i) {
    i.operand("#0");
    return 0;
  }
};

template <>
struct Sample<fields::FloatZero> {
  static int draw(Instruction& i) {
    i.operand("#0.0");
    return 0;
  }
};

template <>
struct Sample<fields::System> {
  static SystemRegister draw(Instruction& i) {
    using enum SystemRegister;
    static constexpr std::pair<SystemRegister, const char*> kRegisters[] = {
        {kNzcv, "nzcv"},           {kFpcr, "fpcr"},          {kFpsr, "fpsr"},
        {kTpidrEl0, "tpidr_el0"},  {kDczidEl0, "dczid_el0"}, {kCntvctEl0, "cntvct_el0"},
        {kCntfrqEl0, "cntfrq_el0"}};
    // The last three cannot be written.
    auto [reg, name] = kRegisters[i.number % (i.text().starts_with("msr") ? 4 : 7)];
    i.operand(name);
    return reg;
  }
};

template <>
struct Sample<fields::BarrierKind> {
  static Barrier draw(Instruction& i) {
    unsigned which = i.number % 3;
    i.operand(which == 0 ? "ish" : which == 1 ? "ishld" : "ishst");
    return which == 0 ? kIsh : which == 1 ? kIshld : kIshst;
  }
};

template <unsigned acquire, unsigned release>
struct Sample<fields::Ordered<acquire, release>> {
  static Order draw(Instruction& i) {
    static constexpr const char* kSuffixes[] = {"", "a", "l", "al"};
    unsigned order = i.number / 4 % 4;
    i.order = kSuffixes[order];
    return static_cast<Order>(order);
  }
};

inline std::string vector_text(const Instruction& i, fields::Lanes lanes, V reg) {
  unsigned bytes = lane_bytes(i.arrangement);
  unsigned count = (is_full(i.arrangement) ? 16 : 8) / bytes;
  auto lanes_of = [&](unsigned count, unsigned bytes) {
    return format("v%u.%u%c", reg.code, count, "bhsdq"[std::countr_zero(bytes)]);
  };
  switch (lanes) {
    case fields::Lanes::kSame:
      return i.is_scalar ? text_of(bytes, reg) : text_of(i.arrangement, reg);
    case fields::Lanes::kWide:
      return lanes_of(8 / bytes, bytes * 2);
    case fields::Lanes::kPairs:
      return lanes_of(count / 2, bytes * 2);
    case fields::Lanes::kBytes:
      return lanes_of(count * bytes, 1);
    case fields::Lanes::kOne:
      return text_of(bytes, reg);
    case fields::Lanes::kOneWide:
      return text_of(bytes * 2, reg);
    case fields::Lanes::kScalar:
      return text_of(i.fp_width, reg);
    case fields::Lanes::kPair:
      return lanes_of(2, i.fp_width);
    case fields::Lanes::kB16:
      return lanes_of(16, 1);
    case fields::Lanes::kS4:
      return lanes_of(4, 4);
    case fields::Lanes::kD2:
      return lanes_of(2, 8);
    case fields::Lanes::kS:
      return text_of(4, reg);
    case fields::Lanes::kD:
      return text_of(8, reg);
    case fields::Lanes::kQ:
      return text_of(16, reg);
  }
  UNREACHABLE();
}

template <unsigned position, fields::Lanes lanes>
struct Sample<fields::Vector<position, lanes>> {
  static V draw(Instruction& i) {
    V reg{static_cast<u8>(i.boundary_below(32))};
    i.operand(vector_text(i, lanes, reg));
    return reg;
  }
};

template <u8 set, fields::LaneCode code, bool long_form>
struct Sample<fields::Lane<set, code, long_form>> {
  static Arrangement draw(Instruction& i) {
    unsigned nth = i.number % std::popcount(set), lane = 0;
    for (;; ++lane) {
      if ((set >> lane & 1) && nth-- == 0) break;
    }
    i.arrangement = static_cast<Arrangement>(lane);
    i.is_scalar = i.arrangement == k1D && code == fields::LaneCode::kSize;
    if (long_form && is_full(i.arrangement)) i.half = "2";
    return i.arrangement;
  }
};

// The operands of the rows that are not INSN.
struct Bitmask;
struct BitNumber;
struct LeftAmount;
struct RightAmount;
struct Element {
  V vm;
  unsigned index;
};

template <>
struct Sample<Bitmask> {
  static u64 draw(Instruction& i) {
    unsigned size = 2 << i.below(i.width == 8 ? 6 : 5);
    u64 run = ~u64{0} >> (63 - i.boundary_below(size - 1));
    u64 value = 0;
    for (unsigned at = 0; at < i.width * 8; at += size) value |= run << at;
    unsigned bits = i.width * 8, rotation = i.below(size);
    if (rotation) value = value << rotation | value >> (bits - rotation);
    if (i.width == 4) value &= 0xffffffff;
    i.operand(format("#0x%llx", static_cast<unsigned long long>(value)));
    return value;
  }
};

template <>
struct Sample<BitNumber> {
  static unsigned draw(Instruction& i) {
    unsigned bit = i.boundary_below(i.width * 8);
    i.operand(format("#%u", bit));
    return bit;
  }
};

template <>
struct Sample<LeftAmount> {
  static unsigned draw(Instruction& i) {
    unsigned amount = i.boundary_below(lane_bytes(i.arrangement) * 8);
    i.operand(format("#%u", amount));
    return amount;
  }
};

template <>
struct Sample<RightAmount> {
  static unsigned draw(Instruction& i) {
    unsigned amount = 1 + i.boundary_below(lane_bytes(i.arrangement) * 8);
    i.operand(format("#%u", amount));
    return amount;
  }
};

template <>
struct Sample<Element> {
  static Element draw(Instruction& i) {
    unsigned bytes = lane_bytes(i.arrangement);
    V vm{static_cast<u8>(i.boundary_below(bytes == 2 ? 16 : 32))};
    unsigned index = i.boundary_below(16 / bytes);
    i.operand(format("v%u.%c[%u]", vm.code, "bhsd"[std::countr_zero(bytes)], index));
    return {vm, index};
  }
};

}  // namespace gantry::aarch64

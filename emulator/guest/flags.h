// The status flags. They are kept as the operation that produced them and are computed when read.
#pragma once

#include <bit>

#include "emulator/base/bits.h"
#include "emulator/base/types.h"

namespace gantry::guest {

// Bits of RFLAGS (SDM vol. 1, section 3.4.3).
constexpr u64 kCF = 1 << 0;
constexpr u64 kPF = 1 << 2;
constexpr u64 kAF = 1 << 4;
constexpr u64 kZF = 1 << 6;
constexpr u64 kSF = 1 << 7;
constexpr u64 kTF = 1 << 8;
constexpr u64 kIF = 1 << 9;
constexpr u64 kDF = 1 << 10;
constexpr u64 kOF = 1 << 11;
constexpr u64 kNT = 1 << 14;
constexpr u64 kRF = 1 << 16;
constexpr u64 kAC = 1 << 18;
constexpr u64 kID = 1 << 21;
constexpr u64 kStatusFlags = kCF | kPF | kAF | kZF | kSF | kOF;

enum class FlagKind : u8 {
  kRaw,     // result holds the six bits
  kAdd,     // result = lhs + rhs
  kAdc,     // result = lhs + rhs + carry
  kSub,     // SUB, CMP, NEG: result = lhs - rhs
  kSbb,     // result = lhs - rhs - borrow
  kLogic,   // CF = OF = AF = 0
  kInc,     // as kAdd with rhs = 1, CF in `carry`
  kDec,     // as kSub with rhs = 1, CF in `carry`
  kResult,  // ZF, SF and PF from result; CF, OF and AF are the bits in lhs
  kHost,    // as translated code keeps them: lhs is ARM's NZCV with C inverted, PF is the parity of
            // result's low byte, AF bit 4 of rhs
};

// Bits of NZCV, as LazyFlags::lhs has them.
constexpr u64 kHostNegative = u64{1} << 31;
constexpr u64 kHostZero = 1 << 30;
constexpr u64 kHostNoCarry = 1 << 29;
constexpr u64 kHostOverflow = 1 << 28;

// Operands and result are zero-extended from `width` bytes.
struct LazyFlags {
  u64 result = 0;
  u64 lhs = 0;
  u64 rhs = 0;
  FlagKind kind = FlagKind::kRaw;
  u8 width = 8;
  bool carry = false;
  u8 unused = 0;  // so that the four bytes are written at once

  bool cf() const {
    switch (kind) {
      case FlagKind::kRaw:
        return result & kCF;
      case FlagKind::kAdd:
        return result < lhs;
      case FlagKind::kSub:
        return lhs < rhs;
      case FlagKind::kAdc:
        return ((lhs & rhs) | ((lhs | rhs) & ~result)) & sign_bit(width);
      case FlagKind::kSbb:
        return ((~lhs & rhs) | ((~lhs | rhs) & result)) & sign_bit(width);
      case FlagKind::kLogic:
        return false;
      case FlagKind::kInc:
      case FlagKind::kDec:
        return carry;
      case FlagKind::kResult:
        return lhs & kCF;
      case FlagKind::kHost:
        return !(lhs & kHostNoCarry);
    }
    return false;
  }

  bool of() const {
    switch (kind) {
      case FlagKind::kRaw:
        return result & kOF;
      case FlagKind::kAdd:
      case FlagKind::kAdc:
      case FlagKind::kInc:
        return (lhs ^ result) & (rhs ^ result) & sign_bit(width);
      case FlagKind::kSub:
      case FlagKind::kSbb:
      case FlagKind::kDec:
        return (lhs ^ rhs) & (lhs ^ result) & sign_bit(width);
      case FlagKind::kLogic:
        return false;
      case FlagKind::kResult:
        return lhs & kOF;
      case FlagKind::kHost:
        return lhs & kHostOverflow;
    }
    return false;
  }

  bool af() const {
    switch (kind) {
      case FlagKind::kRaw:
        return result & kAF;
      case FlagKind::kLogic:
        return false;
      case FlagKind::kResult:
        return lhs & kAF;
      case FlagKind::kHost:
        return rhs & kAF;
      default:
        return (lhs ^ rhs ^ result) & 0x10;
    }
  }

  bool zf() const {
    if (kind == FlagKind::kHost) return lhs & kHostZero;
    return kind == FlagKind::kRaw ? (result & kZF) != 0 : result == 0;
  }
  bool sf() const {
    if (kind == FlagKind::kHost) return lhs & kHostNegative;
    return kind == FlagKind::kRaw ? result & kSF : result & sign_bit(width);
  }
  bool pf() const {
    if (kind == FlagKind::kRaw) return result & kPF;
    return (std::popcount(static_cast<u8>(result)) & 1) == 0;
  }

  // The six status bits at their places in RFLAGS.
  u64 bits() const {
    if (kind == FlagKind::kRaw) return result & kStatusFlags;
    return (cf() ? kCF : 0) | (pf() ? kPF : 0) | (af() ? kAF : 0) | (zf() ? kZF : 0) |
           (sf() ? kSF : 0) | (of() ? kOF : 0);
  }

  // The same flags as kHost.
  LazyFlags for_host() const {
    switch (kind) {
      case FlagKind::kHost:
        return *this;
      case FlagKind::kRaw:
      case FlagKind::kResult:
        return host(sf(), zf(), cf(), of(), !pf(), af() ? kAF : 0);
      case FlagKind::kLogic:
        return host(sf(), result == 0, false, false, result, 0);
      default:
        return sum_for_host();
    }
  }

  static LazyFlags raw(u64 bits) { return {.result = bits & kStatusFlags}; }

 private:
  static LazyFlags host(bool s, bool z, bool c, bool o, u64 parity, u64 adjust) {
    u64 nzcv = u64{s} << 31 | u64{z} << 30 | u64{!c} << 29 | u64{o} << 28;
    return {.result = parity, .lhs = nzcv, .rhs = adjust, .kind = FlagKind::kHost};
  }

  // Those of a sum, or of a difference: as lhs - rhs is ~(~lhs + rhs), its borrow and overflow are
  // the carry and overflow of that sum.
  LazyFlags sum_for_host() const {
    constexpr u32 kDifferences = 1 << static_cast<int>(FlagKind::kSub) |
                                 1 << static_cast<int>(FlagKind::kSbb) |
                                 1 << static_cast<int>(FlagKind::kDec);
    constexpr u32 kSteps =
        1 << static_cast<int>(FlagKind::kInc) | 1 << static_cast<int>(FlagKind::kDec);
    u32 self = 1u << static_cast<int>(kind);
    u64 inverted = self & kDifferences ? ~u64{0} : 0;
    u64 left = lhs ^ inverted, sum = result ^ inverted, top = 8u * width - 1;
    bool c = ((left & rhs) | ((left | rhs) & ~sum)) >> top & 1;
    bool o = ((left ^ sum) & (rhs ^ sum)) >> top & 1;
    return host(result >> top & 1, result == 0, self & kSteps ? carry : c, o, result,
                lhs ^ rhs ^ result);
  }
};

}  // namespace gantry::guest

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
    if (kind == FlagKind::kHost) return *this;
    u64 nzcv = (sf() ? kHostNegative : 0) | (zf() ? kHostZero : 0) | (cf() ? 0 : kHostNoCarry) |
               (of() ? kHostOverflow : 0);
    return {.result = u64{!pf()}, .lhs = nzcv, .rhs = af() ? kAF : 0, .kind = FlagKind::kHost};
  }

  static LazyFlags raw(u64 bits) { return {.result = bits & kStatusFlags}; }
};

}  // namespace gantry::guest

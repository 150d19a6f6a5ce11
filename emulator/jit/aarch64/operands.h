// What an A64 instruction operates on, as the code that emits instructions writes it. Sections are
// those of the Arm Architecture Reference Manual, DDI 0487.
#pragma once

#include "emulator/base/types.h"

namespace gantry::aarch64 {

// Ends the process: an operand that its instruction cannot encode is an error of the caller.
[[noreturn, gnu::cold]] void bad_operand();

constexpr void require(bool encodable) {
  if (!encodable) [[unlikely]]
    bad_operand();
}

// A general register. How many of its bits an instruction uses is said by the width, in bytes, that
// stands before it: add(8, …) is ADD Xd, Xn, Xm and add(4, …) is ADD Wd, Wn, Wm.
struct X {
  u8 code = 31;

  constexpr bool operator==(const X&) const = default;
};

// Register number 31 is either of two, depending on the instruction (C1.2.5); here they differ, so
// that an instruction refuses the one it cannot name.
constexpr X kZr{31};
constexpr X kSp{63};
constexpr X kLr{30};

// A SIMD and floating-point register. Scalar instructions take a width before it, vector
// instructions an Arrangement.
struct V {
  u8 code = 0;

  constexpr bool operator==(const V&) const = default;
};

// Number and size of lanes (C1.2.5). Bit 0 is the encodings' Q, the rest their size. Where the
// manual has a scalar form for single doublewords (ADD Dd, Dn, Dm), k1D is that.
enum class Arrangement : u8 { k8B, k16B, k4H, k8H, k2S, k4S, k1D, k2D };
using enum Arrangement;

constexpr bool is_full(Arrangement a) { return static_cast<u8>(a) & 1; }
constexpr unsigned lane_bytes(Arrangement a) { return 1u << (static_cast<u8>(a) >> 1); }

// C1.2.4. The unsigned conditions also go by what they say about the carry.
enum class Condition : u8 {
  kEq,
  kNe,
  kHs,
  kLo,
  kMi,
  kPl,
  kVs,
  kVc,
  kHi,
  kLs,
  kGe,
  kLt,
  kGt,
  kLe,
  kAl,
  kCs = kHs,
  kCc = kLo,
};
using enum Condition;

// Not for kAl, whose opposite also means always.
constexpr Condition operator!(Condition c) {
  require(c != kAl);
  return static_cast<Condition>(static_cast<u8>(c) ^ 1);
}

enum class Shift : u8 { kLsl, kLsr, kAsr, kRor };
using enum Shift;

enum class Extend : u8 { kUxtb, kUxth, kUxtw, kUxtx, kSxtb, kSxth, kSxtw, kSxtx };
using enum Extend;

// What an atomic instruction adds to its access: the suffixes none, A, L and AL.
enum class Order : u8 { kRelaxed, kAcquire, kRelease, kAcquireRelease };
using enum Order;

// The reach of DMB: loads and stores before it against those after, ISH; only loads before, ISHLD;
// only stores, ISHST (C6.2, DMB).
enum class Barrier : u8 { kIshld = 0x9, kIshst = 0xa, kIsh = 0xb };
using enum Barrier;

// op0:op1:CRn:CRm:op2 of MRS and MSR (D24).
enum class SystemRegister : u16 {
  kDczidEl0 = 0x5807,
  kNzcv = 0x5a10,
  kFpcr = 0x5a20,
  kFpsr = 0x5a21,
  kTpidrEl0 = 0x5e82,
  kCntfrqEl0 = 0x5f00,
  kCntvctEl0 = 0x5f02,
};

// A memory operand (C1.3.3): {base, offset}, {base, index}, {base, index, kUxtw, 3}, and the forms
// that change the base. Offsets are bytes.
struct Mem {
  enum class Mode : u8 { kOffset, kPre, kPost, kIndex };

  constexpr Mem(X base, s64 offset = 0) : base(base), offset(offset) {}
  // The index is extended, then shifted left by `shift`, which is 0 or the log2 of the access's
  // bytes. A 64-bit index is kUxtx.
  constexpr Mem(X base, X index, Extend extend = kUxtx, unsigned shift = 0)
      : base(base), index(index), mode(Mode::kIndex), extend(extend), shift(shift) {}

  // base += offset before, or after, the access.
  static constexpr Mem pre(X base, s64 offset) { return {base, offset, Mode::kPre}; }
  static constexpr Mem post(X base, s64 offset) { return {base, offset, Mode::kPost}; }

  X base;
  X index;
  Mode mode = Mode::kOffset;
  Extend extend = kUxtx;
  u8 shift = 0;
  s64 offset = 0;

 private:
  constexpr Mem(X base, s64 offset, Mode mode) : base(base), mode(mode), offset(offset) {}
};

}  // namespace gantry::aarch64

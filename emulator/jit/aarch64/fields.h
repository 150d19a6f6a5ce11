// The columns of instructions.def: each is what a caller passes for one operand, converted to the
// bits that it sets in the instruction word. Names are those of the Arm ARM's encoding diagrams.
#pragma once

#include <bit>

#include "emulator/base/types.h"
#include "emulator/jit/aarch64/immediates.h"
#include "emulator/jit/aarch64/operands.h"

namespace gantry::aarch64::fields {

// General registers. `width` is how much of the register the instruction uses; 0: as its width
// says.
template <unsigned position, unsigned width = 0>
struct Gpr {
  u32 bits;
  constexpr Gpr(X reg) : bits(u32{reg.code} << position) { require(reg.code < 32); }
};

using Rd = Gpr<0>;
using Rt = Gpr<0>;
using Rn = Gpr<5>;
using Rm = Gpr<16>;
using Rs = Gpr<16>;
using Ra = Gpr<10>;
using Rt2 = Gpr<10>;
using Xd = Gpr<0, 8>;
using Xn = Gpr<5, 8>;
using Xm = Gpr<16, 8>;
using Xa = Gpr<10, 8>;
using Wd = Gpr<0, 4>;
using Wn = Gpr<5, 4>;
using Wm = Gpr<16, 4>;
using Ws = Gpr<16, 4>;  // the result of a store-exclusive: 0 when it stored

// Number 31 is the stack pointer.
template <unsigned position>
struct GprOrSp {
  u32 bits;
  constexpr GprOrSp(X reg) : bits((reg.code & 31u) << position) { require(reg.code != kZr.code); }
};

using RdSp = GprOrSp<0>;
using RnSp = GprOrSp<5>;

// The address of an instruction that has no other address mode.
struct Base {
  u32 bits;
  constexpr Base(X reg) : bits(RnSp(reg).bits) {}
};

// The first of two consecutive registers.
template <unsigned position>
struct GprPair {
  u32 bits;
  constexpr GprPair(X reg) : bits(Gpr<position>(reg).bits) { require((reg.code & 1) == 0); }
};

using RtPair = GprPair<0>;
using RsPair = GprPair<16>;

// CINC and its like read one register twice.
struct RnRm {
  u32 bits;
  constexpr RnRm(X reg) : bits(Rn(reg).bits | Rm(reg).bits) {}
};

// {rm, kLsl, 3} or only rm. Logical instructions can rotate.
template <bool rotates>
struct Shifted {
  u32 bits;
  constexpr Shifted(X reg) : bits(Rm(reg).bits) {}
  constexpr Shifted(X reg, Shift shift, unsigned amount)
      : bits(Rm(reg).bits | static_cast<u32>(shift) << 22 | amount << 10) {
    require(amount < 64 && (rotates || shift != kRor));
  }
};

using RmShifted = Shifted<false>;
using RmRotated = Shifted<true>;

// {rm, kUxtw, 2}: extended, then shifted left by up to 4.
struct RmExtended {
  u32 bits;
  constexpr RmExtended(X reg, Extend extend, unsigned amount = 0)
      : bits(Rm(reg).bits | static_cast<u32>(extend) << 13 | amount << 10) {
    require(amount <= 4);
  }
};

// Widths, in bytes. Sf: 4 or 8.
struct Sf {
  u32 bits;
  constexpr Sf(unsigned width) : bits(width == 8 ? 0x80000000 : 0) {
    require(width == 4 || width == 8);
  }
};

// As Sf, where N must agree with it.
struct SfN {
  u32 bits;
  constexpr SfN(unsigned width) : bits(width == 8 ? 0x80400000 : 0) {
    require(width == 4 || width == 8);
  }
};

// The bytes of an access: 1, 2, 4 or 8.
struct Bytes {
  u32 bits;
  constexpr Bytes(unsigned bytes) : bits(u32(std::countr_zero(bytes)) << 30) {
    require(std::has_single_bit(bytes) && bytes <= 8);
  }
};

// The bytes of each of a pair: 4 or 8.
struct PairBytes {
  u32 bits;
  constexpr PairBytes(unsigned bytes) : bits(bytes == 8 ? 1 << 30 : 0) {
    require(bytes == 4 || bytes == 8);
  }
};

// A scalar of 2, 4 or 8 bytes (ftype).
struct Fp {
  u32 bits;
  constexpr Fp(unsigned bytes) : bits(bytes == 8 ? 1 << 22 : bytes == 4 ? 0 : 3 << 22) {
    require(bytes == 2 || bytes == 4 || bytes == 8);
  }
};

// A scalar of 4 or 8 bytes.
struct FpSd {
  u32 bits;
  constexpr FpSd(unsigned bytes) : bits(bytes == 8 ? 1 << 22 : 0) {
    require(bytes == 4 || bytes == 8);
  }
};

struct Cond {
  u32 bits;
  constexpr Cond(Condition condition) : bits(static_cast<u32>(condition) << 12) {}
};

struct InvertedCond {
  u32 bits;
  constexpr InvertedCond(Condition condition) : bits(Cond(!condition).bits) {}
};

template <unsigned position, unsigned width>
struct Unsigned {
  u32 bits;
  constexpr Unsigned(u32 value) : bits(value << position) { require(value < (1u << width)); }
};

using Nzcv = Unsigned<0, 4>;
using Imm5 = Unsigned<16, 5>;
using Imm6 = Unsigned<15, 6>;
using Imm16 = Unsigned<5, 16>;
using Imm16Low = Unsigned<0, 16>;

struct AddImmediate {
  u32 bits;
  constexpr AddImmediate(u64 value) : bits(0) {
    auto field = encode_add_immediate(value);
    require(field.has_value());
    bits = *field << 10;
  }
};

struct Float8 {
  u32 bits;
  constexpr Float8(double value) : bits(0) {
    auto field = encode_float8(value);
    require(field.has_value());
    bits = *field << 13;
  }
};

// The constant 0 of comparisons with zero.
struct Zero {
  static constexpr u32 bits = 0;
  constexpr Zero(int value) { require(value == 0); }
};

struct FloatZero {
  static constexpr u32 bits = 0;
  constexpr FloatZero(int value) { require(value == 0); }
};

struct System {
  u32 bits;
  constexpr System(SystemRegister reg) : bits(static_cast<u32>(reg) << 5) {}
};

struct BarrierKind {
  u32 bits;
  constexpr BarrierKind(Barrier barrier) : bits(static_cast<u32>(barrier) << 8) {}
};

template <unsigned acquire, unsigned release>
struct Ordered {
  u32 bits;
  constexpr Ordered(Order order)
      : bits((static_cast<u32>(order) & 1) << acquire | static_cast<u32>(order) >> 1 << release) {}
};

using AtomicOrder = Ordered<23, 22>;
using CasOrder = Ordered<22, 15>;

// How an instruction sees a vector register beside its Arrangement. Wide: the same number of lanes,
// twice as wide. Scalar and Pair: one or two as wide as the instruction's floating-point width.
enum class Lanes : u8 {
  kSame,
  kWide,
  kPairs,
  kBytes,
  kOne,
  kOneWide,
  kScalar,
  kPair,
  kB16,
  kS4,
  kD2,
  kS,
  kD,
  kQ
};

template <unsigned position, Lanes lanes = Lanes::kSame>
struct Vector {
  u32 bits;
  constexpr Vector(V reg) : bits(u32{reg.code} << position) { require(reg.code < 32); }
};

using Vd = Vector<0>;
using Vn = Vector<5>;
using Vm = Vector<16>;
using VdWide = Vector<0, Lanes::kWide>;
using VnWide = Vector<5, Lanes::kWide>;
using VmWide = Vector<16, Lanes::kWide>;
using VnBytes = Vector<5, Lanes::kBytes>;  // as many bytes as the lanes have together
using VmBytes = Vector<16, Lanes::kBytes>;
using VdPairs = Vector<0, Lanes::kPairs>;      // half as many lanes, twice as wide
using VdOne = Vector<0, Lanes::kOne>;          // a single lane
using VdOneWide = Vector<0, Lanes::kOneWide>;  // a single lane, twice as wide
using Fd = Vector<0, Lanes::kScalar>;
using Fn = Vector<5, Lanes::kScalar>;
using Fm = Vector<16, Lanes::kScalar>;
using Fa = Vector<10, Lanes::kScalar>;
using VnPair = Vector<5, Lanes::kPair>;  // two scalars
using VdB16 = Vector<0, Lanes::kB16>;
using VnB16 = Vector<5, Lanes::kB16>;
using VdS4 = Vector<0, Lanes::kS4>;
using VnS4 = Vector<5, Lanes::kS4>;
using VmS4 = Vector<16, Lanes::kS4>;
using Sd = Vector<0, Lanes::kS>;
using Sn = Vector<5, Lanes::kS>;
using VnD2 = Vector<5, Lanes::kD2>;
using Dd = Vector<0, Lanes::kD>;
using Qd = Vector<0, Lanes::kQ>;
using Qn = Vector<5, Lanes::kQ>;

// The Arrangements an instruction has, and how it encodes them.
template <typename... A>
constexpr u8 set_of(A... arrangements) {
  return (0 | ... | (1 << static_cast<u8>(arrangements)));
}

constexpr u8 kB = set_of(k8B, k16B);
constexpr u8 kH = set_of(k4H, k8H);
constexpr u8 kS = set_of(k2S, k4S);

enum class LaneCode : u8 {
  kSize,         // size is the lanes' size; k1D is the scalar form
  kVector,       // the same, but k1D is a vector too
  kFloat,        // the low bit of size: 0 for single, 1 for double
  kFloatNarrow,  // the same of the lanes twice as wide
  kQ,            // only Q
};

// `long_form`: the Arrangement is that of the narrow operands; with a full one the instruction
// works on their upper half and its name ends with 2: smull(k16B, …) is SMULL2 Vd.8H, Vn.16B,
// Vm.16B.
template <u8 set, LaneCode code = LaneCode::kSize, bool long_form = false>
struct Lane {
  Arrangement arrangement;
  u32 bits;
  constexpr Lane(Arrangement a) : arrangement(a), bits(u32{is_full(a)} << 30) {
    require(set >> static_cast<u8>(a) & 1);
    u32 size = static_cast<u32>(a) >> 1;
    if (code == LaneCode::kSize) bits |= size << 22 | (a == k1D ? 0x50000000 : 0);
    if (code == LaneCode::kVector) bits |= size << 22;
    if (code == LaneCode::kFloat) bits |= (size & 1) << 22;
    if (code == LaneCode::kFloatNarrow) bits |= (size - 1) << 22;
  }
};

using B = Lane<kB>;
using BH = Lane<kB | kH>;
using BHS = Lane<kB | kH | kS>;
using HS = Lane<kH | kS>;
using BHS2D = Lane<kB | kH | kS | set_of(k2D)>;
using BHSD = Lane<0xff>;
using BQ = Lane<kB, LaneCode::kQ>;
using SQ = Lane<kS, LaneCode::kQ>;
using BH4S = Lane<kB | kH | set_of(k4S)>;  // reductions
using Floats = Lane<kS | set_of(k2D), LaneCode::kFloat>;
using LongPoly = Lane<kB | set_of(k1D, k2D), LaneCode::kVector, true>;
using LongHS = Lane<kH | kS, LaneCode::kSize, true>;
using LongBHS = Lane<kB | kH | kS, LaneCode::kSize, true>;
using LongFloats = Lane<kH | kS, LaneCode::kFloatNarrow, true>;

}  // namespace gantry::aarch64::fields

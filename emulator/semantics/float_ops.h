// SSE floating point on lanes. Each operation exists twice: in soft float (float_ops.cc), which is
// always right, and on the host's FPU for the usual case, where the result and every flag are known
// to be x86's: round to nearest, all exceptions masked, no DAZ or FTZ, no NaN, infinity or denormal
// in sight, and the only flag that may arise, PE, either set already or known not to arise.
//
// Packed functions take vectors V, V128 or V256, and compute all their lanes in one step: the
// exceptions of all count together, and a lane that raises keeps the others from being written.
#pragma once

#include <cmath>

#include "emulator/base/bits.h"
#include "emulator/guest/cpu.h"
#include "emulator/semantics/softfloat.h"
#include "emulator/semantics/sse_lanes.h"

namespace gantry::sem::fp {

using guest::Cpu;
using guest::V128;
using guest::V256;

// --- MXCSR (SDM vol. 1, section 10.2.3)
constexpr u32 kMxcsrDaz = 1 << 6;
constexpr u32 kMxcsrMasks = kAllExceptions << 7;
constexpr u32 kMxcsrFtz = 1 << 15;
constexpr u32 kMxcsrControls = 0xffc0;

inline bool usual_mode(const Cpu& cpu) { return (cpu.mxcsr & kMxcsrControls) == kMxcsrMasks; }
inline bool precision_noted(const Cpu& cpu) { return cpu.mxcsr & kPrecision; }
// An inexact result changes nothing in MXCSR and raises nothing.
inline bool inexact_is_noted(const Cpu& cpu) {
  constexpr u32 kNoted = kPrecision << 7 | kPrecision;
  return (cpu.mxcsr & kNoted) == kNoted;
}

inline Rounding current_rounding(const Cpu& cpu) {
  return static_cast<Rounding>(cpu.mxcsr >> 13 & 3);
}

Env env_of(const Cpu& cpu);
// Adds the flags to MXCSR; an unmasked one raises #XM.
void finish(Cpu& cpu, const Env& env);

template <typename T, typename V>
constexpr unsigned kLanesIn = sizeof(V) / sizeof(T);

// --- the formats by the type of their bits
template <typename T>
using Host = std::conditional_t<std::is_same_v<T, u32>, float, double>;

template <typename T>
inline Host<T> host(T bits) {
  return std::bit_cast<Host<T>>(bits);
}
template <typename T>
inline unsigned biased_exponent(T bits) {
  return static_cast<unsigned>(bits >> kFractionBits<T>) & kMaxBiased<T>;
}
template <typename T>
inline bool is_denormal(T bits) {
  constexpr T kMagnitudes = (T{1} << (kFractionBits<T> + 1)) - 1;
  return static_cast<T>((bits << 1) - 1) < kMagnitudes - 1;
}
template <typename T>
inline bool is_finite(T bits) {
  return biased_exponent(bits) != kMaxBiased<T>;
}
// Normal, and not the smallest normal, to which a tiny result may have been rounded.
template <typename T>
inline bool is_safely_normal(T bits) {
  return biased_exponent(bits) - 2 < kMaxBiased<T> - 2;
}
// The bits of the significand below its last one.
template <typename T>
inline unsigned trailing_zeros(T bits) {
  constexpr T kImplicit = T{1} << kFractionBits<T>;
  return static_cast<unsigned>(
      std::countr_zero(static_cast<T>((bits & (kImplicit - 1)) | kImplicit)));
}
template <typename T>
inline bool product_is_exact(T a, T b) {
  return trailing_zeros(a) + trailing_zeros(b) >= kFractionBits<T> + 1;
}

// --- arithmetic. safe(): the host's result r and all flags but PE are x86's. exact(): so is PE.
// kSqrt is of the second operand.
enum class Arith : u8 { kAdd, kSub, kMul, kDiv, kMin, kMax, kSqrt };

template <Arith kOp>
struct HostArith;

template <>
struct HostArith<Arith::kAdd> {
  template <typename F>
  static F compute(F a, F b) {
    return a + b;
  }
  template <typename T>
  static bool safe(T a, T b, T r) {
    return !is_denormal(a) && !is_denormal(b) && is_finite(r);
  }
  // The rounding error of a sum is a floating-point number, and this is it (Knuth's TwoSum).
  template <typename T>
  static bool exact(T a, T b, T r) {
    Host<T> x = host(a), y = host(b), sum = host(r);
    Host<T> part = sum - x;
    return (x - (sum - part)) + (y - part) == 0;
  }
};

template <>
struct HostArith<Arith::kSub> {
  template <typename F>
  static F compute(F a, F b) {
    return a - b;
  }
  template <typename T>
  static bool safe(T a, T b, T r) {
    return HostArith<Arith::kAdd>::safe(a, b, r);
  }
  template <typename T>
  static bool exact(T a, T b, T r) {
    return HostArith<Arith::kAdd>::exact(a, static_cast<T>(b ^ T{1} << (sizeof(T) * 8 - 1)), r);
  }
};

template <>
struct HostArith<Arith::kMul> {
  template <typename F>
  static F compute(F a, F b) {
    return a * b;
  }
  template <typename T>
  static bool safe(T a, T b, T r) {
    if (is_denormal(a) || is_denormal(b)) return false;
    return is_safely_normal(r) || (r << 1 == 0 && (a << 1 == 0 || b << 1 == 0));
  }
  template <typename T>
  static bool exact(T a, T b, T) {
    return a << 1 == 0 || b << 1 == 0 || product_is_exact(a, b);
  }
};

template <>
struct HostArith<Arith::kDiv> {
  template <typename F>
  static F compute(F a, F b) {
    return a / b;
  }
  // A safely normal quotient says that neither operand was a zero, an infinity or a NaN.
  template <typename T>
  static bool safe(T a, T b, T r) {
    if (a << 1 == 0) return is_safely_normal(b);
    return is_safely_normal(r) && !is_denormal(a) && !is_denormal(b);
  }
  template <typename T>
  static bool exact(T a, T b, T r) {
    if (a << 1 == 0) return true;
    return product_is_exact(b, r) && host(b) * host(r) == host(a);
  }
};

template <>
struct HostArith<Arith::kSqrt> {
  template <typename F>
  static F compute(F, F b) {
    return std::sqrt(b);
  }
  template <typename T>
  static bool safe(T, T b, T r) {
    return !is_denormal(b) && is_finite(r);
  }
  template <typename T>
  static bool exact(T, T b, T r) {
    return b << 1 == 0 || (product_is_exact(r, r) && host(r) * host(r) == host(b));
  }
};

// The second operand unless the first is truly less (or greater): x86's choice for equal zeros.
template <>
struct HostArith<Arith::kMin> {
  template <typename F>
  static F compute(F a, F b) {
    return a < b ? a : b;
  }
  template <typename T>
  static bool safe(T a, T b, T) {
    return !is_denormal(a) && !is_denormal(b) && host(a) == host(a) && host(b) == host(b);
  }
  template <typename T>
  static bool exact(T, T, T) {
    return true;
  }
};

template <>
struct HostArith<Arith::kMax> : HostArith<Arith::kMin> {
  template <typename F>
  static F compute(F a, F b) {
    return a > b ? a : b;
  }
};

// op on the first `lanes` lanes in soft float; the other lanes of the result are those of `a`.
template <typename T, typename V>
V arith_soft(Cpu& cpu, Arith op, unsigned lanes, V a, V b);

// Rarely asked: the first inexact result sets PE for good. Hence kept out of the handlers.
template <Arith kOp, typename T, unsigned kCount, typename Lanes>
[[gnu::noinline]] bool all_exact(const Lanes& x, const Lanes& y, const Lanes& r) {
  bool exact = true;
  for (unsigned k = 0; k < kCount; ++k) exact &= HostArith<kOp>::exact(x[k], y[k], r[k]);
  return exact;
}

template <Arith kOp, typename T, typename V, unsigned kCount = kLanesIn<T, V>>
inline V arith(Cpu& cpu, V a, V b) {
  if (usual_mode(cpu)) [[likely]] {
    auto x = a.template as<T>(), y = b.template as<T>(), r = x;
    bool good = true;
    for (unsigned k = 0; k < kCount; ++k) {
      r[k] = std::bit_cast<T>(HostArith<kOp>::compute(host(x[k]), host(y[k])));
      good &= HostArith<kOp>::safe(x[k], y[k], r[k]);
    }
    if (good && (precision_noted(cpu) || all_exact<kOp, T, kCount>(x, y, r))) [[likely]]
      return V::from(r);
  }
  return arith_soft<T>(cpu, kOp, kCount, a, b);
}

template <typename T, typename V>
inline V square_root(Cpu& cpu, V a) {
  return arith<Arith::kSqrt, T>(cpu, a, a);
}

// ADDSUBPS and ADDSUBPD: even lanes are subtracted.
template <typename T, typename V>
V add_sub(Cpu& cpu, V a, V b);
// HADD and HSUB: neighbours of `a`, then of `b`, in each 16 bytes; op is kAdd or kSub.
template <Arith kOp, typename T, typename V>
V horizontal(Cpu& cpu, V a, V b);
// DPPS and DPPD: products of the lanes in control bits 7:4, their sum to the lanes in 3:0; in each
// 16 bytes.
template <typename T, typename V>
V dot_product(Cpu& cpu, V a, V b, u64 control);

// --- FMA: ±(a × b) ± c with one rounding. kAddSub subtracts c in the even lanes, kSubAdd in the
// odd ones.
enum class Fma : u8 { kAdd, kSub, kNegAdd, kNegSub, kAddSub, kSubAdd };

constexpr bool negates_product(Fma op) { return op == Fma::kNegAdd || op == Fma::kNegSub; }
constexpr bool negates_addend(Fma op, unsigned lane) {
  if (op == Fma::kAddSub || op == Fma::kSubAdd) return (lane & 1) == (op == Fma::kSubAdd);
  return op == Fma::kSub || op == Fma::kNegSub;
}

// r = a × b + c on the host: r and all flags but PE are x86's. The sum is a multiple of the
// product's last place; where c is that large, it is zero only if they cancel exactly.
template <typename T>
inline bool fma_is_safe(T a, T b, T c, T r) {
  if (is_denormal(a) || is_denormal(b) || is_denormal(c)) return false;
  if (r << 1 == 0)
    return a << 1 == 0 || b << 1 == 0 || biased_exponent(c) > 2 * kFractionBits<T> + 4;
  return is_safely_normal(r);
}

// PE stays clear, too: neither the product nor the sum is rounded.
template <typename T>
inline bool fma_is_exact(T a, T b, T c, T r) {
  T product = std::bit_cast<T>(host(a) * host(b));
  return HostArith<Arith::kMul>::safe(a, b, product) &&
         HostArith<Arith::kMul>::exact(a, b, product) &&
         HostArith<Arith::kAdd>::exact(product, c, r);
}

template <typename T, typename V>
V fma_soft(Cpu& cpu, Fma op, unsigned lanes, V a, V b, V c);

// The lanes from kCount up are zero.
template <Fma kOp, typename T, typename V, unsigned kCount = kLanesIn<T, V>>
inline V fma(Cpu& cpu, V a, V b, V c) {
  constexpr T kSign = T{1} << (sizeof(T) * 8 - 1);
  if (usual_mode(cpu)) [[likely]] {
    auto x = a.template as<T>(), y = b.template as<T>(), z = c.template as<T>();
    auto r = V{}.template as<T>();
    bool good = true;
    for (unsigned k = 0; k < kCount; ++k) {
      T p = x[k] ^ (negates_product(kOp) ? kSign : 0);
      T q = z[k] ^ (negates_addend(kOp, k) ? kSign : 0);
      r[k] = std::bit_cast<T>(std::fma(host(p), host(y[k]), host(q)));
      good &= fma_is_safe(p, y[k], q, r[k]);
      good &= precision_noted(cpu) || fma_is_exact(p, y[k], q, r[k]);
    }
    if (good) [[likely]]
      return V::from(r);
  }
  return fma_soft<T>(cpu, kOp, kCount, a, b, c);
}

// --- compares. How two values relate, as one bit.
constexpr unsigned kLess = 1;
constexpr unsigned kEqual = 2;
constexpr unsigned kGreater = 4;
constexpr unsigned kUnordered = 8;

// The relation on the host; no NaN is signaled, no denormal is one.
template <typename T>
inline unsigned host_relation(T a, T b) {
  Host<T> x = host(a), y = host(b);
  return x < y ? kLess : x == y ? kEqual : x > y ? kGreater : kUnordered;
}

template <typename T, typename V>
V compare_soft(Cpu& cpu, unsigned lanes, V a, V b, u64 predicate);

// The relations that satisfy a predicate (SDM vol. 2, CMPPD, table 3-1).
unsigned relations_of(u64 predicate);

// CMPccPS and the others: all ones where the predicate holds, one of 32.
template <typename T, typename V, unsigned kCount = kLanesIn<T, V>>
inline V compare_lanes(Cpu& cpu, V a, V b, u64 predicate) {
  auto x = a.template as<T>(), y = b.template as<T>(), r = x;
  unsigned wanted = relations_of(predicate);
  bool good = true;
  for (unsigned k = 0; k < kCount; ++k) {
    unsigned relation = host_relation(x[k], y[k]);
    good &= relation != kUnordered && !is_denormal(x[k]) && !is_denormal(y[k]);
    r[k] = wanted & relation ? ~T{0} : 0;
  }
  if (good) [[likely]]
    return V::from(r);
  return compare_soft<T>(cpu, kCount, a, b, predicate);
}

template <typename T>
u64 compare_flags_soft(Cpu& cpu, T a, T b, bool signal_quiet);

// COMIS and UCOMIS: ZF, PF and CF. COMIS signals quiet NaNs.
template <typename T, bool kSignalQuiet>
inline u64 compare_flags(Cpu& cpu, V128 a, V128 b) {
  T x = static_cast<T>(a.lo), y = static_cast<T>(b.lo);
  Host<T> p = host(x), q = host(y);
  if ((p < q || p >= q) && !is_denormal(x) && !is_denormal(y)) [[likely]] {
    return (p < q ? guest::kCF : 0) | (p == q ? guest::kZF : 0);
  }
  return compare_flags_soft<T>(cpu, x, y, kSignalQuiet);
}

// --- conversions. The lanes of the source become as many lanes of the result; the rest is zero.
template <typename To, typename From, typename V>
V resize_soft(Cpu& cpu, unsigned lanes, V a);

// CVTSS2SD and CVTPS2PD, CVTSD2SS and CVTPD2PS.
template <typename To, typename From, typename V, unsigned kCount = kLanesIn<u64, V>>
inline V resize(Cpu& cpu, V a) {
  auto x = a.template as<From>();
  auto r = V{}.template as<To>();
  bool exact = true, safe = true;
  for (unsigned k = 0; k < kCount; ++k) {
    r[k] = std::bit_cast<To>(static_cast<Host<To>>(host(x[k])));
    exact &= sizeof(To) > sizeof(From) || static_cast<Host<From>>(host(r[k])) == host(x[k]);
    safe &= x[k] << 1 == 0 || (is_safely_normal(r[k]) && !is_denormal(x[k]));
  }
  if (safe && (exact || (usual_mode(cpu) && precision_noted(cpu)))) [[likely]]
    return V::from(r);
  return resize_soft<To, From>(cpu, kCount, a);
}

template <typename T>
u64 from_integer_soft(Cpu& cpu, s64 value);

// CVTSI2SS and CVTSI2SD; the integer has kBytes bytes.
template <typename T, unsigned kBytes>
inline V128 scalar_from_integer(Cpu& cpu, u64 integer) {
  s64 value = static_cast<s64>(sign_extend(integer, kBytes));
  u64 magnitude = value < 0 ? -static_cast<u64>(value) : static_cast<u64>(value);
  if (magnitude >> (kFractionBits<T> + 1) == 0 || (usual_mode(cpu) && precision_noted(cpu)))
      [[likely]] {
    return {std::bit_cast<T>(static_cast<Host<T>>(value)), 0};
  }
  return {from_integer_soft<T>(cpu, value), 0};
}

template <typename T, typename V>
V lanes_from_integer_soft(Cpu& cpu, unsigned lanes, V a);

// CVTDQ2PS, CVTDQ2PD, CVTPI2PS, CVTPI2PD.
template <typename T, typename V, unsigned kCount = kLanesIn<T, V>>
inline V lanes_from_integer(Cpu& cpu, V a) {
  if constexpr (sizeof(T) == 4) {
    if (!usual_mode(cpu) || !precision_noted(cpu)) [[unlikely]]
      return lanes_from_integer_soft<T>(cpu, kCount, a);
  }
  auto x = a.template as<s32>();
  auto r = V{}.template as<T>();
  for (unsigned k = 0; k < kCount; ++k) r[k] = std::bit_cast<T>(static_cast<Host<T>>(x[k]));
  return V::from(r);
}

// --- rounding to integral values and to integers
template <typename F>
inline F host_round(Rounding rounding, F x) {
  switch (rounding) {
    case Rounding::kNearest:
      return std::nearbyint(x);
    case Rounding::kDown:
      return std::floor(x);
    case Rounding::kUp:
      return std::ceil(x);
    default:
      return std::trunc(x);
  }
}

// The host's conversion to an integer below `limit`, which must not depend on DAZ.
template <bool kTruncate, typename T>
inline bool fits_integer(T bits, Host<T> limit) {
  return host(bits) > -limit && host(bits) < limit && (kTruncate || !is_denormal(bits));
}

template <typename T>
u64 to_integer_soft(Cpu& cpu, T a, unsigned bits, bool truncate);

// CVTSS2SI, CVTSD2SI and the truncating CVTT forms.
template <typename T, unsigned kBytes, bool kTruncate,
          typename Integer = std::conditional_t<kBytes == 8, u64, u32>>
inline Integer scalar_to_integer(Cpu& cpu, V128 a) {
  constexpr Host<T> kLimit = kBytes == 8 ? Host<T>(9.2e18) : Host<T>(2.1e9);
  T x = static_cast<T>(a.lo);
  if (fits_integer<kTruncate>(x, kLimit)) [[likely]] {
    Host<T> value = kTruncate ? host(x) : host_round(current_rounding(cpu), host(x));
    s64 integer = static_cast<s64>(value);
    if (static_cast<Host<T>>(integer) == host(x) || inexact_is_noted(cpu)) {
      return static_cast<Integer>(integer);
    }
  }
  return static_cast<Integer>(to_integer_soft<T>(cpu, x, kBytes * 8, kTruncate));
}

template <typename T, typename V>
V lanes_to_integer_soft(Cpu& cpu, unsigned lanes, V a, bool truncate);

// CVT(T)PS2DQ, CVT(T)PD2DQ, CVT(T)PS2PI, CVT(T)PD2PI: to 32-bit integers.
template <typename T, bool kTruncate, typename V, unsigned kCount = kLanesIn<T, V>>
inline V lanes_to_integer(Cpu& cpu, V a) {
  constexpr Host<T> kLimit = 2.1e9;
  auto x = a.template as<T>();
  auto r = V{}.template as<s32>();
  bool exact = true;
  for (unsigned k = 0; k < kCount; ++k) {
    if (!fits_integer<kTruncate>(x[k], kLimit)) [[unlikely]]
      return lanes_to_integer_soft<T>(cpu, kCount, a, kTruncate);
    Host<T> value = kTruncate ? host(x[k]) : host_round(current_rounding(cpu), host(x[k]));
    r[k] = static_cast<s32>(value);
    exact &= static_cast<Host<T>>(r[k]) == host(x[k]);
  }
  if (exact || inexact_is_noted(cpu)) [[likely]]
    return V::from(r);
  return lanes_to_integer_soft<T>(cpu, kCount, a, kTruncate);
}

template <typename T, typename V>
V round_soft(Cpu& cpu, unsigned lanes, V a, u64 control);

// The rounding that a control byte asks for: bits 1:0 unless bit 2 takes MXCSR's.
inline Rounding rounding_of(u64 control, Rounding current) {
  return control & 4 ? current : static_cast<Rounding>(control & 3);
}

// ROUNDPS and the others: control bit 3 keeps PE clear. Lanes from kCount up are zero.
template <typename T, typename V, unsigned kCount = kLanesIn<T, V>>
inline V round_lanes(Cpu& cpu, V a, u64 control) {
  Rounding rounding = rounding_of(control, current_rounding(cpu));
  auto x = a.template as<T>(), r = V{}.template as<T>();
  bool safe = true, exact = true;
  for (unsigned k = 0; k < kCount; ++k) {
    r[k] = std::bit_cast<T>(host_round(rounding, host(x[k])));
    safe &= is_finite(x[k]) && !is_denormal(x[k]);
    exact &= host(r[k]) == host(x[k]);
  }
  if (safe && (exact || control & 8 || inexact_is_noted(cpu))) [[likely]]
    return V::from(r);
  return round_soft<T>(cpu, kCount, a, control);
}

// VCVTPH2PS: denormals are numbers, whatever MXCSR says, and raise nothing.
template <typename V>
V from_half(Cpu& cpu, V a);
// VCVTPS2PH: control as for ROUNDPS but that bit 3 is ignored; tiny results are not flushed.
template <typename V>
V to_half(Cpu& cpu, V a, u64 control);

// --- approximations. RCPPS and RSQRTPS are the true value rounded to 12 bits: the relative error
// is at most 2^-12.99, the manual asks for 1.5 × 2^-12. They neither read nor set MXCSR; denormal
// operands count as zeros and tiny results become zeros.
template <unsigned kCount>
V128 reciprocal(V128 a);
template <unsigned kCount>
V128 reciprocal_root(V128 a);

}  // namespace gantry::sem::fp

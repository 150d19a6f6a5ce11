// Pure integer operations on vectors: arithmetic, logic, compares and shifts. T is the type of a
// lane. All work for MMX too (upper half zero) unless they take the register's size kBytes, 8
// or 16.
#pragma once

#include <cstdlib>

#include "emulator/semantics/sse_lanes.h"

namespace gantry::sem::vec {

// --- logic
inline V128 and_(V128 a, V128 b) { return packed(simd<u64>(a) & simd<u64>(b)); }
inline V128 or_(V128 a, V128 b) { return packed(simd<u64>(a) | simd<u64>(b)); }
inline V128 xor_(V128 a, V128 b) { return packed(simd<u64>(a) ^ simd<u64>(b)); }
// PANDN: the complement of the destination.
inline V128 andn(V128 a, V128 b) { return packed(~simd<u64>(a) & simd<u64>(b)); }

// Lanes of `b` where the mask lane is all ones, else of `a`.
inline V128 choose(V128 mask, V128 a, V128 b) { return or_(andn(mask, a), and_(mask, b)); }

// --- sums
template <typename T>
inline V128 add(V128 a, V128 b) {
  return packed(simd<T>(a) + simd<T>(b));
}
template <typename T>
inline V128 sub(V128 a, V128 b) {
  return packed(simd<T>(a) - simd<T>(b));
}
template <typename T>
inline V128 add_saturated(V128 a, V128 b) {
  return zip<T>(a, b, [](s32 x, s32 y) { return saturate<T>(x + y); });
}
template <typename T>
inline V128 sub_saturated(V128 a, V128 b) {
  return zip<T>(a, b, [](s32 x, s32 y) { return saturate<T>(x - y); });
}
template <typename T>
inline V128 average(V128 a, V128 b) {
  return zip<T>(a, b, [](u32 x, u32 y) { return (x + y + 1) >> 1; });
}
template <typename T>
inline V128 abs(V128 a) {
  return map<T>(a, [](s64 x) { return x < 0 ? -x : x; });
}
template <typename T>
inline V128 sign(V128 a, V128 b) {
  return zip<T>(a, b, [](s64 x, s64 y) { return y < 0 ? -x : y == 0 ? 0 : x; });
}

// --- compares: all ones where true
template <typename T>
inline V128 eq(V128 a, V128 b) {
  return packed(simd<T>(a) == simd<T>(b));
}
template <typename T>
inline V128 gt(V128 a, V128 b) {
  return packed(simd<T>(a) > simd<T>(b));
}
template <typename T>
inline V128 min(V128 a, V128 b) {
  return choose(gt<T>(a, b), a, b);
}
template <typename T>
inline V128 max(V128 a, V128 b) {
  return choose(gt<T>(a, b), b, a);
}

// The sign bits of the low kBytes / sizeof(T) lanes.
template <typename T, unsigned kBytes = 16>
inline u32 sign_mask(V128 v) {
  auto x = simd<T>(v);
  u32 bits = 0;
  for (unsigned k = 0; k < kBytes / sizeof(T); ++k) bits |= static_cast<u32>(x[k] < 0) << k;
  return bits;
}

// Gathers the top bit of each byte by one multiplication a half: bit 8k goes to bit 56 + k.
template <>
inline u32 sign_mask<s8, 8>(V128 v) {
  return static_cast<u32>(((v.lo >> 7) & 0x0101010101010101) * 0x0102040810204080 >> 56);
}
template <>
inline u32 sign_mask<s8, 16>(V128 v) {
  return sign_mask<s8, 8>(v) | sign_mask<s8, 8>({v.hi, 0}) << 8;
}
template <>
inline u32 sign_mask<s16, 16>(V128 v) {
  auto half = [](u64 x) {
    return static_cast<u32>(((x >> 15) & 0x0001000100010001) * 0x0001000200040008 >> 48);
  };
  return half(v.lo) | half(v.hi) << 4;
}

// Those of the bytes of 32.
inline u32 all_byte_signs(V128 low, V128 high) {
  return sign_mask<s8, 16>(low) | sign_mask<s8, 16>(high) << 16;
}

// --- products
template <typename T>
inline V128 mul_low(V128 a, V128 b) {
  return packed(simd<T>(a) * simd<T>(b));
}
// T is u16 or s16.
template <typename T>
inline V128 mul_high(V128 a, V128 b) {
  return zip<T>(a, b, [](T x, T y) { return (s64{x} * y) >> 16; });
}
// PMULHRSW: rounded to nearest at bit 15.
inline V128 mul_round(V128 a, V128 b) {
  return zip<s16>(a, b, [](s32 x, s32 y) { return ((x * y >> 14) + 1) >> 1; });
}
// PMULUDQ and PMULDQ: the even doublewords; T is u64 or s64, Half its half.
template <typename T, typename Half>
inline V128 mul_even(V128 a, V128 b) {
  auto x = simd<Half>(a);
  auto y = simd<Half>(b);
  return generate<T>([&](unsigned k) { return static_cast<T>(x[2 * k]) * y[2 * k]; });
}
// PMADDWD. 0x8000 squared twice wraps to 0x80000000, as the manual says.
inline V128 mul_add_words(V128 a, V128 b) {
  auto x = simd<s16>(a);
  auto y = simd<s16>(b);
  return generate<u32>([&](unsigned k) {
    return static_cast<u32>(x[2 * k] * y[2 * k]) + static_cast<u32>(x[2 * k + 1] * y[2 * k + 1]);
  });
}
// PMADDUBSW: unsigned bytes of `a` times signed bytes of `b`.
inline V128 mul_add_bytes(V128 a, V128 b) {
  auto x = simd<u8>(a);
  auto y = simd<s8>(b);
  return generate<s16>(
      [&](unsigned k) { return saturate<s16>(x[2 * k] * y[2 * k] + x[2 * k + 1] * y[2 * k + 1]); });
}

// PSADBW: for each quadword the sum of the absolute differences of its bytes.
inline V128 sum_differences(V128 a, V128 b) {
  auto x = simd<u8>(a);
  auto y = simd<u8>(b);
  return generate<u64>([&](unsigned k) {
    u32 sum = 0;
    for (unsigned j = 8 * k; j < 8 * k + 8; ++j) sum += x[j] < y[j] ? y[j] - x[j] : x[j] - y[j];
    return sum;
  });
}

// MPSADBW: eight sums over four bytes; the block of `b` and the start in `a` come from the control.
inline V128 sum_differences_sliding(V128 a, V128 b, u64 control) {
  auto x = a.as<u8>();
  auto y = b.as<u8>();
  unsigned from_a = control & 4;
  unsigned from_b = (control & 3) * 4;
  return generate<u16>([&](unsigned k) {
    int sum = 0;
    for (unsigned j = 0; j < 4; ++j) sum += std::abs(x[from_a + k + j] - y[from_b + j]);
    return sum;
  });
}

// PHMINPOSUW: the smallest word and the position of its first occurrence.
inline V128 min_position(V128 a) {
  auto x = a.as<u16>();
  unsigned best = 0;
  for (unsigned k = 1; k < 8; ++k) {
    if (x[k] < x[best]) best = k;
  }
  return {x[best] | static_cast<u64>(best) << 16, 0};
}

// --- horizontal: pairs of `a`, then pairs of `b`
template <typename T, unsigned kBytes, typename F>
inline V128 pairwise(V128 a, V128 b, F f) {
  constexpr unsigned kHalf = kBytes / sizeof(T) / 2;
  auto x = a.as<T>();
  auto y = b.as<T>();
  typename V128::Lanes<T> result = {};
  for (unsigned k = 0; k < kHalf; ++k) {
    result[k] = static_cast<T>(f(x[2 * k], x[2 * k + 1]));
    result[kHalf + k] = static_cast<T>(f(y[2 * k], y[2 * k + 1]));
  }
  return V128::from(result);
}
template <typename T, unsigned kBytes>
inline V128 horizontal_add(V128 a, V128 b) {
  return pairwise<T, kBytes>(a, b, [](s64 x, s64 y) { return x + y; });
}
template <typename T, unsigned kBytes>
inline V128 horizontal_sub(V128 a, V128 b) {
  return pairwise<T, kBytes>(a, b, [](s64 x, s64 y) { return x - y; });
}
template <typename T, unsigned kBytes>
inline V128 horizontal_add_saturated(V128 a, V128 b) {
  return pairwise<T, kBytes>(a, b, [](s64 x, s64 y) { return saturate<T>(x + y); });
}
template <typename T, unsigned kBytes>
inline V128 horizontal_sub_saturated(V128 a, V128 b) {
  return pairwise<T, kBytes>(a, b, [](s64 x, s64 y) { return saturate<T>(x - y); });
}

// --- shifts: a count above the lane's last bit gives zeros (or signs), it is not taken modulo.
template <typename T>
inline V128 shl(V128 a, u64 count) {
  if (count >= sizeof(T) * 8) return {};
  return packed(simd<T>(a) << static_cast<T>(count));
}
template <typename T>
inline V128 shr(V128 a, u64 count) {
  if (count >= sizeof(T) * 8) return {};
  return packed(simd<T>(a) >> static_cast<T>(count));
}
template <typename T>
inline V128 sar(V128 a, u64 count) {
  if (count >= sizeof(T) * 8) count = sizeof(T) * 8 - 1;
  return packed(simd<T>(a) >> static_cast<T>(count));
}
// PSLLDQ and PSRLDQ: the whole register, by bytes.
inline V128 shl_bytes(V128 a, u64 count) {
  if (count >= 16) return {};
  return std::bit_cast<V128>(std::bit_cast<u128>(a) << (count * 8));
}
inline V128 shr_bytes(V128 a, u64 count) {
  if (count >= 16) return {};
  return std::bit_cast<V128>(std::bit_cast<u128>(a) >> (count * 8));
}

// The same by the number in the low quadword of a register.
template <auto kShift>
inline V128 by_low(V128 a, V128 count) {
  return kShift(a, count.lo);
}

// PTEST: the RFLAGS bits ZF and CF where all of one, and of the other, is zero.
inline u32 zero_bits(V128 zf, V128 cf) {
  return ((zf.lo | zf.hi) == 0 ? 0x40 : 0) | ((cf.lo | cf.hi) == 0 ? 1 : 0);
}

}  // namespace gantry::sem::vec

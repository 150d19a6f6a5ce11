// Pure operations that move lanes: unpack, pack, shuffle, blend, extend, align.
#pragma once

#include <type_traits>

#include "emulator/semantics/sse_lanes.h"
#include "emulator/semantics/sse_ops.h"

namespace gantry::sem::vec {

// Interleaves the lanes of the low or the high half of a register of kBytes.
template <typename T, unsigned kBytes>
inline V128 unpack_from(V128 a, V128 b, unsigned first) {
  auto x = a.as<T>();
  auto y = b.as<T>();
  typename V128::Lanes<T> result = {};
  for (unsigned k = 0; k < kBytes / sizeof(T) / 2; ++k) {
    result[2 * k] = x[first + k];
    result[2 * k + 1] = y[first + k];
  }
  return V128::from(result);
}
template <typename T, unsigned kBytes>
inline V128 unpack_low(V128 a, V128 b) {
  return unpack_from<T, kBytes>(a, b, 0);
}
template <typename T, unsigned kBytes>
inline V128 unpack_high(V128 a, V128 b) {
  return unpack_from<T, kBytes>(a, b, kBytes / sizeof(T) / 2);
}

// The signed lanes From of `a`, then those of `b`, saturated to To, which is half as wide.
template <typename From, typename To, unsigned kBytes>
inline V128 pack_saturated(V128 a, V128 b) {
  constexpr unsigned kHalf = kBytes / sizeof(From);
  auto x = a.as<From>();
  auto y = b.as<From>();
  typename V128::Lanes<To> result = {};
  for (unsigned k = 0; k < kHalf; ++k) {
    result[k] = saturate<To>(x[k]);
    result[kHalf + k] = saturate<To>(y[k]);
  }
  return V128::from(result);
}

// Two bits of the control choose each lane: PSHUFD, PSHUFLW, PSHUFHW, PSHUFW.
inline V128 shuffle_dwords(V128 a, u64 control) {
  auto x = a.as<u32>();
  return generate<u32>([&](unsigned k) { return x[(control >> (2 * k)) & 3]; });
}
inline u64 shuffle_words(u64 a, u64 control) {
  u64 result = 0;
  for (unsigned k = 0; k < 4; ++k) {
    u64 word = (a >> (16 * ((control >> (2 * k)) & 3))) & 0xffff;
    result |= word << (16 * k);
  }
  return result;
}
inline V128 shuffle_low_words(V128 a, u64 control) { return {shuffle_words(a.lo, control), a.hi}; }
inline V128 shuffle_high_words(V128 a, u64 control) { return {a.lo, shuffle_words(a.hi, control)}; }

// SHUFPS and SHUFPD: the low half from `a`, the high half from `b`.
inline V128 shuffle_pairs_dwords(V128 a, V128 b, u64 control) {
  auto x = a.as<u32>();
  auto y = b.as<u32>();
  return generate<u32>([&](unsigned k) { return (k < 2 ? x : y)[(control >> (2 * k)) & 3]; });
}
inline V128 shuffle_pairs_qwords(V128 a, V128 b, u64 control) {
  return {control & 1 ? a.hi : a.lo, control & 2 ? b.hi : b.lo};
}

// PSHUFB: bit 7 of an index byte gives zero.
template <unsigned kBytes>
inline V128 shuffle_bytes(V128 a, V128 index) {
  auto x = a.as<u8>();
  return map<u8>(index, [&](u8 n) { return n & 0x80 ? 0 : x[n % kBytes]; });
}

// PALIGNR: bytes `count` and up of b:a put together, `a` the high part.
inline V128 align_right(V128 a, V128 b, u64 count) {
  if (count == 0) return b;
  if (count >= 16) return shr_bytes(a, count - 16);
  return or_(shr_bytes(b, count), shl_bytes(a, 16 - count));
}
inline V128 align_right_mmx(V128 a, V128 b, u64 count) {
  u128 both = static_cast<u128>(a.lo) << 64 | b.lo;
  return {count >= 16 ? 0 : static_cast<u64>(both >> (count * 8)), 0};
}

// PBLENDW, BLENDPS, BLENDPD: control bit k set takes lane k of `b`.
template <typename T>
inline V128 blend(V128 a, V128 b, u64 control) {
  auto x = a.as<T>();
  auto y = b.as<T>();
  return generate<T>([&](unsigned k) { return (control >> k) & 1 ? y[k] : x[k]; });
}
// PBLENDVB, BLENDVPS, BLENDVPD: the sign of the mask's lane takes `b`. T is signed.
template <typename T>
inline V128 blend_variable(V128 a, V128 b, V128 mask) {
  return choose(gt<T>(V128{}, mask), a, b);
}

// PMOVSX and PMOVZX: the low lanes From widened to To.
template <typename From, typename To>
inline V128 extend(V128 a) {
  auto x = a.as<From>();
  return generate<To>([&](unsigned k) { return x[k]; });
}

// INSERTPS: a lane of `b`, by bits 7:6 for a register (memory gives its one value as lane 0), goes
// to lane 5:4, then the lanes in 3:0 become zero.
inline V128 insert_dword_and_zero(V128 a, V128 b, u64 control) {
  V128 merged = insert<u32>(a, extract<u32>(b, control >> 6), (control >> 4) & 3);
  return blend<u32>(merged, {}, control & 15);
}

inline V128 duplicate_low_qword(V128 a) { return {a.lo, a.lo}; }
inline V128 duplicate_even_dwords(V128 a) { return shuffle_dwords(a, 0xa0); }
inline V128 duplicate_odd_dwords(V128 a) { return shuffle_dwords(a, 0xf5); }
// Halves of two registers side by side: the names say which half of `a`, then of `b`.
inline V128 low_low(V128 a, V128 b) { return {a.lo, b.lo}; }
inline V128 high_high(V128 a, V128 b) { return {a.hi, b.hi}; }
inline V128 high_as_low(V128 a) { return {a.hi, 0}; }
inline V128 low_only(V128 a) { return {a.lo, 0}; }
// Replace one part of `a`.
inline V128 with_low_qword(V128 a, V128 b) { return {b.lo, a.hi}; }
inline V128 with_high_qword(V128 a, V128 b) { return {a.lo, b.lo}; }

}  // namespace gantry::sem::vec

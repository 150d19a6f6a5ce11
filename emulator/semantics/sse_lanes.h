// V128 seen as lanes: what the pure vector functions are written with. The compiler's own vector
// types are used, and no intrinsics, so that the same source is one host instruction on every host
// that has it.
#pragma once

#include <bit>
#include <limits>

#include "emulator/base/types.h"
#include "emulator/guest/vector.h"

namespace gantry::sem::vec {

using guest::V128;

namespace lanes_internal {

template <typename T>
struct SimdOf {
  typedef T Type __attribute__((vector_size(16)));
};

}  // namespace lanes_internal

template <typename T>
using Simd = typename lanes_internal::SimdOf<T>::Type;

template <typename T>
constexpr unsigned kLanes = 16 / sizeof(T);

template <typename T>
inline Simd<T> simd(V128 v) {
  return std::bit_cast<Simd<T>>(v);
}

template <typename S>
inline V128 packed(S lanes) {
  return std::bit_cast<V128>(lanes);
}

// Lane `k` is f(k).
template <typename T, typename F>
inline V128 generate(F f) {
  Simd<T> result = {};
  for (unsigned k = 0; k < kLanes<T>; ++k) result[k] = static_cast<T>(f(k));
  return packed(result);
}

template <typename T, typename F>
inline V128 map(V128 a, F f) {
  auto x = simd<T>(a);
  return generate<T>([&](unsigned k) { return f(x[k]); });
}

template <typename T, typename F>
inline V128 zip(V128 a, V128 b, F f) {
  auto x = simd<T>(a);
  auto y = simd<T>(b);
  return generate<T>([&](unsigned k) { return f(x[k], y[k]); });
}

template <typename T>
constexpr T saturate(s64 value) {
  constexpr s64 kMin = std::numeric_limits<T>::min();
  constexpr s64 kMax = std::numeric_limits<T>::max();
  return static_cast<T>(value < kMin ? kMin : value > kMax ? kMax : value);
}

// Moving single lanes between vectors and integers. An MMX register is the low half of a V128.
inline u64 low(V128 v) { return v.lo; }
inline u64 high(V128 v) { return v.hi; }
inline V128 from_low(u64 value) { return {value, 0}; }

template <typename T>
inline T extract(V128 v, u64 index) {
  return v.as<T>()[static_cast<unsigned>(index % kLanes<T>)];
}

template <typename T>
inline V128 insert(V128 v, u64 value, u64 index) {
  auto lanes = v.as<T>();
  lanes[static_cast<unsigned>(index % kLanes<T>)] = static_cast<T>(value);
  return V128::from(lanes);
}

// The lowest lane of `low`, the others of `rest`.
template <typename T>
inline V128 with_low(V128 rest, V128 low) {
  return insert<T>(rest, low.lo, 0);
}

}  // namespace gantry::sem::vec

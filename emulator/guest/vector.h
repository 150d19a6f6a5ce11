// 128 and 256-bit values: XMM and YMM registers and the operands of vector operations.
#pragma once

#include <bit>
#include <cstring>

#include "emulator/base/types.h"

namespace gantry::guest {

// Sixteen bytes, lane 0 lowest. Little-endian hosts only, as all of ours are.
struct alignas(16) V128 {
  u64 lo = 0;
  u64 hi = 0;

  // The value seen as an array of lanes of type T.
  template <typename T>
  struct Lanes {
    T lane[16 / sizeof(T)];
    T& operator[](unsigned i) { return lane[i]; }
    const T& operator[](unsigned i) const { return lane[i]; }
    static constexpr unsigned size() { return 16 / sizeof(T); }
  };

  template <typename T>
  Lanes<T> as() const {
    return std::bit_cast<Lanes<T>>(*this);
  }
  template <typename T>
  static V128 from(const Lanes<T>& lanes) {
    return std::bit_cast<V128>(lanes);
  }

  bool operator==(const V128&) const = default;
};
static_assert(sizeof(V128) == 16);

// Thirty-two bytes as two halves, which most AVX instructions treat alike.
struct alignas(16) V256 {
  V128 low;
  V128 high;

  template <typename T>
  struct Lanes {
    T lane[32 / sizeof(T)];
    T& operator[](unsigned i) { return lane[i]; }
    const T& operator[](unsigned i) const { return lane[i]; }
    static constexpr unsigned size() { return 32 / sizeof(T); }
  };

  template <typename T>
  Lanes<T> as() const {
    return std::bit_cast<Lanes<T>>(*this);
  }
  template <typename T>
  static V256 from(const Lanes<T>& lanes) {
    return std::bit_cast<V256>(lanes);
  }

  bool operator==(const V256&) const = default;
};
static_assert(sizeof(V256) == 32);

}  // namespace gantry::guest

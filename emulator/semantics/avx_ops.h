// Pure operations of AVX and AVX2 that have no legacy form, on one half of a YMM register.
#pragma once

#include "emulator/semantics/sse_lanes.h"
#include "emulator/semantics/sse_ops.h"

namespace gantry::sem::vec {

// The lowest lane in all lanes.
template <typename T>
inline V128 broadcast(V128 a) {
  T lane = a.as<T>()[0];
  return generate<T>([&](unsigned) { return lane; });
}

// VPERMD and VPERMPS: each index chooses one of the eight lanes of high:low.
inline V128 permute_dwords(V128 low, V128 high, V128 index) {
  auto x = low.as<u32>();
  auto y = high.as<u32>();
  return map<u32>(index, [&](u32 n) { return (n & 4 ? y : x)[n & 3]; });
}
// VPERMQ and VPERMPD: two bits of the control choose each lane.
inline V128 permute_qwords(V128 low, V128 high, u64 control) {
  const u64 lanes[] = {low.lo, low.hi, high.lo, high.hi};
  return {lanes[control & 3], lanes[(control >> 2) & 3]};
}

// VPERMILPS and VPERMILPD with a vector of controls; that of a quadword is its bit 1.
inline V128 permute_within_dwords(V128 a, V128 index) {
  auto x = a.as<u32>();
  return map<u32>(index, [&](u32 n) { return x[n & 3]; });
}
inline V128 permute_within_qwords(V128 a, V128 index) {
  return map<u64>(index, [&](u64 n) { return n & 2 ? a.hi : a.lo; });
}
// VPERMILPD: a control bit for each lane.
inline V128 select_qwords(V128 a, u64 control) {
  return {control & 1 ? a.hi : a.lo, control & 2 ? a.hi : a.lo};
}

// Shifts with a count for each lane. A count above the lane's last bit gives zero (or the sign).
template <typename T>
inline V128 shl_each(V128 a, V128 counts) {
  return zip<T>(a, counts, [](T x, T n) { return n < sizeof(T) * 8 ? x << n : 0; });
}
template <typename T>
inline V128 shr_each(V128 a, V128 counts) {
  return zip<T>(a, counts, [](T x, T n) { return n < sizeof(T) * 8 ? x >> n : 0; });
}
inline V128 sar_each_dword(V128 a, V128 counts) {
  return zip<s32>(a, counts, [](s32 x, s32 n) { return x >> (static_cast<u32>(n) < 32 ? n : 31); });
}

// VTESTPS and VTESTPD: PTEST of the lanes' signs. T is signed.
template <typename T>
inline u64 test_signs(V128 a, V128 b) {
  bool none_of_both = sign_mask<T>(and_(a, b)) == 0;
  bool none_of_rest = sign_mask<T>(andn(a, b)) == 0;
  return (none_of_both ? 0x40 : 0) | (none_of_rest ? 1 : 0);
}

}  // namespace gantry::sem::vec

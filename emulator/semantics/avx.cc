#include "emulator/semantics/avx.h"

#include <algorithm>

namespace gantry::sem {

using guest::Cpu;

namespace {

template <typename T>
constexpr unsigned kWideLanes = 32 / sizeof(T);

// Bit k is the sign of lane k.
template <typename T>
u64 selected_lanes(const V256& mask) {
  return vec::sign_mask<T>(mask.low) | vec::sign_mask<T>(mask.high) << vec::kLanes<T>;
}

void check(Cpu& cpu, u64 address, u32 access, bool in_stack) {
  if (in_stack) guest::check_stack_address(cpu, address, access);
  guest::check_address(cpu, address, access);
}

// The first byte of the first selected lane and the last byte of the last. Processors look for
// addresses that the guest cannot have at both before they access memory.
struct Ends {
  u64 first;
  u64 last;
};

template <typename T>
Ends checked_ends(Cpu& cpu, u64 address, u64 selected, u32 access, bool in_stack) {
  auto lowest = static_cast<unsigned>(std::countr_zero(selected));
  auto end = static_cast<unsigned>(std::bit_width(selected));
  Ends ends = {address + lowest * sizeof(T), address + end * sizeof(T) - 1};
  check(cpu, ends.first, access, in_stack);
  check(cpu, ends.last, access, in_stack);
  return ends;
}

}  // namespace

template <typename T>
V256 load_masked(Cpu& cpu, u64 address, const V256& mask, u64 in_stack) {
  u64 selected = selected_lanes<T>(mask);
  if (selected == 0) return {};
  checked_ends<T>(cpu, address, selected, 0, in_stack);
  V256::Lanes<T> lanes = {};
  for (unsigned k = 0; k < kWideLanes<T>; ++k) {
    if (selected >> k & 1) lanes[k] = guest::load<T>(cpu, address + k * sizeof(T));
  }
  return V256::from(lanes);
}

// 32 bytes lie in two pages at most: when both ends can be written, so can all in between. Which of
// them is looked at, and in which order, is the processors' choice; CR2 shows it.
template <typename T>
void store_masked(Cpu& cpu, u64 address, const V256& mask, const V256& data, u64 in_stack) {
  u64 selected = selected_lanes<T>(mask);
  if (selected == 0) return;
  Ends ends = checked_ends<T>(cpu, address, selected, guest::kFaultWrite, in_stack);
  guest::probe_write(cpu, ends.first, 1);
  guest::probe_write(cpu, ends.last, 1);
  auto lanes = data.as<T>();
  for (unsigned k = 0; k < kWideLanes<T>; ++k) {
    if (selected >> k & 1) guest::store<T>(cpu, address + k * sizeof(T), lanes[k]);
  }
}

namespace {

V256 ymm(const Cpu& cpu, unsigned reg) { return {cpu.xmm[reg], cpu.ymm_high[reg]}; }

template <typename T>
void set_lane(Cpu& cpu, unsigned reg, unsigned lane, T value) {
  V128& half = lane < vec::kLanes<T> ? cpu.xmm[reg] : cpu.ymm_high[reg];
  half = vec::insert<T>(half, static_cast<u64>(value), lane);
}

// Makes every mask lane of the vector length all ones or zero, which a fault shows.
template <typename T>
void spread_mask(Cpu& cpu, const GatherOperands& g) {
  cpu.xmm[g.mask] = vec::gt<T>(V128{}, cpu.xmm[g.mask]);
  cpu.ymm_high[g.mask] = g.width == 32 ? vec::gt<T>(V128{}, cpu.ymm_high[g.mask]) : V128{};
}

// The destination is as long as its lanes; what lies above is zero.
void finish(Cpu& cpu, const GatherOperands& g, unsigned bytes) {
  cpu.xmm[g.mask] = cpu.ymm_high[g.mask] = {};
  if (bytes <= 16) cpu.ymm_high[g.destination] = {};
  if (bytes <= 8) cpu.xmm[g.destination].hi = 0;
}

}  // namespace

template <typename T, typename Index>
void gather(Cpu& cpu, u64 base, u64 segment_base, u64 operands) {
  auto g = std::bit_cast<GatherOperands>(operands);
  unsigned lanes = g.width / std::max(sizeof(T), sizeof(Index));
  u64 selected = selected_lanes<T>(ymm(cpu, g.mask));
  auto index = ymm(cpu, g.index).as<Index>();
  spread_mask<T>(cpu, g);
  for (unsigned k = 0; k < lanes; ++k) {
    if (!(selected >> k & 1)) continue;
    u64 offset = base + (static_cast<u64>(s64{index[k]}) << g.scale);
    u64 address = segment_base + (g.address_width == 4 ? static_cast<u32>(offset) : offset);
    check(cpu, address, 0, g.in_stack);
    set_lane<T>(cpu, g.destination, k, guest::load<T>(cpu, address));
    set_lane<T>(cpu, g.mask, k, 0);
    if (g.width == 16) cpu.ymm_high[g.destination] = {};
  }
  finish(cpu, g, lanes * sizeof(T));
}

template V256 load_masked<s32>(Cpu&, u64, const V256&, u64);
template V256 load_masked<s64>(Cpu&, u64, const V256&, u64);
template void store_masked<s32>(Cpu&, u64, const V256&, const V256&, u64);
template void store_masked<s64>(Cpu&, u64, const V256&, const V256&, u64);
template void gather<s32, s32>(Cpu&, u64, u64, u64);
template void gather<s64, s32>(Cpu&, u64, u64, u64);
template void gather<s32, s64>(Cpu&, u64, u64, u64);
template void gather<s64, s64>(Cpu&, u64, u64, u64);

}  // namespace gantry::sem

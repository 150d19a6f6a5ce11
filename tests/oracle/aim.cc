#include "tests/oracle/aim.h"

#include <cstring>

namespace gantry::oracle {
namespace {

// Just below a multiple of 16, 32, 64 or 4096, so that the operand lies across it.
u64 crossing_address(Random& random) {
  constexpr u64 kBoundaries[] = {16, 32, 64, kPageSize};
  u64 boundary = random.pick(kBoundaries);
  u64 count = (kDataSize - 2048) / boundary;
  u64 above = boundary == kPageSize ? kDataBase + kPageSize
                                    : kDataBase + 1024 + random.below(count) * boundary;
  return above - 1 - random.below(31);
}

u64 inverse(u64 odd) {
  u64 x = odd;
  for (int i = 0; i < 6; i++) x *= 2 - odd * x;
  return x;
}

// --- registers

// Sixteen or 32-byte registers are halves in State.
u8* lane_pointer(State& state, unsigned reg, unsigned byte) {
  auto* half = byte < 16 ? &state.fx.xmm[reg] : &state.ymm_high[reg];
  return reinterpret_cast<u8*>(half) + byte % 16;
}

void aim_general(Context& x) {
  const auto& m = x.c.insn.mem;
  bool base = m.base != x86::kNoRegister, index = m.index != x86::kNoRegister;
  u64 offset = x.memory - segment_base(x.c) - static_cast<u64>(m.disp);
  auto& gpr = x.c.state.gpr;
  if (base && index && m.base == m.index) {
    u64 factor = 1 + (u64{1} << m.scale);
    gpr[m.base] = m.scale == 0 ? offset / 2 : offset * inverse(factor);
    x.memory += gpr[m.base] * factor - offset;
  } else if (base) {
    if (index) {
      gpr[m.index] = x.random.percent(50) ? x.random.below(256) : edge_value(x.random);
      offset -= gpr[m.index] << m.scale;
    }
    gpr[m.base] = offset;
  } else if (index) {
    gpr[m.index] = offset >> m.scale;
    x.memory += (gpr[m.index] << m.scale) - offset;
  }
  // Under 67 only the lower halves count.
  if (m.address_width == 4) {
    if (base) gpr[m.base] ^= x.random.next() << 32;
    if (index && m.index != m.base) gpr[m.index] ^= x.random.next() << 32;
  }
  if (base) x.fixed |= 1u << m.base;
  if (index) x.fixed |= 1u << m.index;
}

// VPGATHERDD, VPGATHERDQ and their floating-point forms have indices of 32 bits (even opcodes).
unsigned index_bytes(const Case& c) { return c.insn.opcode & 1 ? 8 : 4; }

u64 element_address(Context& x) {
  if (x.random.percent(3)) return bad_address(x.random);
  return x.memory + x.random.below(512) - 256;
}

void aim_gather(Context& x) {
  const auto& m = x.c.insn.mem;
  bool based = m.base != x86::kNoRegister;
  u64 origin = static_cast<u64>(m.disp) + segment_base(x.c);
  if (based) {
    x.c.state.gpr[m.base] = x.memory - origin;
    if (m.address_width == 4) x.c.state.gpr[m.base] ^= x.random.next() << 32;
    x.fixed |= 1u << m.base;
    origin = x.memory;
  }
  unsigned size = index_bytes(x.c);
  for (unsigned byte = 0; byte < 32; byte += size) {
    u64 index = static_cast<u64>(static_cast<s64>(element_address(x) - origin) >> m.scale);
    std::memcpy(lane_pointer(x.c.state, m.index, byte), &index, size);
  }
  unsigned element = x.c.insn.prefixes & x86::kPrefixRexW ? 8 : 4;
  set_lane_mask(x, x.c.insn.op[2].reg, element);
}

}  // namespace

u64 data_address(Random& random) {
  if (random.percent(15)) return crossing_address(random);
  u64 address = kDataBase + 1024 + random.below(kDataSize - 2048);
  if (random.percent(50)) return address & ~u64{31};
  return random.percent(30) ? address & ~u64{15} : address;
}

u64 bad_address(Random& random) {
  switch (random.below(8)) {
    case 0:
      return kDataBase - 1 - random.below(64);
    case 1:
      return kUnmappedBase - random.below(32);
    case 2:
      return kReadOnlyBase - random.below(32);
    case 3:
      return kReadOnlyBase + random.below(kPageSize - 64);
    case 4:
      return (u64{1} << 47) + 64 + random.below(64);
    case 5:
      return u64{0x8000} << 48 | random.next() >> 1;
    case 6:
      return ~u64{0} - 4096 - random.below(1 << 20);
    default:
      return kUnmappedBase + random.below(256);
  }
}

u64 random_address(Random& random) {
  return random.percent(5) ? bad_address(random) : data_address(random);
}

u64 target_address(Random& random) {
  constexpr u64 kNowhere[] = {0x0000800000000000, 0x8000000000000000, 0xffff7fffffffffff,
                              0xffffffffff000000, 0xffff800000000000, kUnmappedBase + 8};
  if (random.percent(6)) return random.pick(kNowhere);
  return kCodeBase + random.below(64);
}

u64 segment_base(const Case& c) {
  if (c.insn.mem.segment == guest::kFs) return c.state.fs_base;
  return c.insn.mem.segment == guest::kGs ? c.state.gs_base : 0;
}

u64 memory_operand(const Case& c) {
  const auto& m = c.insn.mem;
  auto offset = static_cast<u64>(m.disp);
  if (m.base != x86::kNoRegister) offset += c.state.gpr[m.base];
  if (m.index != x86::kNoRegister) offset += c.state.gpr[m.index] << m.scale;
  return segment_base(c) + (m.address_width == 4 ? static_cast<u32>(offset) : offset);
}

void aim(Context& x) {
  bool gathers = x86::opcodes()[x.c.insn.row].attributes & x86::kVectorIndex;
  return gathers && !x.c.refused ? aim_gather(x) : aim_general(x);
}

void set_lane_mask(Context& x, unsigned reg, unsigned bytes) {
  u64 selected = x.random.next();
  if (x.random.percent(30)) selected = ~u64{0};
  if (x.random.percent(15)) selected = 0;
  if (x.random.percent(30)) selected = (u64{1} << x.random.below(9)) - 1;
  if (x.random.percent(30)) selected = ~selected;
  for (unsigned byte = 0; byte < 32; byte += bytes, selected >>= 1) {
    u8* top = lane_pointer(x.c.state, reg, byte + bytes - 1);
    *top = static_cast<u8>((*top & 0x7f) | (selected & 1) << 7);
  }
}

}  // namespace gantry::oracle

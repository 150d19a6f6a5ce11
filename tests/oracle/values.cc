#include "tests/oracle/values.h"

namespace gantry::oracle {

u64 random_flags(Random& random) {
  u64 flags = (random.next() & guest::kStatusFlags) | guest::kIF | 2;
  if (random.percent(15)) flags |= guest::kDF;
  if (random.percent(2)) flags |= guest::kNT;
  if (random.percent(5)) flags |= guest::kID;
  if (random.percent(5)) flags |= guest::kAC;
  return flags;
}

namespace {

// Ordinary numbers, so near to each other that sums cancel and round.
u64 near_one(Random& random, unsigned lane_bits, unsigned fraction_bits, u64 bias) {
  u64 lanes = 0;
  for (unsigned at = 0; at < 64; at += lane_bits) {
    u64 exponent = bias - 8 + random.below(16), sign = random.below(2);
    u64 fraction = edge_value(random) & ((u64{1} << fraction_bits) - 1);
    lanes |= (sign << (lane_bits - 1) | exponent << fraction_bits | fraction) << at;
  }
  return lanes;
}

// The exponent and sign of a double, with any fraction.
u64 with_exponent(Random& random, u64 value) {
  return (value & 0xfff0000000000000) | random.next() >> 12;
}

u64 half_lanes(Random& random) {
  constexpr u64 kHalves[] = {0,      0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0x7c01,
                             0xfdff, 1,      0x03ff, 0x0400, 0x7bff, 0x83ff, 0x4000, 0x3555};
  u64 lanes = 0;
  for (unsigned at = 0; at < 64; at += 16) {
    u64 half = random.percent(70) ? random.pick(kHalves) : random.below(65536);
    lanes |= half << at;
  }
  return lanes;
}

}  // namespace

u64 random_float_lanes(Random& random) {
  constexpr u64 kDoubles[] = {0,
                              0x8000000000000000,
                              0x3ff0000000000000,
                              0xbff0000000000000,
                              0x7ff0000000000000,
                              0xfff0000000000000,
                              0x7ff8000000000000,
                              0x7ff0000000000001,
                              1,
                              0x000fffffffffffff,
                              0x0010000000000000,
                              0x7fefffffffffffff,
                              0x41dfffffffc00000,
                              0xc1e0000000000000,
                              0x43e0000000000000,
                              0x4000000000000000};
  constexpr u64 kFloats[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
                             0x7fc00000, 0x7f800001, 1,          0x007fffff, 0x00800000, 0x7f7fffff,
                             0x4f000000, 0xcf000000, 0x5f000000, 0x40000000};
  switch (random.below(8)) {
    case 0:
      return random.pick(kDoubles);
    case 1: {
      u64 low = random.pick(kFloats), high = random.pick(kFloats);
      return low | high << 32;
    }
    case 2:
      return edge_value(random);
    case 3:
      return with_exponent(random, random.pick(kDoubles));
    case 4:
      return half_lanes(random);
    case 5:
      return near_one(random, 64, 52, 1023);
    case 6:
      return near_one(random, 32, 23, 127);
    default:
      return random.next();
  }
}

u32 random_mxcsr(Random& random) {
  u32 mxcsr = 0x1f80;
  if (random.percent(40)) mxcsr |= static_cast<u32>(random.below(4)) << 13;
  if (random.percent(15)) mxcsr |= 0x8000;
  if (random.percent(15)) mxcsr |= 0x0040;
  if (random.percent(30)) mxcsr |= static_cast<u32>(random.below(64));
  if (random.percent(10)) mxcsr &= ~(static_cast<u32>(random.below(64)) << 7);
  return mxcsr;
}

namespace {

guest::FxsaveRegister random_x87_register(Random& random) {
  constexpr u16 kExponents[] = {0, 1, 0x3fff, 0x3ffe, 0x4000, 0x403e, 0x7ffe, 0x7fff, 0x3fc0};
  u16 exponent = random.percent(60) ? random.pick(kExponents)
                                    : static_cast<u16>(0x3fff - 40 + random.below(80));
  u64 significand = edge_value(random);
  if (exponent != 0 && random.percent(95)) significand |= u64{1} << 63;
  auto sign = static_cast<u16>(random.percent(50) ? 0x8000 : 0);
  return {significand, static_cast<u16>(exponent | sign), {}};
}

}  // namespace

void randomize_fpu(Random& random, guest::FxsaveImage& fx) {
  fx = {};
  fx.control = static_cast<u16>(0x037f | (random.percent(30) ? random.below(4) << 10 : 0));
  if (random.percent(20))
    fx.control = static_cast<u16>((fx.control & ~0x300) | random.below(4) << 8);
  u64 top = random.below(8);
  fx.status = static_cast<u16>(top << 11 | (random.next() & 0x4700));
  fx.tags = random.percent(70) ? 0xff : static_cast<u8>(random.next());
  fx.mxcsr = random_mxcsr(random);
  fx.mxcsr_mask = 0xffff;
  for (auto& st : fx.st) st = random_x87_register(random);
  for (auto& xmm : fx.xmm) xmm = {random_float_lanes(random), random_float_lanes(random)};
}

void randomize_ymm(Random& random, guest::V128 (&high)[16]) {
  bool zero = random.percent(10);
  for (auto& half : high) {
    half = {};
    if (!zero && !random.percent(5))
      half = {random_float_lanes(random), random_float_lanes(random)};
  }
}

}  // namespace gantry::oracle

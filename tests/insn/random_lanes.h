// Random vectors for the tests; the same on every host.
#pragma once

#include "emulator/guest/vector.h"

namespace gantry::test {

class RandomLanes {
 public:
  explicit RandomLanes(u64 seed) : state_(seed) {}

  // splitmix64.
  u64 next() {
    u64 z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  // Bits of a double: the extremes of the range, close exponents and short significands are
  // frequent.
  u64 float_lane() {
    constexpr u64 kExponents[] = {0, 1, 2, 0x3fe, 0x3ff, 0x400, 0x401, 0x3ca, 0x7fd, 0x7fe, 0x7ff};
    u64 r = next();
    u64 exponent = r & 1 ? kExponents[(r >> 1) % 11] : 0x3ff - 60 + (r >> 1) % 120;
    u64 fraction = next() >> 12;
    if (r & u64{1} << 60) fraction &= ~u64{0} << (r >> 40) % 52;
    return (r >> 63 << 63) | exponent << 52 | (fraction & 0xfffffffffffff);
  }

  guest::V128 vector() { return {next(), next()}; }
  guest::V128 float_vector() { return {float_lane(), float_lane()}; }

 private:
  u64 state_;
};

}  // namespace gantry::test

// Random numbers that are the same everywhere for a seed, and values at the edges.
#pragma once

#include "emulator/base/bits.h"

namespace gantry::oracle {

// splitmix64.
class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}

  u64 next() {
    u64 z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  u64 below(u64 limit) { return next() % limit; }
  bool percent(unsigned chance) { return below(100) < chance; }
  template <typename T, std::size_t N>
  T pick(const T (&from)[N]) {
    return from[below(N)];
  }

 private:
  u64 state_;
};

// A 64-bit value; often one where carries, signs or counts change. The halves and quarters of an
// edge may come from different edges, so that narrow operands see them too.
inline u64 edge_value(Random& random) {
  constexpr u64 kEdges[] = {0,
                            1,
                            2,
                            3,
                            7,
                            8,
                            15,
                            16,
                            31,
                            32,
                            33,
                            63,
                            64,
                            65,
                            127,
                            128,
                            255,
                            ~u64{0},
                            ~u64{0} - 1,
                            0x7f,
                            0x80,
                            0x7fff,
                            0x8000,
                            0x7fffffff,
                            0x80000000,
                            0x7fffffffffffffff,
                            0x8000000000000000,
                            0xffff,
                            0xffffffff,
                            0x5555555555555555};
  switch (random.below(6)) {
    case 0:
      return random.next();
    case 1:
      return random.pick(kEdges);
    case 2:
      return u64{1} << random.below(64);
    case 3:
      return -random.pick(kEdges);
    case 4:
      return random.next() >> random.below(64);
    default: {
      u64 low = random.pick(kEdges), high = random.pick(kEdges);
      unsigned split = static_cast<unsigned>(8 << random.below(3));
      return (low & width_mask(split / 8)) | high << split;
    }
  }
}

}  // namespace gantry::oracle

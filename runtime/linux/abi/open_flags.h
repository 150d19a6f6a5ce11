// The O_* flags whose values depend on the architecture (arch/*/include/uapi/asm/fcntl.h): x86-64
// and most others have asm-generic's, ARM has its own.
#pragma once

#include <fcntl.h>

#include "emulator/base/types.h"

namespace gantry::runtime::abi {

constexpr u32 kODirect = 00040000;
constexpr u32 kOLargefile = 00100000;
constexpr u32 kODirectory = 00200000;
constexpr u32 kONofollow = 00400000;
constexpr u32 kOTmpfile = 020000000 | kODirectory;

// The value of the host's kernel; libc says 0, as it always sets the flag on 64-bit machines.
#if defined(__aarch64__)
constexpr u32 kHostLargefile = 0400000;
#else
constexpr u32 kHostLargefile = kOLargefile;
#endif

namespace open_flags_internal {

struct Pair {
  u32 guest;
  u32 host;
};
constexpr Pair kPairs[] = {
    {kODirect, O_DIRECT},
    {kOLargefile, kHostLargefile},
    {kODirectory, O_DIRECTORY},
    {kONofollow, O_NOFOLLOW},
};

constexpr u64 convert(u64 flags, u32 Pair::* from, u32 Pair::* to) {
  u64 result = flags;
  for (const Pair& pair : kPairs) result &= ~u64{pair.*from};
  for (const Pair& pair : kPairs) {
    if (flags & pair.*from) result |= pair.*to;
  }
  return result;
}

}  // namespace open_flags_internal

constexpr u64 open_flags_to_host(u64 flags) {
  using open_flags_internal::Pair;
  return open_flags_internal::convert(flags, &Pair::guest, &Pair::host);
}
constexpr u64 open_flags_to_guest(u64 flags) {
  using open_flags_internal::Pair;
  return open_flags_internal::convert(flags, &Pair::host, &Pair::guest);
}

// All others have asm-generic's values everywhere.
static_assert(O_CREAT == 0100 && O_EXCL == 0200 && O_NOCTTY == 0400 && O_TRUNC == 01000 &&
              O_APPEND == 02000 && O_NONBLOCK == 04000 && O_DSYNC == 010000 && O_ASYNC == 020000 &&
              O_NOATIME == 01000000 && O_CLOEXEC == 02000000 && O_SYNC == 04010000 &&
              O_PATH == 010000000 && O_TMPFILE == (020000000 | O_DIRECTORY));
static_assert(open_flags_to_guest(open_flags_to_host(~u64{0})) == ~u64{0});

}  // namespace gantry::runtime::abi

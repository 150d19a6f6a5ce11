// struct stat of x86-64 (arch/x86/include/uapi/asm/stat.h); asm-generic orders the fields
// otherwise.
#pragma once

#include <sys/stat.h>

#include <cstddef>

#include "emulator/base/types.h"

namespace gantry::runtime::abi {

struct Timespec {
  s64 seconds;
  s64 nanoseconds;
};
static_assert(sizeof(Timespec) == 16);

struct Stat {
  u64 dev;
  u64 ino;
  u64 nlink;
  u32 mode;
  u32 uid;
  u32 gid;
  u32 pad0;
  u64 rdev;
  s64 size;
  s64 blksize;
  s64 blocks;
  Timespec atime;
  Timespec mtime;
  Timespec ctime;
  s64 unused[3];
};
static_assert(sizeof(Stat) == 144);
static_assert(offsetof(Stat, mode) == 24 && offsetof(Stat, rdev) == 40 &&
              offsetof(Stat, size) == 48 && offsetof(Stat, blksize) == 56 &&
              offsetof(Stat, blocks) == 64 && offsetof(Stat, atime) == 72 &&
              offsetof(Stat, mtime) == 88 && offsetof(Stat, ctime) == 104);

inline Timespec to_guest(const timespec& t) { return {t.tv_sec, t.tv_nsec}; }

inline Stat to_guest(const struct stat& s) {
  return {
      .dev = s.st_dev,
      .ino = s.st_ino,
      .nlink = static_cast<u64>(s.st_nlink),
      .mode = s.st_mode,
      .uid = s.st_uid,
      .gid = s.st_gid,
      .pad0 = 0,
      .rdev = s.st_rdev,
      .size = s.st_size,
      .blksize = s.st_blksize,
      .blocks = s.st_blocks,
      .atime = to_guest(s.st_atim),
      .mtime = to_guest(s.st_mtim),
      .ctime = to_guest(s.st_ctim),
      .unused = {},
  };
}

}  // namespace gantry::runtime::abi

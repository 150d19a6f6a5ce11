// struct semid64_ds, which x86-64 pads otherwise than asm-generic
// (arch/x86/include/uapi/asm/sembuf.h). shmid64_ds and msqid64_ds are the same everywhere.
#pragma once

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <cstddef>

#include "emulator/base/types.h"

namespace gantry::runtime::abi {

struct IpcPerm {
  s32 key;
  u32 uid;
  u32 gid;
  u32 cuid;
  u32 cgid;
  u32 mode;
  u16 seq;
  u16 pad2;
  u32 pad3;
  u64 unused[2];
};
static_assert(sizeof(IpcPerm) == 48 && sizeof(IpcPerm) == sizeof(ipc_perm));
static_assert(offsetof(IpcPerm, mode) == 20 && offsetof(IpcPerm, seq) == 24 &&
              offsetof(ipc_perm, __seq) == 24);

struct SemidDs {
  IpcPerm perm;
  s64 otime;
  u64 unused1;
  s64 ctime;
  u64 unused2;
  u64 nsems;
  u64 unused3[2];
};
static_assert(sizeof(SemidDs) == 104 && offsetof(SemidDs, ctime) == 64 &&
              offsetof(SemidDs, nsems) == 80);

// The host kernel's own.
#if defined(__x86_64__)
using HostSemidDs = SemidDs;
#else
struct HostSemidDs {
  IpcPerm perm;
  s64 otime;
  s64 ctime;
  u64 nsems;
  u64 unused3[2];
};
static_assert(sizeof(HostSemidDs) == 88);
#endif

inline SemidDs to_guest(const HostSemidDs& host) {
  return {.perm = host.perm,
          .otime = host.otime,
          .unused1 = 0,
          .ctime = host.ctime,
          .unused2 = 0,
          .nsems = host.nsems,
          .unused3 = {}};
}

static_assert(sizeof(shmid_ds) == 112 && sizeof(msqid_ds) == 120);
static_assert(sizeof(shminfo) == 72 && sizeof(shm_info) == 48 && sizeof(seminfo) == 40 &&
              sizeof(msginfo) == 32 && sizeof(sembuf) == 6);

}  // namespace gantry::runtime::abi

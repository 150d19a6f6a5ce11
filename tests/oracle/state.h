// What an instruction can read and change, as the CPU and Eval are both given it.
#pragma once

#include <cstddef>

#include "emulator/base/types.h"
#include "emulator/guest/fxsave.h"

namespace gantry::oracle {

// Memory of a case, the same addresses on the CPU and in Eval; below 2 GiB, so that a displacement
// and a 32-bit address reach it. Pages before and after are not mapped.
constexpr u64 kPageSize = 4096;
constexpr u64 kDataBase = 0x10000000;
constexpr u64 kDataSize = 2 * kPageSize;  // readable and writable
constexpr u64 kReadOnlyBase = kDataBase + kDataSize;
constexpr u64 kUnmappedBase = kReadOnlyBase + kPageSize;
// The instruction lies in the middle of a page of INT3, which ends the case.
constexpr u64 kCodeBase = 0x20000000;
constexpr u64 kCodeSize = kPageSize;

// Assembly in native.cc knows the offsets.
struct State {
  u64 gpr[16] = {};
  u64 rip = 0;
  u64 rflags = 0x202;
  u64 fs_base = 0;
  u64 gs_base = 0;
  u16 es = 0, ss = 0x2b, ds = 0, fs = 0, gs = 0;
  u16 unused[3] = {};
  alignas(16) guest::FxsaveImage fx = {};
  guest::V128 ymm_high[16] = {};
};
static_assert(offsetof(State, rip) == 128 && offsetof(State, rflags) == 136);
static_assert(offsetof(State, fs_base) == 144 && offsetof(State, gs_base) == 152);

// What came of it. A fault leaves rip at the instruction.
struct Outcome {
  State state;
  u8 data[kDataSize];
  bool faulted = false;
  u32 vector = 0;
  u32 error = 0;
  u64 address = 0;         // of a page fault
  bool from_host = false;  // Eval met it in its own memory access
  // Eval's reason to leave guest code.
  guest::Exit exit = guest::Exit::kNone;
  // The flags of MXCSR that the engine does not note exactly (docs/exactness.md).
  u32 loose_mxcsr = 0;

  // All but the data, which is long and will be written in any case.
  void clear() {
    state = {};
    faulted = from_host = false;
    vector = error = 0;
    address = 0;
    loose_mxcsr = 0;
    exit = guest::Exit::kNone;
  }
};
static_assert(offsetof(Outcome, data) == sizeof(State));

}  // namespace gantry::oracle

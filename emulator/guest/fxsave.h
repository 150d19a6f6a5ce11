// The 512-byte image of x87 and SSE state that FXSAVE64, XSAVE and signal frames use.
#pragma once

#include "emulator/guest/cpu.h"

namespace gantry::guest {

struct FxsaveRegister {
  u64 significand;
  u16 sign_exponent;
  u16 reserved[3];
};
static_assert(sizeof(FxsaveRegister) == 16);

// SDM vol. 1, table 10-2 (the layout with 64-bit pointers).
struct FxsaveImage {
  u16 control;
  u16 status;
  u8 tags;  // bit i set: physical register i is not empty
  u8 reserved0;
  u16 opcode;
  u64 rip;
  u64 rdp;
  u32 mxcsr;
  u32 mxcsr_mask;
  FxsaveRegister st[8];  // ST(0) first
  V128 xmm[16];
  u8 reserved1[48];
  u8 software[48];  // FXSAVE leaves it as it is; in signal frames it describes what follows
};
static_assert(sizeof(FxsaveImage) == 512);
static_assert(offsetof(FxsaveImage, mxcsr) == 24 && offsetof(FxsaveImage, st) == 32 &&
              offsetof(FxsaveImage, xmm) == 160 && offsetof(FxsaveImage, software) == 464);

// Bits that MXCSR can have; setting another one is #GP.
constexpr u32 kMxcsrMask = 0xffff;

// Fills everything but `software`.
void to_fxsave(const Cpu& cpu, FxsaveImage& image);

// Takes over the state, with the reserved bits of mxcsr cleared: FXRSTOR checks them before.
void from_fxsave(Cpu& cpu, const FxsaveImage& image);

// The two halves of from_fxsave, for XRSTOR and signal frames that hold only one of them.
void x87_from_fxsave(Cpu& cpu, const FxsaveImage& image);
void sse_from_fxsave(Cpu& cpu, const FxsaveImage& image);

}  // namespace gantry::guest

// What the XSAVE family manages: the x87, SSE and AVX state (SDM vol. 1, chapter 13).
#pragma once

#include "emulator/guest/fxsave.h"

namespace gantry::guest {

// State components, as bits of XCR0, XSTATE_BV and XCOMP_BV (section 13.1).
constexpr u64 kX87State = 1;
constexpr u64 kSseState = 2;
constexpr u64 kAvxState = 4;

constexpr u32 kInitialMxcsr = 0x1f80;

// Section 13.4.2.
struct XsaveHeader {
  u64 components;  // XSTATE_BV: those that the image holds; the others are in their initial state
  u64 layout;      // XCOMP_BV: 0, or kCompacted and the components for which there is space
  u64 reserved[6];
};
static_assert(sizeof(XsaveHeader) == 64);

constexpr u64 kCompacted = u64{1} << 63;

// The standard format. The compacted one has the same offsets, as no component lies behind AVX.
struct XsaveImage {
  FxsaveImage legacy;
  XsaveHeader header;
  V128 ymm_high[16];
};
static_assert(sizeof(XsaveImage) == 832 && offsetof(XsaveImage, ymm_high) == 576);

// XCR0: what the guest's Linux has enabled; 0 where CR4.OSXSAVE is clear. One for the process, set
// before the guest runs.
u64 xcr0();
void set_xcr0(u64 components);

// The bytes that an image of `components` takes.
constexpr u64 xsave_size(u64 components) {
  return components & kAvxState ? sizeof(XsaveImage) : offsetof(XsaveImage, ymm_high);
}

// XINUSE (section 13.6): the components that are not in their initial configuration, of which MXCSR
// is no part. Processors track writes and may report more.
u64 state_in_use(const Cpu& cpu);

// Puts components into their initial configuration. MXCSR is none of them.
void reset_state(Cpu& cpu, u64 components);

// Fills the components and the rest of the legacy region but for its software bytes.
void to_xsave(const Cpu& cpu, XsaveImage& image);

// XRSTOR of `requested`, a subset of XCR0 (section 13.8). False, and nothing has changed, where the
// instruction raises #GP for what the image contains.
bool from_xsave(Cpu& cpu, const XsaveImage& image, u64 requested);

}  // namespace gantry::guest

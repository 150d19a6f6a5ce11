#include "emulator/guest/xsave.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace gantry::guest {
namespace {

u64 enabled_components = kX87State | kSseState | kAvxState;

bool is_zero(const V128 (&registers)[16]) {
  return std::all_of(std::begin(registers), std::end(registers),
                     [](const V128& v) { return v == V128{}; });
}

bool is_initial(const X87& x87) {
  constexpr X87 kInitial;
  return x87.control == kInitial.control && x87.status == 0 && x87.top == 0 && x87.valid == 0 &&
         x87.opcode == 0 && x87.rip == 0 && x87.rdp == 0 &&
         std::equal(std::begin(x87.st), std::end(x87.st), std::begin(kInitial.st));
}

// Sections 13.8.1 and 13.8.2: what must hold, else #GP. The standard form looks at the first
// 24 bytes of the header alone.
bool is_valid(const XsaveHeader& header) {
  const auto& reserved = header.reserved;
  if (!(header.layout & kCompacted)) {
    return header.layout == 0 && reserved[0] == 0 && !(header.components & ~enabled_components);
  }
  return !(header.layout & ~kCompacted & ~enabled_components) &&
         !(header.components & ~header.layout) && !(header.components & kCompacted) &&
         std::all_of(std::begin(reserved), std::end(reserved), [](u64 word) { return word == 0; });
}

}  // namespace

u64 xcr0() { return enabled_components; }
void set_xcr0(u64 components) { enabled_components = components; }

u64 state_in_use(const Cpu& cpu) {
  return (is_initial(cpu.x87) ? 0 : kX87State) | (is_zero(cpu.xmm) ? 0 : kSseState) |
         (is_zero(cpu.ymm_high) ? 0 : kAvxState);
}

void reset_state(Cpu& cpu, u64 components) {
  if (components & kX87State) cpu.x87 = {};
  if (components & kSseState) std::fill(std::begin(cpu.xmm), std::end(cpu.xmm), V128{});
  if (components & kAvxState) std::fill(std::begin(cpu.ymm_high), std::end(cpu.ymm_high), V128{});
}

void to_xsave(const Cpu& cpu, XsaveImage& image) {
  to_fxsave(cpu, image.legacy);
  std::memcpy(image.ymm_high, cpu.ymm_high, sizeof image.ymm_high);
}

// The standard form loads MXCSR with either vector component, whatever XSTATE_BV says; the
// compacted one treats it as a part of SSE.
bool from_xsave(Cpu& cpu, const XsaveImage& image, u64 requested) {
  const XsaveHeader& header = image.header;
  if (!is_valid(header)) return false;
  bool compacted = header.layout & kCompacted;
  u64 loaded = requested & header.components;
  bool loads_mxcsr = compacted ? loaded & kSseState : requested & (kSseState | kAvxState);
  if (loads_mxcsr && (image.legacy.mxcsr & ~kMxcsrMask)) return false;

  u64 reset = requested & ~loaded;
  reset_state(cpu, reset);
  if (compacted && (reset & kSseState)) cpu.mxcsr = kInitialMxcsr;
  if (loads_mxcsr) cpu.mxcsr = image.legacy.mxcsr;
  if (loaded & kX87State) x87_from_fxsave(cpu, image.legacy);
  if (loaded & kSseState) std::memcpy(cpu.xmm, image.legacy.xmm, sizeof cpu.xmm);
  if (loaded & kAvxState) std::memcpy(cpu.ymm_high, image.ymm_high, sizeof cpu.ymm_high);
  return true;
}

}  // namespace gantry::guest

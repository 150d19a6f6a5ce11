#include "emulator/guest/fxsave.h"

#include <cstring>

namespace gantry::guest {
namespace {

constexpr unsigned kTopShift = 11;
constexpr u16 kTopMask = 7 << kTopShift;

}  // namespace

void to_fxsave(const Cpu& cpu, FxsaveImage& image) {
  const X87& x87 = cpu.x87;
  image.control = x87.control;
  image.status = static_cast<u16>((x87.status & ~kTopMask) | (x87.top & 7) << kTopShift);
  image.tags = x87.valid;
  image.reserved0 = 0;
  image.opcode = x87.opcode;
  image.rip = x87.rip;
  image.rdp = x87.rdp;
  image.mxcsr = cpu.mxcsr;
  image.mxcsr_mask = kMxcsrMask;
  for (unsigned i = 0; i < 8; i++) {
    const F80& source = x87.st[(x87.top + i) & 7];
    image.st[i] = {source.significand, source.sign_exponent, {}};
  }
  std::memcpy(image.xmm, cpu.xmm, sizeof image.xmm);
  std::memset(image.reserved1, 0, sizeof image.reserved1);
}

void x87_from_fxsave(Cpu& cpu, const FxsaveImage& image) {
  X87& x87 = cpu.x87;
  // Bit 6 is reserved and reads as one.
  x87.control = static_cast<u16>((image.control & 0x1f7f) | 0x40);
  x87.status = image.status & static_cast<u16>(~kTopMask);
  x87.top = image.status >> kTopShift & 7;
  // ES and B are not taken from the image: they follow the exception flags and their masks.
  constexpr u16 kSummary = 1 << 15 | 1 << 7;
  bool pending = x87.status & ~x87.control & 0x3f;
  x87.status = static_cast<u16>(pending ? x87.status | kSummary : x87.status & ~kSummary);
  x87.valid = image.tags;
  x87.opcode = image.opcode & 0x7ff;
  x87.rip = image.rip;
  x87.rdp = image.rdp;
  for (unsigned i = 0; i < 8; i++) {
    x87.st[(x87.top + i) & 7] = {image.st[i].significand, image.st[i].sign_exponent};
  }
}

void sse_from_fxsave(Cpu& cpu, const FxsaveImage& image) {
  cpu.mxcsr = image.mxcsr & kMxcsrMask;
  std::memcpy(cpu.xmm, image.xmm, sizeof cpu.xmm);
}

void from_fxsave(Cpu& cpu, const FxsaveImage& image) {
  x87_from_fxsave(cpu, image);
  sse_from_fxsave(cpu, image);
}

}  // namespace gantry::guest

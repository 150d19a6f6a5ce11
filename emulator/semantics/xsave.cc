#include "emulator/semantics/xsave.h"

#include "emulator/guest/xsave.h"

namespace gantry::sem {
namespace {

using guest::Cpu;
using guest::kAvxState;
using guest::kSseState;
using guest::kX87State;
using guest::XsaveImage;

enum class Form : u8 { kStandard, kOptimised, kCompacted };

constexpr u64 kHeader = offsetof(XsaveImage, header);
constexpr u64 kLayout = kHeader + offsetof(guest::XsaveHeader, layout);

// RFBM, the requested-feature bitmap.
u64 requested(const Cpu& cpu) {
  return guest::xcr0() & (cpu.gpr[guest::kRdx] << 32 | static_cast<u32>(cpu.gpr[guest::kRax]));
}

void check_enabled(Cpu& cpu) {
  if (!guest::xcr0()) guest::raise_ud(cpu);
}

void check(Cpu& cpu, u64 address) {
  check_enabled(cpu);
  if (address & 63) guest::raise_gp(cpu);
}

// visit(offset, size) for what the components take of an area, in the order in which processors
// look for page faults.
template <typename F>
void for_each_piece(u64 components, bool mxcsr, F&& visit) {
  constexpr u64 kMxcsr = offsetof(guest::FxsaveImage, mxcsr);
  constexpr u64 kSt = offsetof(guest::FxsaveImage, st), kXmm = offsetof(guest::FxsaveImage, xmm);
  if (components & kX87State) visit(0, kMxcsr);
  if (mxcsr) visit(kMxcsr, kSt - kMxcsr);
  if (components & kX87State) visit(kSt, kXmm - kSt);
  if (components & kSseState) visit(kXmm, sizeof(guest::FxsaveImage::xmm));
  if (components & kAvxState) visit(offsetof(XsaveImage, ymm_high), sizeof(XsaveImage::ymm_high));
}

// MXCSR goes with either vector component, in the compacted form with SSE alone.
bool takes_mxcsr(u64 components, bool compacted) {
  return components & (compacted ? kSseState : kSseState | kAvxState);
}

void narrow_pointers(guest::FxsaveImage& image) {
  image.rip = static_cast<u32>(image.rip);
  image.rdp = static_cast<u32>(image.rdp);
}

u8* bytes(XsaveImage& image) { return reinterpret_cast<u8*>(&image); }

// The processor's XINUSE has SSE always set where it decides what a compacted image holds and what
// XGETBV shows; XSAVE and XSAVEOPT know better.
u64 in_use(const Cpu& cpu, Form form) {
  return guest::state_in_use(cpu) | (form == Form::kCompacted ? kSseState : 0);
}

// Sections 13.7, 13.9 and 13.10. What is not written stays as it was. The modified optimisation,
// which XSAVEOPT may use (it omits what has not changed since XRSTOR), is not.
void save(Cpu& cpu, u64 address, u64 wide, Form form) {
  check(cpu, address);
  u64 wanted = requested(cpu), held = wanted & in_use(cpu, form);
  u64 saved = form == Form::kStandard ? wanted : held;
  bool compacted = form == Form::kCompacted;

  // Also what is not in use must be writable.
  guest::probe_write(cpu, address + guest::xsave_size(wanted) - 1, 1);
  for_each_piece(wanted, takes_mxcsr(wanted, compacted),
                 [&](u64 at, u64 size) { guest::probe_write(cpu, address + at, size); });
  guest::probe_write(cpu, address + kHeader, sizeof(guest::XsaveHeader));

  XsaveImage image;
  guest::to_xsave(cpu, image);
  if (!wide) narrow_pointers(image.legacy);
  std::atomic_thread_fence(std::memory_order_release);
  for_each_piece(saved, takes_mxcsr(compacted ? saved : wanted, compacted), [&](u64 at, u64 size) {
    std::memcpy(reinterpret_cast<void*>(address + at), bytes(image) + at, size);
  });
  u64 others = compacted ? 0 : guest::load<u64>(cpu, address + kHeader) & ~wanted;
  guest::store<u64>(cpu, address + kHeader, others | held);
  if (compacted) guest::store<u64>(cpu, address + kLayout, guest::kCompacted | wanted);
}

void load_bytes(Cpu& cpu, u64 address, XsaveImage& image, u64 at, u64 size) {
  guest::load<u8>(cpu, address + at);  // so that a fault names the first byte
  guest::check_address(cpu, address + at + size - 1);
  std::memcpy(bytes(image) + at, reinterpret_cast<const void*>(address + at), size);
}

}  // namespace

void xsave(Cpu& cpu, u64 address, u64 wide) { save(cpu, address, wide, Form::kStandard); }
void xsaveopt(Cpu& cpu, u64 address, u64 wide) { save(cpu, address, wide, Form::kOptimised); }
void xsavec(Cpu& cpu, u64 address, u64 wide) { save(cpu, address, wide, Form::kCompacted); }

// Section 13.8. All that may be loaded is read before anything changes, also components that
// XSTATE_BV says are initial: processors fault on them, too.
void xrstor(Cpu& cpu, u64 address, u64 wide) {
  check(cpu, address);
  XsaveImage image = {};
  u64 wanted = requested(cpu);
  bool compacted = guest::load<u64>(cpu, address + kLayout) & guest::kCompacted;
  load_bytes(cpu, address, image, kHeader, sizeof image.header);
  u64 present = compacted ? wanted & image.header.layout : wanted;

  guest::load<u8>(cpu, address + guest::xsave_size(present) - 1);
  for_each_piece(present, takes_mxcsr(present, compacted),
                 [&](u64 at, u64 size) { load_bytes(cpu, address, image, at, size); });
  std::atomic_thread_fence(std::memory_order_acquire);
  if (!wide) narrow_pointers(image.legacy);
  if (!guest::from_xsave(cpu, image, wanted)) guest::raise_gp(cpu);
}

void xsave_privileged(Cpu& cpu) {
  check_enabled(cpu);
  guest::raise_gp(cpu);
}

void xgetbv(Cpu& cpu) {
  check_enabled(cpu);
  auto number = static_cast<u32>(cpu.gpr[guest::kRcx]);
  if (number > 1) guest::raise_gp(cpu);
  u64 value = guest::xcr0();
  if (number == 1) value &= in_use(cpu, Form::kCompacted);
  cpu.gpr[guest::kRax] = value;
  cpu.gpr[guest::kRdx] = 0;
}

}  // namespace gantry::sem

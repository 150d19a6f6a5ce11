#include "emulator/semantics/sse_state.h"

#include "emulator/guest/fxsave.h"
#include "emulator/semantics/x87_state.h"

namespace gantry::sem {

using guest::Cpu;
using guest::FxsaveImage;

// What FXSAVE writes: the rest of the area belongs to software. The processor touches the area's
// last byte first, in both directions.
constexpr u64 kFxsaveSize = offsetof(FxsaveImage, reserved1);
constexpr u64 kLastByte = sizeof(FxsaveImage) - 1;

// Without REX.W the pointers are an offset of 32 bits and a selector, which processors that
// deprecate FCS and FDS store as zero (CPUID.7.0:EBX[13]).
void fxsave(Cpu& cpu, u64 address, u64 wide) {
  if (address & 15) guest::raise_gp(cpu);
  guest::probe_write(cpu, address + kLastByte, 1);
  guest::probe_write(cpu, address, kFxsaveSize);
  FxsaveImage area;
  guest::to_fxsave(cpu, area);
  if (!wide) {
    area.rip = static_cast<u32>(area.rip);
    area.rdp = static_cast<u32>(area.rdp);
  }
  std::atomic_thread_fence(std::memory_order_release);
  std::memcpy(reinterpret_cast<void*>(address), &area, kFxsaveSize);
}

void fxrstor(Cpu& cpu, u64 address, u64 wide) {
  if (address & 15) guest::raise_gp(cpu);
  guest::load<u8>(cpu, address + kLastByte);
  guest::check_address(cpu, address);
  FxsaveImage area;
  std::memcpy(&area, reinterpret_cast<const void*>(address), sizeof area);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (area.mxcsr & ~guest::kMxcsrMask) guest::raise_gp(cpu);
  if (!wide) {
    area.rip = static_cast<u32>(area.rip);
    area.rdp = static_cast<u32>(area.rdp);
  }
  guest::from_fxsave(cpu, area);
}

void load_mxcsr(Cpu& cpu, u64 value) {
  if (value & ~u64{guest::kMxcsrMask}) guest::raise_gp(cpu);
  cpu.mxcsr = static_cast<u32>(value);
}

void empty_mmx(Cpu& cpu) {
  x87::check_pending(cpu);
  cpu.x87.valid = 0;
  cpu.x87.top = 0;
}

// All bytes must be writable, the selected ones or not (the manual leaves that open). Processors
// look at the upper quadword first.
template <unsigned kBytes>
void store_masked_bytes(Cpu& cpu, u64 address, V128 data, u64 selected) {
  auto bytes = data.as<u8>();
  if (kBytes == 16) guest::probe_write(cpu, address + 8, 8);
  guest::probe_write(cpu, address, 8);
  for (unsigned k = 0; k < kBytes; ++k) {
    if (selected >> k & 1) guest::store<u8>(cpu, address + k, bytes[k]);
  }
}

template void store_masked_bytes<8>(Cpu&, u64, V128, u64);
template void store_masked_bytes<16>(Cpu&, u64, V128, u64);

}  // namespace gantry::sem

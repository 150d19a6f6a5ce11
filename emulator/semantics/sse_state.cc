#include "emulator/semantics/sse_state.h"

#include "emulator/semantics/x87_state.h"

namespace gantry::sem {

using guest::Cpu;

FxsaveArea save_area(const Cpu& cpu) {
  const guest::X87& fpu = cpu.x87;
  FxsaveArea area = {};
  area.control = fpu.control;
  area.status = x87::status_word(fpu);
  area.tags = fpu.valid;
  area.opcode = fpu.opcode;
  area.rip = fpu.rip;
  area.rdp = fpu.rdp;
  area.mxcsr = cpu.mxcsr;
  area.mxcsr_mask = kMxcsrMask;
  for (unsigned k = 0; k < 8; ++k) x87::to_bytes(fpu.st[(fpu.top + k) & 7], area.st[k]);
  std::memcpy(area.xmm, cpu.xmm, sizeof area.xmm);
  return area;
}

void load_area(Cpu& cpu, const FxsaveArea& area) {
  guest::X87& fpu = cpu.x87;
  x87::set_control_word(fpu, area.control);
  x87::set_status_word(fpu, area.status);
  fpu.valid = area.tags;
  fpu.opcode = area.opcode & 0x7ff;
  fpu.rip = area.rip;
  fpu.rdp = area.rdp;
  cpu.mxcsr = area.mxcsr;
  for (unsigned k = 0; k < 8; ++k) fpu.st[(fpu.top + k) & 7] = x87::from_bytes(area.st[k]);
  std::memcpy(cpu.xmm, area.xmm, sizeof area.xmm);
}

// Without REX.W the pointers are an offset of 32 bits and a selector, which processors that
// deprecate FCS and FDS store as zero (CPUID.7.0:EBX[13]).
void fxsave(Cpu& cpu, u64 address, u64 wide) {
  if (address & 15) guest::raise_gp(cpu);
  guest::probe_write(cpu, address, kFxsaveSize);
  FxsaveArea area = save_area(cpu);
  if (!wide) {
    area.rip = static_cast<u32>(area.rip);
    area.rdp = static_cast<u32>(area.rdp);
  }
  std::atomic_thread_fence(std::memory_order_release);
  std::memcpy(reinterpret_cast<void*>(address), &area, kFxsaveSize);
}

void fxrstor(Cpu& cpu, u64 address, u64 wide) {
  if (address & 15) guest::raise_gp(cpu);
  guest::check_address(cpu, address);
  guest::check_address(cpu, address + sizeof(FxsaveArea) - 1);
  FxsaveArea area;
  std::memcpy(&area, reinterpret_cast<const void*>(address), sizeof area);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (area.mxcsr & ~kMxcsrMask) guest::raise_gp(cpu);
  if (!wide) {
    area.rip = static_cast<u32>(area.rip);
    area.rdp = static_cast<u32>(area.rdp);
  }
  load_area(cpu, area);
}

void load_mxcsr(Cpu& cpu, u64 value) {
  if (value & ~u64{kMxcsrMask}) guest::raise_gp(cpu);
  cpu.mxcsr = static_cast<u32>(value);
}

void empty_mmx(Cpu& cpu) {
  x87::check_pending(cpu);
  cpu.x87.valid = 0;
  cpu.x87.top = 0;
}

// Nothing is accessed where a byte is not selected, and no byte is written before all selected ones
// are known to be writable.
void store_masked_bytes(Cpu& cpu, u64 address, V128 data, u64 selected) {
  auto bytes = data.as<u8>();
  for (unsigned k = 0; k < 16; ++k) {
    if (selected >> k & 1) guest::probe_write(cpu, address + k, 1);
  }
  for (unsigned k = 0; k < 16; ++k) {
    if (selected >> k & 1) guest::store<u8>(cpu, address + k, bytes[k]);
  }
}

}  // namespace gantry::sem

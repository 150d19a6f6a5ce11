// What instructions ask of the machine that we run on, and the registers behind a system call.
#pragma once

#include "emulator/guest/cpu.h"

namespace gantry::sem {

// The time-stamp counter counts nanoseconds of the host's raw monotonic clock; CPUID leaf 15H says
// that it runs at 1 GHz.
u64 host_timestamp();
constexpr u64 kTimestampHertz = 1'000'000'000;

// IA32_TSC_AUX as Linux sets it: the CPU's number, with the NUMA node's from bit 12 on.
u64 host_cpu_number();

// 64 bits of the kernel's randomness.
u64 host_random();

u64 fs_base(guest::Cpu& cpu);
u64 gs_base(guest::Cpu& cpu);
// #GP(0) for a base that is not canonical.
void set_fs_base(guest::Cpu& cpu, u64 base);
void set_gs_base(guest::Cpu& cpu, u64 base);

// SGDT and SIDT: a limit of zero and the base.
void store_table_register(guest::Cpu& cpu, u64 address, u64 base);

}  // namespace gantry::sem

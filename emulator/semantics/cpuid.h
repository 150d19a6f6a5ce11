// CPUID: what this CPU says of itself. Everything it claims has semantics.
#pragma once

#include "emulator/guest/cpu.h"

namespace gantry::sem {

struct CpuidResult {
  u32 eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// The answer for a leaf (EAX) and subleaf (ECX).
CpuidResult cpuid(u32 leaf, u32 subleaf);

// CPUID: EAX and ECX in, EAX, EBX, ECX, EDX out.
void execute_cpuid(guest::Cpu& cpu);

// The identity, for the other lines of /proc/cpuinfo.
constexpr const char* kVendor = "GenuineIntel";
constexpr const char* kBrand = "Gantry x86-64 virtual CPU";
constexpr unsigned kFamily = 6;
constexpr unsigned kModel = 0x3f;
constexpr unsigned kStepping = 2;

// How many processors CPUID tells of; set once at start, 1 until then.
void set_cpu_count(unsigned count);

}  // namespace gantry::sem

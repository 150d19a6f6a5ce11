// The features that CPUID can claim, and the choice of them (--cpu).
#pragma once

#include <string>
#include <string_view>

#include "emulator/base/result.h"
#include "emulator/base/types.h"

namespace gantry::sem {

enum class Reg : u8 { kEax, kEbx, kEcx, kEdx };

// The bits of one register of a CPUID leaf. Those of leaf 0DH are in its subleaf 1.
u32 feature_bits(u32 leaf, Reg reg);

// Whether CPUID claims a feature, by its name in /proc/cpuinfo.
bool has_feature(std::string_view name);

// The features as the "flags" line of /proc/cpuinfo names them, separated by spaces.
std::string cpuinfo_flags();

// Takes a choice as QEMU's -cpu does: [LEVEL][,+FEATURE|,-FEATURE]... LEVEL is x86-64-v1, -v2 or
// -v3 of the psABI or, the default, `max`. Hiding a feature hides those that need it, adding one
// adds those that it needs. Sets XCR0. EINVAL, with the known names, for an unknown one; nothing
// has changed then. For the start: not while the guest runs.
Result<void> choose_cpu(std::string_view choice);

}  // namespace gantry::sem

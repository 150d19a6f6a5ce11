// Puts translated units where they are executed.
#pragma once

#include "emulator/jit/aarch64/lowering.h"
#include "emulator/jit/backend.h"
#include "emulator/jit/code_cache.h"
#include "emulator/jit/unit_image.h"

namespace gantry::aarch64 {

// Puts the unit into the cache, whose mutex the caller holds, and tells where its blocks can be
// entered: entries[n] is that of unit.entries[n]. `insns` are the unit's guest instructions where
// they stay. False when the cache is full.
bool install(const jit::UnitImage& unit, const x86::Insn* insns, const Stubs& stubs,
             jit::CodeCache& cache, std::span<jit::Entry> entries);

}  // namespace gantry::aarch64

// Integer operations that depend on values: called from the semantics by every engine.
#pragma once

#include "emulator/guest/cpu.h"

namespace gantry::sem {

// DIV and IDIV of the double-width accumulator; #DE when the quotient does not fit.
void divide_unsigned(guest::Cpu& cpu, u64 width, u64 divisor);
void divide_signed(guest::Cpu& cpu, u64 width, u64 divisor);

// LOCK NEG; returns the old value.
u64 atomic_negate(guest::Cpu& cpu, u64 width, u64 address);

// #GP(0) unless `address` is a multiple of `alignment`, a power of two.
void check_alignment(guest::Cpu& cpu, u64 address, u64 alignment);

// CMPXCHG8B and CMPXCHG16B, always atomic.
void compare_exchange_8(guest::Cpu& cpu, u64 address);
// `address` is aligned.
void compare_exchange_16(guest::Cpu& cpu, u64 address);

// The bits of `source` gathered from, or scattered to, the places where `mask` has ones.
u64 parallel_extract(u64 source, u64 mask);
u64 parallel_deposit(u64 source, u64 mask);

// CRC-32C (polynomial 0x11EDC6F41, reflected) of the low `width` bytes of `data`, added to `crc`.
u32 crc32c(u64 width, u64 crc, u64 data);

}  // namespace gantry::sem

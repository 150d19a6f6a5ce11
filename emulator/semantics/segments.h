// Segment registers, far transfers and the flags register as a 64-bit Linux process can use them.
//
// The descriptors such a process sees (Linux, arch/x86/include/asm/segment.h): 0x23 32-bit code,
// 0x2b data, 0x33 64-bit code, 0x7b a data segment whose limit is the number of the CPU. All others
// are empty or the kernel's.
#pragma once

#include "emulator/guest/cpu.h"

namespace gantry::sem {

// MOV and POP to a segment register: #GP(selector) for what is not a data or readable code segment
// of the process, #GP(0) for a null SS.
void load_segment(guest::Cpu& cpu, u64 segment, u64 selector);

// Far transfers to the 64-bit code segment; #GP(selector) for every other.
void far_jump(guest::Cpu& cpu, u64 selector, u64 target);
void far_call(guest::Cpu& cpu, u64 width, u64 selector, u64 target, u64 return_address);
void far_return(guest::Cpu& cpu, u64 width, u64 extra_bytes);
void interrupt_return(guest::Cpu& cpu, u64 width);

// RFLAGS as PUSHF and SYSCALL store them: RF reads as zero.
u64 pushed_flags(guest::Cpu& cpu);

// POPF: only what CPL 3 may change (SDM vol. 2, POPF); 2 bytes leave the upper bits alone.
void pop_flags(guest::Cpu& cpu, u64 width, u64 value);

// DF := direction (0 or kDF).
void set_direction(guest::Cpu& cpu, u64 direction);

// LAR, LSL, VERR, VERW: the answer, or kNotAccessible where they clear ZF.
constexpr u64 kNotAccessible = ~u64{0};
u64 segment_access_rights(guest::Cpu& cpu, u64 selector);
u64 segment_limit(guest::Cpu& cpu, u64 selector);
u64 segment_readable(guest::Cpu& cpu, u64 selector);
u64 segment_writable(guest::Cpu& cpu, u64 selector);

}  // namespace gantry::sem

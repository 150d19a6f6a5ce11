#include "emulator/semantics/segments.h"

#include "emulator/base/bits.h"
#include "emulator/base/log.h"
#include "emulator/guest/memory.h"
#include "emulator/semantics/host.h"

namespace gantry::sem {
namespace {

using guest::Cpu;
using guest::kRsp;

constexpr u64 kPrivilegeMask = 3;
constexpr u16 kUserCs32 = 0x23;
constexpr u16 kCpuNumberSegment = 0x7b;

// What the process may know of a descriptor.
struct Descriptor {
  u16 index_bits;  // the selector without RPL
  u32 rights;      // as LAR gives them
  u32 limit;       // as LSL gives it
  bool readable;
  bool writable;
  bool code64;
};

constexpr Descriptor kDescriptors[] = {
    {kUserCs32 & ~3, 0xcffb00, 0xffffffff, true, false, false},
    {guest::kUserDs & ~3, 0xcff300, 0xffffffff, true, true, false},
    {guest::kUserCs & ~3, 0xaffb00, 0xffffffff, true, false, true},
    {kCpuNumberSegment & ~3, 0x40f500, 0, true, false, false},
};

const Descriptor* find(u64 selector) {
  for (const Descriptor& d : kDescriptors) {
    if (d.index_bits == (selector & ~kPrivilegeMask & 0xffff)) return &d;
  }
  return nullptr;
}

[[noreturn]] void refuse(Cpu& cpu, u64 selector) {
  guest::raise(cpu, {.vector = guest::Vector::kGeneralProtection,
                     .error = static_cast<u32>(selector & 0xfffc)});
}

bool is_null(u64 selector) { return (selector & 0xfffc) == 0; }

void check_stack_segment(Cpu& cpu, u64 selector) {
  const Descriptor* d = find(selector);
  bool user = (selector & kPrivilegeMask) == 3;
  if (!d || !d->writable || !user) refuse(cpu, selector);
}

void check_code_segment(Cpu& cpu, u64 selector) {
  const Descriptor* d = find(selector);
  if (is_null(selector) || !d || !d->code64) {
    LOG(kDecode, "far transfer to selector %#lx", selector);
    refuse(cpu, selector);
  }
}

// A return to a more privileged level is refused too.
void check_return_segment(Cpu& cpu, u64 selector) {
  if ((selector & kPrivilegeMask) != 3) refuse(cpu, selector);
  check_code_segment(cpu, selector);
}

void check_canonical(Cpu& cpu, u64 address) {
  if (!guest::is_canonical(address)) guest::raise_gp(cpu);
}

// Slot `n` from the top of the stack.
u64 stack_slot(Cpu& cpu, u64 width, unsigned n) {
  u64 address = cpu.gpr[kRsp] + n * width;
  guest::check_stack_address(cpu, address);
  return guest::load_width(cpu, static_cast<unsigned>(width), address);
}

// A selector in a slot: the rest of the slot is not read.
u64 stack_selector(Cpu& cpu, u64 width, unsigned n) {
  u64 address = cpu.gpr[kRsp] + n * width;
  guest::check_stack_address(cpu, address);
  return guest::load<u16>(cpu, address);
}

constexpr u64 kPoppedFlags =
    guest::kStatusFlags | guest::kTF | guest::kDF | guest::kNT | guest::kAC | guest::kID;

}  // namespace

void load_segment(Cpu& cpu, u64 segment, u64 selector) {
  if (segment == guest::kSs) {
    check_stack_segment(cpu, selector);
  } else if (!is_null(selector)) {
    const Descriptor* d = find(selector);
    if (!d || !d->readable) refuse(cpu, selector);
  }
  cpu.segment[segment] = static_cast<u16>(selector);
  // All bases in the descriptors above are zero, and so is a null selector's.
  if (segment == guest::kFs) cpu.fs_base = 0;
  if (segment == guest::kGs) cpu.gs_base = 0;
}

void far_jump(Cpu& cpu, u64 selector, u64 target) {
  check_code_segment(cpu, selector);
  check_canonical(cpu, target);
  cpu.rip = target;
}

void far_call(Cpu& cpu, u64 width, u64 selector, u64 target, u64 return_address) {
  auto w = static_cast<unsigned>(width);
  check_code_segment(cpu, selector);
  u64 top = cpu.gpr[kRsp] - 2 * width;
  guest::check_stack_address(cpu, top + width, guest::kFaultWrite);
  guest::probe_write(cpu, top + width, width);
  guest::probe_write(cpu, top, width);
  guest::store_width(cpu, w, top + width, cpu.segment[guest::kCs]);
  guest::store_width(cpu, w, top, return_address);
  check_canonical(cpu, target);
  cpu.gpr[kRsp] = top;
  cpu.rip = target;
}

void far_return(Cpu& cpu, u64 width, u64 extra_bytes) {
  // In the order in which Intel's cores read, which a fault shows.
  u64 selector = stack_selector(cpu, width, 1), target = stack_slot(cpu, width, 0);
  check_return_segment(cpu, selector);
  check_canonical(cpu, target);
  cpu.gpr[kRsp] += 2 * width + extra_bytes;
  cpu.rip = target;
}

// In 64-bit mode SS:RSP are popped also without a change of privilege (SDM vol. 2, IRET).
void interrupt_return(Cpu& cpu, u64 width) {
  if (cpu.system_flags & guest::kNT) guest::raise_gp(cpu);
  u64 flags = stack_slot(cpu, width, 2), selector = stack_selector(cpu, width, 1);
  u64 target = stack_slot(cpu, width, 0);
  check_return_segment(cpu, selector);
  u64 rsp = stack_slot(cpu, width, 3), ss = stack_selector(cpu, width, 4);
  check_stack_segment(cpu, ss);
  check_canonical(cpu, target);
  pop_flags(cpu, width, flags);
  cpu.segment[guest::kSs] = static_cast<u16>(ss);
  cpu.gpr[kRsp] = rsp;
  cpu.rip = target;
}

u64 pushed_flags(Cpu& cpu) { return cpu.rflags() & ~guest::kRF; }

void pop_flags(Cpu& cpu, u64 width, u64 value) {
  u64 changed = kPoppedFlags & width_mask(static_cast<unsigned>(width));
  cpu.set_rflags((cpu.rflags() & ~changed & ~guest::kRF) | (value & changed));
}

void set_direction(Cpu& cpu, u64 direction) {
  cpu.system_flags = (cpu.system_flags & ~guest::kDF) | direction;
}

u64 segment_access_rights(Cpu&, u64 selector) {
  const Descriptor* d = find(selector);
  return d ? d->rights : kNotAccessible;
}

u64 segment_limit(Cpu&, u64 selector) {
  const Descriptor* d = find(selector);
  if (!d) return kNotAccessible;
  return d->index_bits == (kCpuNumberSegment & ~3) ? host_cpu_number() : d->limit;
}

u64 segment_readable(Cpu&, u64 selector) {
  const Descriptor* d = find(selector);
  return d && d->readable;
}

u64 segment_writable(Cpu&, u64 selector) {
  const Descriptor* d = find(selector);
  return d && d->writable;
}

}  // namespace gantry::sem

#include "emulator/semantics/repeat.h"

#include <algorithm>
#include <bit>

#include "emulator/base/bits.h"
#include "emulator/guest/memory.h"

namespace gantry::sem {
namespace {

using guest::Cpu;
using guest::Gpr;
using guest::kRcx;
using guest::kRdi;
using guest::kRsi;

constexpr u64 kPageSize = 4096;

u64 bytes_left_in_page(u64 address) { return kPageSize - (address & (kPageSize - 1)); }

// The registers of a running string instruction.
struct Repeat {
  Cpu& cpu;
  unsigned width;
  unsigned address_width;

  u64 read(Gpr reg) const { return cpu.gpr[reg] & width_mask(address_width); }
  void write(Gpr reg, u64 value) { cpu.gpr[reg] = value & width_mask(address_width); }
  bool backward() const { return cpu.system_flags & guest::kDF; }
  u64 step() const { return backward() ? -u64{width} : u64{width}; }

  // Under 67 the registers are zero-extended even when there is nothing to do.
  void narrow(Gpr reg) { write(reg, read(reg)); }
  void advance(Gpr reg, u64 count) { write(reg, read(reg) + step() * count); }
  void count_down(u64 count) { write(kRcx, read(kRcx) - count); }
};

// How many elements lie on one page at `address`; 0 for an element that crosses pages. Addresses
// are small enough that they do not wrap at 4 GiB within the page.
u64 elements_in_page(const Repeat& r, u64 address) {
  return bytes_left_in_page(address) >> std::countr_zero(r.width);
}

// Eight bytes of elements.
u64 pattern_of(unsigned width, u64 value) {
  for (unsigned w = width; w < 8; w *= 2) value = (value & width_mask(w)) * ((u64{1} << 8 * w) | 1);
  return value;
}

void fill(u64 address, unsigned width, u64 value, u64 size) {
  auto* bytes = reinterpret_cast<u8*>(address);
  u64 pattern = pattern_of(width, value);
  if (pattern == pattern_of(1, value)) {
    std::memset(bytes, static_cast<int>(value & 0xff), size);
    return;
  }
  u64 done = 0;
  for (; size - done >= 8; done += 8) std::memcpy(bytes + done, &pattern, 8);
  for (; done < size; done += width) std::memcpy(bytes + done, &pattern, width);
}

// True when copying `size` bytes at once gives what copying them element by element gives: the
// destination does not begin inside the source.
bool may_copy_at_once(u64 destination, u64 source, u64 size) {
  return destination - source >= size;
}

// Element by element: backward, or to leave after the first.
bool must_go_singly(const Repeat& r) { return r.backward() || r.cpu.interrupt; }

// Elements that can be moved by one memcpy. Both sides are then on one page each, which has been
// accessed as the first element's move would.
u64 copy_chunk(Repeat& r, u64 destination, u64 source) {
  if (must_go_singly(r)) return 0;
  u64 count =
      std::min({r.read(kRcx), elements_in_page(r, destination), elements_in_page(r, source)});
  if (count < 2 || !may_copy_at_once(destination, source, count * r.width)) return 0;
  guest::load<u8>(r.cpu, source);
  guest::probe_write(r.cpu, destination, 1);
  std::memcpy(reinterpret_cast<void*>(destination), reinterpret_cast<const void*>(source),
              count * r.width);
  return count;
}

u64 fill_chunk(Repeat& r, u64 destination) {
  if (must_go_singly(r)) return 0;
  u64 count = std::min(r.read(kRcx), elements_in_page(r, destination));
  if (count < 2) return 0;
  u64 value = r.cpu.gpr[guest::kRax];
  guest::store_width(r.cpu, r.width, destination, value);
  fill(destination + r.width, r.width, value, (count - 1) * r.width);
  return count;
}

}  // namespace

void repeat_move(Cpu& cpu, u64 width, u64 address_width, u64 source_base) {
  Repeat r{cpu, static_cast<unsigned>(width), static_cast<unsigned>(address_width)};
  r.narrow(kRsi);
  r.narrow(kRdi);
  r.narrow(kRcx);
  while (r.read(kRcx) != 0) {
    u64 source = r.read(kRsi) + source_base, destination = r.read(kRdi);
    u64 count = copy_chunk(r, destination, source);
    if (count == 0) {
      count = 1;
      guest::store_width(cpu, r.width, destination, guest::load_width(cpu, r.width, source));
    }
    r.advance(kRsi, count);
    r.advance(kRdi, count);
    r.count_down(count);
    if (cpu.interrupt) break;
  }
}

void repeat_store(Cpu& cpu, u64 width, u64 address_width) {
  Repeat r{cpu, static_cast<unsigned>(width), static_cast<unsigned>(address_width)};
  r.narrow(kRdi);
  r.narrow(kRcx);
  while (r.read(kRcx) != 0) {
    u64 destination = r.read(kRdi);
    u64 count = fill_chunk(r, destination);
    if (count == 0) {
      count = 1;
      guest::store_width(cpu, r.width, destination, cpu.gpr[guest::kRax]);
    }
    r.advance(kRdi, count);
    r.count_down(count);
    if (cpu.interrupt) break;
  }
}

}  // namespace gantry::sem

#include "emulator/semantics/integer_helpers.h"

#include <array>

#include "emulator/base/bits.h"
#include "emulator/guest/memory.h"

namespace gantry::sem {

using guest::Cpu;
using guest::kRax;
using guest::kRbx;
using guest::kRcx;
using guest::kRdx;
using guest::V128;

namespace {

[[noreturn]] void raise_divide_error(Cpu& cpu) {
  guest::raise(cpu, {.vector = guest::Vector::kDivide});
}

// The dividend: AX for bytes, else (r)DX:(r)AX.
u128 dividend(const Cpu& cpu, unsigned width) {
  if (width == 1) return static_cast<u16>(cpu.gpr[kRax]);
  u64 low = cpu.gpr[kRax] & width_mask(width);
  u64 high = cpu.gpr[kRdx] & width_mask(width);
  return static_cast<u128>(high) << (width * 8) | low;
}

s128 signed_dividend(const Cpu& cpu, unsigned width) {
  unsigned unused = 128 - width * 16;
  return static_cast<s128>(dividend(cpu, width) << unused) >> unused;
}

void write_part(u64& reg, unsigned width, u64 value) {
  u64 mask = width_mask(width);
  reg = width == 4 ? value & mask : (reg & ~mask) | (value & mask);
}

void set_quotient(Cpu& cpu, unsigned width, u64 quotient, u64 remainder) {
  if (width == 1) {
    write_part(cpu.gpr[kRax], 2, (quotient & 0xff) | (remainder & 0xff) << 8);
    return;
  }
  write_part(cpu.gpr[kRax], width, quotient);
  write_part(cpu.gpr[kRdx], width, remainder);
}

}  // namespace

void divide_unsigned(Cpu& cpu, u64 width, u64 divisor) {
  auto w = static_cast<unsigned>(width);
  if (divisor == 0) raise_divide_error(cpu);
  u128 value = dividend(cpu, w);
  // Compilers call a slow library function for 128-bit division; most dividends are small.
  if (static_cast<u64>(value >> 64) == 0) [[likely]] {
    u64 low = static_cast<u64>(value), quotient = low / divisor;
    if (quotient > width_mask(w)) raise_divide_error(cpu);
    return set_quotient(cpu, w, quotient, low % divisor);
  }
  u128 quotient = value / divisor;
  if (quotient > width_mask(w)) raise_divide_error(cpu);
  set_quotient(cpu, w, static_cast<u64>(quotient), static_cast<u64>(value % divisor));
}

void divide_signed(Cpu& cpu, u64 width, u64 divisor) {
  auto w = static_cast<unsigned>(width);
  auto signed_divisor = static_cast<s64>(sign_extend(divisor, w));
  if (signed_divisor == 0) raise_divide_error(cpu);
  s128 value = signed_dividend(cpu, w);
  // Divided as magnitudes, so that the most negative dividend does not overflow.
  u128 magnitude = value < 0 ? -static_cast<u128>(value) : static_cast<u128>(value);
  u128 divisor_magnitude =
      signed_divisor < 0 ? -static_cast<u64>(signed_divisor) : static_cast<u64>(signed_divisor);
  u128 quotient, remainder;
  if (static_cast<u64>(magnitude >> 64) == 0) [[likely]] {
    quotient = static_cast<u64>(magnitude) / static_cast<u64>(divisor_magnitude);
    remainder = static_cast<u64>(magnitude) % static_cast<u64>(divisor_magnitude);
  } else {
    quotient = magnitude / divisor_magnitude;
    remainder = magnitude % divisor_magnitude;
  }
  bool negative = (value < 0) != (signed_divisor < 0);
  if (quotient > (negative ? sign_bit(w) : sign_bit(w) - 1)) raise_divide_error(cpu);
  u64 low = static_cast<u64>(quotient), rest = static_cast<u64>(remainder);
  set_quotient(cpu, w, negative ? -low : low, value < 0 ? -rest : rest);
}

u64 atomic_negate(Cpu& cpu, u64 width, u64 address) {
  auto w = static_cast<unsigned>(width);
  u64 old = guest::load_width(cpu, w, address);
  while (true) {
    u64 seen = guest::atomic_compare_exchange(cpu, w, address, old, -old & width_mask(w));
    if (seen == old) return old;
    old = seen;
  }
}

void compare_exchange_8(Cpu& cpu, u64 address) {
  u64 expected = cpu.gpr[kRdx] << 32 | static_cast<u32>(cpu.gpr[kRax]);
  u64 desired = cpu.gpr[kRcx] << 32 | static_cast<u32>(cpu.gpr[kRbx]);
  u64 old = guest::atomic_compare_exchange(cpu, 8, address, expected, desired);
  bool equal = old == expected;
  if (!equal) {
    cpu.gpr[kRax] = static_cast<u32>(old);
    cpu.gpr[kRdx] = old >> 32;
  }
  cpu.flags = guest::LazyFlags::raw((cpu.flags.bits() & ~guest::kZF) | (equal ? guest::kZF : 0));
}

void check_alignment(Cpu& cpu, u64 address, u64 alignment) {
  if (address & (alignment - 1)) guest::raise_gp(cpu);
}

void compare_exchange_16(Cpu& cpu, u64 address) {
  V128 expected{cpu.gpr[kRax], cpu.gpr[kRdx]};
  V128 old =
      guest::atomic_compare_exchange_16(cpu, address, expected, {cpu.gpr[kRbx], cpu.gpr[kRcx]});
  bool equal = old == expected;
  if (!equal) {
    cpu.gpr[kRax] = old.lo;
    cpu.gpr[kRdx] = old.hi;
  }
  cpu.flags = guest::LazyFlags::raw((cpu.flags.bits() & ~guest::kZF) | (equal ? guest::kZF : 0));
}

u64 parallel_extract(u64 source, u64 mask) {
  u64 result = 0;
  for (u64 place = 1; mask != 0; mask &= mask - 1, place <<= 1) {
    if (source & mask & -mask) result |= place;
  }
  return result;
}

u64 parallel_deposit(u64 source, u64 mask) {
  u64 result = 0;
  for (; mask != 0; mask &= mask - 1, source >>= 1) {
    if (source & 1) result |= mask & -mask;
  }
  return result;
}

namespace {

constexpr u32 kCastagnoli = 0x82f63b78;  // reflected

constexpr std::array<u32, 256> kCrcTable = [] {
  std::array<u32, 256> table{};
  for (u32 byte = 0; byte < 256; byte++) {
    u32 crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? kCastagnoli : 0);
    table[byte] = crc;
  }
  return table;
}();

}  // namespace

u32 crc32c(u64 width, u64 crc, u64 data) {
  auto value = static_cast<u32>(crc);
  for (u64 byte = 0; byte < width; byte++, data >>= 8) {
    value = value >> 8 ^ kCrcTable[(value ^ data) & 0xff];
  }
  return value;
}

}  // namespace gantry::sem

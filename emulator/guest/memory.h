// Guest memory access. Guest addresses are host addresses. A host fault in one of these functions
// becomes the guest's page fault (engine/fault.cc); x86-TSO order is kept with fences, which cost
// nothing on an x86-64 host.
#pragma once

#include <atomic>
#include <cstring>

#include "emulator/guest/cpu.h"

namespace gantry::guest {

// The first address that is not the guest's: everything from here up is non-canonical to it or
// belongs to the kernel.
constexpr u64 kAddressLimit = u64{1} << 47;

// Whether bits 47 to 63 are equal (SDM vol. 1, section 3.3.7.1).
constexpr bool is_canonical(u64 address) {
  return address < kAddressLimit || address >= -kAddressLimit;
}

// For an address that the guest cannot have: #GP(0) when it is not canonical, else it is the
// kernel's and gives a page fault. `access` is kFaultWrite or 0.
[[noreturn]] void raise_bad_address(Cpu& cpu, u64 address, u32 access);

// #SS(0) in place of #GP(0), for accesses to the stack segment (SDM vol. 3, section 6.15).
[[noreturn]] void raise_bad_stack_address(Cpu& cpu, u64 address, u32 access);
inline void check_stack_address(Cpu& cpu, u64 address, u32 access = 0) {
  if (address >= kAddressLimit) [[unlikely]]
    raise_bad_stack_address(cpu, address, access);
}

// Without this check an ARM64 host would ignore the top byte of a pointer and let a guest reach
// what lies above 2^47.
inline void check_address(Cpu& cpu, u64 address, u32 access = 0) {
  if (address >= kAddressLimit) [[unlikely]]
    raise_bad_address(cpu, address, access);
}

// Raises the page fault that a write to [address, address + size) would give, without a visible
// change. For instructions with several writes, before the first.
void probe_write(Cpu& cpu, u64 address, u64 size);

namespace memory_internal {

template <typename T>
struct [[gnu::packed, gnu::may_alias]] Unaligned {
  T value;
};

// Where unaligned accesses may trap, the compiler takes every access that may be one apart into
// bytes, which is not atomic.
#if defined(__riscv)
constexpr bool kBytewise = true;
#else
constexpr bool kBytewise = false;
#endif

// A store that crosses into a page where it faults may have written the first one, but for x86-64.
#if defined(__x86_64__)
constexpr bool kStoresTear = false;
#else
constexpr bool kStoresTear = true;
#endif

inline bool crosses_page(u64 address, u64 size) { return (address & 4095) > 4096 - size; }

template <typename T>
struct [[gnu::may_alias]] Aligned {
  T value;
};

}  // namespace memory_internal

// TSO: loads are not reordered with later accesses, stores not with earlier ones.
template <typename T>
inline T load(Cpu& cpu, u64 address) {
  using namespace memory_internal;
  check_address(cpu, address);
  bool aligned = kBytewise && address % sizeof(T) == 0;
  T value = aligned ? reinterpret_cast<const volatile Aligned<T>*>(address)->value
                    : reinterpret_cast<const volatile Unaligned<T>*>(address)->value;
  std::atomic_thread_fence(std::memory_order_acquire);
  return value;
}

template <typename T>
inline void store(Cpu& cpu, u64 address, T value) {
  using namespace memory_internal;
  check_address(cpu, address, kFaultWrite);
  if (kStoresTear && crosses_page(address, sizeof value)) probe_write(cpu, address, sizeof value);
  std::atomic_thread_fence(std::memory_order_release);
  if (kBytewise && address % sizeof(T) == 0) {
    reinterpret_cast<volatile Aligned<T>*>(address)->value = value;
  } else {
    reinterpret_cast<volatile Unaligned<T>*>(address)->value = value;
  }
}

inline V128 load_v128(Cpu& cpu, u64 address) {
  check_address(cpu, address);
  V128 value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  std::atomic_thread_fence(std::memory_order_acquire);
  return value;
}

inline void store_v128(Cpu& cpu, u64 address, const V128& value) {
  using namespace memory_internal;
  check_address(cpu, address, kFaultWrite);
  if (kStoresTear && crosses_page(address, sizeof value)) probe_write(cpu, address, sizeof value);
  std::atomic_thread_fence(std::memory_order_release);
  std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
}

inline V256 load_v256(Cpu& cpu, u64 address) {
  V128 low = load_v128(cpu, address);
  return {low, load_v128(cpu, address + 16)};
}

// Nothing is written when any of it faults.
void store_v256(Cpu& cpu, u64 address, const V256& value);

// A load or store of 1, 2, 4 or 8 bytes chosen at run time; loads zero-extend.
inline u64 load_width(Cpu& cpu, unsigned width, u64 address) {
  switch (width) {
    case 1:
      return load<u8>(cpu, address);
    case 2:
      return load<u16>(cpu, address);
    case 4:
      return load<u32>(cpu, address);
    default:
      return load<u64>(cpu, address);
  }
}

inline void store_width(Cpu& cpu, unsigned width, u64 address, u64 value) {
  switch (width) {
    case 1:
      return store<u8>(cpu, address, static_cast<u8>(value));
    case 2:
      return store<u16>(cpu, address, static_cast<u16>(value));
    case 4:
      return store<u32>(cpu, address, static_cast<u32>(value));
    default:
      return store<u64>(cpu, address, value);
  }
}

enum class Rmw : u8 { kExchange, kAdd, kSub, kAnd, kOr, kXor };

// Atomic read-modify-write; returns the old value. At any alignment: where the host has no atomic
// instruction for it, it becomes updates of the aligned words that hold the operand. Those of two
// words are serialised against each other, and lose no update that another instruction makes to one
// of them; a thread that looks at one word after the other may see them between the two.
u64 atomic_rmw(Cpu& cpu, Rmw operation, unsigned width, u64 address, u64 value);

// Atomic compare and exchange; returns the old value. Memory is written only on a match.
u64 atomic_compare_exchange(Cpu& cpu, unsigned width, u64 address, u64 expected, u64 desired);

// CMPXCHG16B. `address` is 16-byte aligned (the instruction has checked).
V128 atomic_compare_exchange_16(Cpu& cpu, u64 address, const V128& expected, const V128& desired);

// Around fork(2): the child is to find no update of two words in the middle.
void lock_split_updates();
void unlock_split_updates();

}  // namespace gantry::guest

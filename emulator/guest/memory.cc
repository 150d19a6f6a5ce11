#include "emulator/guest/memory.h"

#include <csignal>

namespace gantry::guest {
namespace {

// x86-64 locks the bus for an access across a cache line; other hosts fault or tear.
#if defined(__x86_64__)
constexpr bool kAtomicAtAnyAlignment = true;
#else
constexpr bool kAtomicAtAnyAlignment = false;
#endif

// Serialises the atomic accesses that the host cannot do in one instruction. A spinning flag and
// not a mutex: a fault may leave the critical section through raise().
std::atomic_flag split_lock = ATOMIC_FLAG_INIT;

class SplitLock {
 public:
  SplitLock() {
    while (split_lock.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~SplitLock() { split_lock.clear(std::memory_order_release); }
};

u64 apply(Rmw operation, u64 old, u64 value) {
  switch (operation) {
    case Rmw::kExchange:
      return value;
    case Rmw::kAdd:
      return old + value;
    case Rmw::kSub:
      return old - value;
    case Rmw::kAnd:
      return old & value;
    case Rmw::kOr:
      return old | value;
    case Rmw::kXor:
      return old ^ value;
  }
  return value;
}

// Touches the operand so that a fault happens before the lock is taken.
void touch(Cpu& cpu, unsigned width, u64 address) {
  load_width(cpu, width, address);
  probe_write(cpu, address, width);
}

template <typename T>
u64 rmw(Rmw operation, u64 address, T value) {
  auto* pointer = reinterpret_cast<T*>(address);
  switch (operation) {
    case Rmw::kExchange:
      return __atomic_exchange_n(pointer, value, __ATOMIC_SEQ_CST);
    case Rmw::kAdd:
      return __atomic_fetch_add(pointer, value, __ATOMIC_SEQ_CST);
    case Rmw::kSub:
      return __atomic_fetch_sub(pointer, value, __ATOMIC_SEQ_CST);
    case Rmw::kAnd:
      return __atomic_fetch_and(pointer, value, __ATOMIC_SEQ_CST);
    case Rmw::kOr:
      return __atomic_fetch_or(pointer, value, __ATOMIC_SEQ_CST);
    case Rmw::kXor:
      return __atomic_fetch_xor(pointer, value, __ATOMIC_SEQ_CST);
  }
  return 0;
}

template <typename T>
u64 compare_exchange(u64 address, T expected, T desired) {
  __atomic_compare_exchange_n(reinterpret_cast<T*>(address), &expected, desired, false,
                              __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}

// Writes the byte that is there, atomically. Not an addition of zero: the compiler makes a load of
// it.
void rewrite(u64 address) {
  auto* byte = reinterpret_cast<u8*>(address);
  u8 value = 0;
  while (!__atomic_compare_exchange_n(byte, &value, value, false, __ATOMIC_RELAXED,
                                      __ATOMIC_RELAXED)) {
  }
}

}  // namespace

// Linux reports the kernel's half as present, so that a program cannot find out what is mapped
// there.
void raise_bad_address(Cpu& cpu, u64 address, u32 access) {
  if (!is_canonical(address)) raise_gp(cpu);
  raise(cpu, {.vector = Vector::kPageFault,
              .error = kFaultUser | kFaultPresent | access,
              .address = address,
              .host_signal = SIGSEGV,
              .host_code = SEGV_MAPERR});
}

void raise_bad_stack_address(Cpu& cpu, u64 address, u32 access) {
  if (!is_canonical(address)) raise(cpu, {.vector = Vector::kStackFault});
  raise_bad_address(cpu, address, access);
}

void probe_write(Cpu& cpu, u64 address, u64 size) {
  check_address(cpu, address, kFaultWrite);
  check_address(cpu, address + size - 1, kFaultWrite);
  rewrite(address);
  for (u64 page = align_up(address + 1, 4096); page < address + size; page += 4096) {
    rewrite(page);
  }
}

void store_v256(Cpu& cpu, u64 address, const V256& value) {
  if ((address & 4095) > 4096 - sizeof value) probe_write(cpu, address, sizeof value);
  store_v128(cpu, address, value.low);
  store_v128(cpu, address + 16, value.high);
}

u64 atomic_rmw(Cpu& cpu, Rmw operation, unsigned width, u64 address, u64 value) {
  check_address(cpu, address, kFaultWrite);
  if (!kAtomicAtAnyAlignment && address % width != 0) {
    touch(cpu, width, address);
    SplitLock lock;
    u64 old = load_width(cpu, width, address);
    store_width(cpu, width, address, apply(operation, old, value));
    return old;
  }
  switch (width) {
    case 1:
      return rmw<u8>(operation, address, static_cast<u8>(value));
    case 2:
      return rmw<u16>(operation, address, static_cast<u16>(value));
    case 4:
      return rmw<u32>(operation, address, static_cast<u32>(value));
    default:
      return rmw<u64>(operation, address, value);
  }
}

u64 atomic_compare_exchange(Cpu& cpu, unsigned width, u64 address, u64 expected, u64 desired) {
  check_address(cpu, address, kFaultWrite);
  if (!kAtomicAtAnyAlignment && address % width != 0) {
    touch(cpu, width, address);
    SplitLock lock;
    u64 old = load_width(cpu, width, address);
    if (old == expected) store_width(cpu, width, address, desired);
    return old;
  }
  switch (width) {
    case 1:
      return compare_exchange<u8>(address, static_cast<u8>(expected), static_cast<u8>(desired));
    case 2:
      return compare_exchange<u16>(address, static_cast<u16>(expected), static_cast<u16>(desired));
    case 4:
      return compare_exchange<u32>(address, static_cast<u32>(expected), static_cast<u32>(desired));
    default:
      return compare_exchange<u64>(address, expected, desired);
  }
}

V128 atomic_compare_exchange_16(Cpu& cpu, u64 address, const V128& expected, const V128& desired) {
  probe_write(cpu, address, 16);
#if defined(__aarch64__)
  auto* pointer = reinterpret_cast<u128*>(address);
  u128 old = __sync_val_compare_and_swap(pointer, std::bit_cast<u128>(expected),
                                         std::bit_cast<u128>(desired));
  return std::bit_cast<V128>(old);
#elif defined(__x86_64__)
  V128 old = expected;
  asm volatile("lock cmpxchg16b %0"
               : "+m"(*reinterpret_cast<V128*>(address)), "+a"(old.lo), "+d"(old.hi)
               : "b"(desired.lo), "c"(desired.hi)
               : "cc", "memory");
  return old;
#else
  SplitLock lock;
  V128 old = load_v128(cpu, address);
  if (old == expected) store_v128(cpu, address, desired);
  return old;
#endif
}

}  // namespace gantry::guest

#include "emulator/guest/memory.h"

#include <sched.h>

#include <algorithm>
#include <csetjmp>
#include <csignal>

#include "emulator/base/bits.h"

namespace gantry::guest {
namespace {

// x86-64 locks the bus for an access across a cache line; other hosts fault or tear.
#if defined(__x86_64__)
constexpr bool kAtomicAtAnyAlignment = true;
#else
constexpr bool kAtomicAtAnyAlignment = false;
#endif

// Serialises the updates of two words. A spinning flag and not a mutex: a signal handler may leave
// it behind.
std::atomic_flag split_lock = ATOMIC_FLAG_INIT;

// Runs operation() under the lock, which a fault does not take along.
template <typename F>
auto serialised(Cpu& cpu, F operation) {
  std::jmp_buf guard;
  std::jmp_buf* outer = cpu.recovery;
  if (setjmp(guard)) {
    unlock_split_updates();
    cpu.recovery = outer;
    std::longjmp(*outer, 1);
  }
  lock_split_updates();
  cpu.recovery = &guard;
  auto result = operation();
  cpu.recovery = outer;
  unlock_split_updates();
  return result;
}

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

// Touches the operand so that a fault happens before any of it is changed.
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

// --- operands that the host has no atomic instruction for: updates of the aligned words that they
// lie in, each of which is atomic for everybody

#if defined(__aarch64__)
using Word = u128;
#else
using Word = u64;
#endif

// The bytes of an operand that lie in one word.
struct Part {
  u64 word;        // its address
  unsigned shift;  // bits of the word below the part
  unsigned bits;

  Word mask() const { return (Word{0} - 1) >> (sizeof(Word) * 8 - bits); }
  u64 extract(Word w) const { return static_cast<u64>(w >> shift & mask()); }
  Word insert(Word w, u64 value) const {
    return (w & ~(mask() << shift)) | (value & mask()) << shift;
  }
};

struct Parts {
  Part low, high;  // no bits in the second one when the first is all

  Parts(u64 address, unsigned width) {
    auto offset = static_cast<unsigned>(address % sizeof(Word));
    unsigned first = std::min<unsigned>(width, sizeof(Word) - offset);
    low = {address - offset, offset * 8, first * 8};
    high = {low.word + sizeof(Word), 0, (width - first) * 8};
  }
  bool is_split() const { return high.bits != 0; }
};

// part := change(part); returns what it was. The first guess is as good as any other.
template <typename F>
u64 update(const Part& part, F change) {
  auto* word = reinterpret_cast<Word*>(part.word);
  Word expected = 0;
  while (true) {
    Word desired = part.insert(expected, change(part.extract(expected)));
    Word seen = __sync_val_compare_and_swap(word, expected, desired);
    if (seen == expected) return part.extract(seen);
    expected = seen;
  }
}

// What is done to the high part depends on the low one by a carry alone, which stays right whatever
// others do to either in between. So nobody's update is lost.
u64 split_rmw(Rmw operation, const Parts& parts, u64 value) {
  if (operation == Rmw::kSub) return split_rmw(Rmw::kAdd, parts, -value);
  u64 low_value = parts.low.extract(Word{value} << parts.low.shift);
  u64 low = update(parts.low, [&](u64 old) { return apply(operation, old, low_value); });
  if (!parts.is_split()) return low;
  u64 carry = operation == Rmw::kAdd ? (low + low_value) >> parts.low.bits : 0;
  u64 high = update(
      parts.high, [&](u64 old) { return apply(operation, old, value >> parts.low.bits) + carry; });
  return low | high << parts.low.bits;
}

// part := desired if it is `expected`; returns what it was.
u64 replace(const Part& part, u64 expected, u64 desired) {
  return update(part, [&](u64 old) { return old == expected ? desired : old; });
}

// The first half is taken back when somebody else has changed the second one meanwhile.
u64 split_compare_exchange(const Parts& parts, u64 expected, u64 desired) {
  if (!parts.is_split()) return replace(parts.low, expected, desired);
  unsigned bits = parts.low.bits;
  u64 low_mask = static_cast<u64>(parts.low.mask());
  while (true) {
    u64 low = update(parts.low, [](u64 old) { return old; });
    u64 high = update(parts.high, [](u64 old) { return old; });
    u64 old = low | high << bits;
    if (old != expected) return old;
    if (replace(parts.low, low, desired & low_mask) != low) continue;
    if (replace(parts.high, high, desired >> bits) == high) return old;
    replace(parts.low, desired & low_mask, low);
  }
}

// Runs operation(parts) for an operand that is not aligned.
template <typename F>
u64 update_split(Cpu& cpu, unsigned width, u64 address, F operation) {
  touch(cpu, width, address);
  Parts parts(address, width);
  if (!parts.is_split()) return operation(parts);
  return serialised(cpu, [&] { return operation(parts); });
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

void lock_split_updates() {
  while (split_lock.test_and_set(std::memory_order_acquire)) sched_yield();
}

void unlock_split_updates() { split_lock.clear(std::memory_order_release); }

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
    return update_split(cpu, width, address, [&](const Parts& parts) {
      return split_rmw(operation, parts, value & width_mask(width));
    });
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
    return update_split(cpu, width, address, [&](const Parts& parts) {
      return split_compare_exchange(parts, expected, desired & width_mask(width));
    });
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
  return serialised(cpu, [&] {
    V128 old = load_v128(cpu, address);
    if (old == expected) store_v128(cpu, address, desired);
    return old;
  });
#endif
}

}  // namespace gantry::guest

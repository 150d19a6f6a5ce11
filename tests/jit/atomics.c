// Locked operations of all widths that threads do to the same memory at once: aligned, unaligned,
// across cache lines and pages, several widths on one line. No update may be lost, and each is seen
// whole by the other threads.
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

// Linux makes programs wait that lock across cache lines.
enum { kThreads = 3, kRounds = 3000, kSplitRounds = 150 };

static unsigned char* arena;
static pthread_barrier_t barrier;

#define DEFINE(T, name)                                                          \
  static void add_##name(void* at, T value) {                                    \
    __asm__ volatile("lock; add %1, %0" : "+m"(*(T*)at) : "r"(value) : "cc");    \
  }                                                                              \
  static void sub_##name(void* at, T value) {                                    \
    __asm__ volatile("lock; sub %1, %0" : "+m"(*(T*)at) : "r"(value) : "cc");    \
  }                                                                              \
  static void xor_##name(void* at, T value) {                                    \
    __asm__ volatile("lock; xor %1, %0" : "+m"(*(T*)at) : "r"(value) : "cc");    \
  }                                                                              \
  static T exchange_add_##name(void* at, T value) {                              \
    __asm__ volatile("lock; xadd %1, %0" : "+m"(*(T*)at), "+r"(value) : : "cc"); \
    return value;                                                                \
  }                                                                              \
  static void compare_add_##name(void* at, T value) {                            \
    T old = *(volatile T*)at, seen;                                              \
    for (;;) {                                                                   \
      seen = old;                                                                \
      __asm__ volatile("lock; cmpxchg %2, %0"                                    \
                       : "+m"(*(T*)at), "+a"(seen)                               \
                       : "r"((T)(old + value))                                   \
                       : "cc");                                                  \
      if (seen == old) return;                                                   \
      old = seen;                                                                \
    }                                                                            \
  }                                                                              \
  static uint64_t hammer_##name(void* at, unsigned thread, unsigned rounds) {    \
    uint64_t sum = 0;                                                            \
    for (unsigned i = 0; i < rounds; i++) {                                      \
      add_##name(at, (T)(0x0123456789abcdef + i));                               \
      sum += exchange_add_##name(at, (T)(i * thread)) != 0;                      \
      compare_add_##name(at, (T)(-(T)(i * thread)));                             \
      xor_##name(at, (T)0x8000000000000000);                                     \
      xor_##name(at, (T)0x8000000000000000);                                     \
      sub_##name(at, (T)(0x0123456789abcdef + i - 3));                           \
    }                                                                            \
    return sum;                                                                  \
  }
DEFINE(uint8_t, 1)
DEFINE(uint16_t, 2)
DEFINE(uint32_t, 4)
DEFINE(uint64_t, 8)

static struct {
  unsigned offset, width;
} places[] = {{0, 1},    {2, 2},     {4, 4},     {8, 8},   {17, 2},  {22, 4},
              {35, 8},   {31, 2},    {63, 2},    {126, 4}, {189, 8}, {4095, 2},
              {8190, 4}, {12283, 8}, {16379, 8}, {205, 4}, {203, 8}};

static void* hammer(void* argument) {
  unsigned thread = (unsigned)(uintptr_t)argument;
  for (unsigned n = 0; n < sizeof places / sizeof *places; n++) {
    void* at = arena + places[n].offset;
    bool is_split = places[n].offset % 64 + places[n].width > 64;
    unsigned rounds = is_split ? kSplitRounds : kRounds;
    pthread_barrier_wait(&barrier);
    switch (places[n].width) {
      case 1:
        hammer_1(at, thread, rounds);
        break;
      case 2:
        hammer_2(at, thread, rounds);
        break;
      case 4:
        hammer_4(at, thread, rounds);
        break;
      case 8:
        hammer_8(at, thread, rounds);
        break;
    }
  }
  return NULL;
}

// Bits of one word, each thread its own; and aligned counters in the two words that operands across
// a cache line lie in.
static void* mixed(void* argument) {
  unsigned thread = (unsigned)(uintptr_t)argument;
  unsigned char* line = arena + 1024;
  pthread_barrier_wait(&barrier);
  for (unsigned i = 0; i < kRounds; i++) {
    if (thread == 0) {
      add_1(line + 64 + 7, 1);  // above the operand of thread 2
      add_4(line + 56, 1);      // below it
    } else if (thread == 1) {
      add_2(line + 64 + 4, 1);
      __asm__ volatile("lock; btsl %1, %0" : "+m"(*(uint32_t*)(line + 128)) : "r"(i % 16) : "cc");
      __asm__ volatile("lock; btrl %1, %0" : "+m"(*(uint32_t*)(line + 128)) : "r"(i % 16) : "cc");
    } else {
      if (i < kSplitRounds) add_8(line + 60, 0x100000001);  // across the line: words at 60 and 64
      __asm__ volatile("lock; btcl %1, %0" : "+m"(*(uint32_t*)(line + 128)) : "r"(16) : "cc");
    }
  }
  return NULL;
}

// Everybody exchanges what they hold: each value stays with exactly one.
static uint64_t held[kThreads];
static void* exchange(void* argument) {
  unsigned thread = (unsigned)(uintptr_t)argument;
  uint64_t aligned = 1000 + thread, crossing = (1000 + thread) * 0x100000001u;
  pthread_barrier_wait(&barrier);
  for (unsigned i = 0; i < kRounds; i++) {
    __asm__ volatile("xchg %1, %0" : "+m"(*(uint64_t*)(arena + 2048)), "+r"(aligned));
    if (i >= kSplitRounds) continue;
    __asm__ volatile("xchg %1, %0" : "+m"(*(uint64_t*)(arena + 2108)), "+r"(crossing));
  }
  held[thread] = aligned + crossing;
  return NULL;
}

struct Pair {
  _Alignas(16) uint64_t low;
  uint64_t high;
};
static struct Pair pair;
static uint64_t torn[kThreads];
static void* pairs(void* argument) {
  unsigned thread = (unsigned)(uintptr_t)argument;
  pthread_barrier_wait(&barrier);
  for (unsigned i = 0; i < kRounds; i++) {
    uint64_t low = 0, high = 0;
    unsigned char equal = 0;
    do {
      if (high != low * 3) torn[thread]++;
      __asm__ volatile("lock; cmpxchg16b %0; sete %3"
                       : "+m"(pair), "+a"(low), "+d"(high), "=q"(equal)
                       : "b"(low + 1), "c"((low + 1) * 3)
                       : "cc");
    } while (!equal);
  }
  return NULL;
}

// Counters that are unlocked by one and locked by the other.
static uint64_t plain_counter;
static volatile uint32_t lock_word;
static void* locked(void* unused) {
  (void)unused;
  pthread_barrier_wait(&barrier);
  for (unsigned i = 0; i < kRounds; i++) {
    while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE)) {
    }
    plain_counter++;
    lock_word = 0;
  }
  return NULL;
}

static void run(void* (*body)(void*)) {
  pthread_t threads[kThreads];
  for (uintptr_t n = 0; n < kThreads; n++) pthread_create(&threads[n], NULL, body, (void*)n);
  for (int n = 0; n < kThreads; n++) pthread_join(threads[n], NULL);
}

static unsigned long long word(unsigned offset) {
  uint64_t value;
  memcpy(&value, arena + offset, sizeof value);
  return value;
}

int main(void) {
  arena = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_barrier_init(&barrier, NULL, kThreads);
  run(hammer);
  for (unsigned n = 0; n < sizeof places / sizeof *places; n++) {
    printf("%u %u: %llx\n", places[n].offset, places[n].width, word(places[n].offset));
  }
  run(mixed);
  for (unsigned n = 48; n < 160; n += 8) printf("mixed %u: %llx\n", n, word(1024 + n));
  run(exchange);
  uint64_t sum = word(2048) + word(2108);
  for (int n = 0; n < kThreads; n++) sum += held[n];
  printf("exchanged %llx\n", (unsigned long long)sum);
  run(pairs);
  printf("pair %llu %llu torn %llu\n", (unsigned long long)pair.low, (unsigned long long)pair.high,
         (unsigned long long)(torn[0] + torn[1] + torn[2]));
  run(locked);
  printf("locked %llu\n", (unsigned long long)plain_counter);
  return 0;
}

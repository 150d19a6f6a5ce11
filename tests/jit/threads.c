// Threads that run translated code at once: locked counters, a queue between two, thread-local
// data, code that appears while others run.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { kThreads = 4, kRounds = 20000 };

static atomic_uint_fast64_t shared;
static uint64_t guarded;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local uint64_t local;
static uint64_t sums[kThreads];

static void* count(void* argument) {
  unsigned n = (unsigned)(uintptr_t)argument;
  for (unsigned i = 0; i < kRounds; i++) {
    atomic_fetch_add(&shared, i);
    local += i ^ n;
    if (i % 16 == 0) {
      pthread_mutex_lock(&mutex);
      guarded++;
      pthread_mutex_unlock(&mutex);
    }
  }
  sums[n] = local;
  return NULL;
}

// One writes, one reads; x86-64 needs no fences for it.
static volatile uint64_t ring[64];
static volatile uint64_t written, taken;

static void* produce(void* unused) {
  (void)unused;
  for (uint64_t i = 0; i < kRounds; i++) {
    while (i - taken >= 64) {
    }
    ring[i % 64] = i * 3;
    written = i + 1;
  }
  return NULL;
}

static uint64_t consume(void) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < kRounds; i++) {
    while (written <= i) {
    }
    sum = sum * 5 + ring[i % 64];
    taken = i + 1;
  }
  return sum;
}

// Functions that are written over while they are in use elsewhere: mov eax, N; ret.
static unsigned rewritten(void) {
  unsigned char* code =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned sum = 0;
  for (unsigned n = 0; n < 40; n++) {
    const unsigned char bytes[] = {0xb8, (unsigned char)n, 1, 0, 0, 0xc3};
    memcpy(code, bytes, sizeof bytes);
    for (unsigned i = 0; i < 50; i++) sum += ((unsigned (*)(void))code)();
  }
  return sum;
}

int main(void) {
  pthread_t threads[kThreads];
  for (uintptr_t n = 0; n < kThreads; n++) pthread_create(&threads[n], NULL, count, (void*)n);
  printf("rewritten %u\n", rewritten());
  for (int n = 0; n < kThreads; n++) pthread_join(threads[n], NULL);
  printf("shared %llu guarded %llu\n", (unsigned long long)shared, (unsigned long long)guarded);
  for (int n = 0; n < kThreads; n++) printf("local %llu\n", (unsigned long long)sums[n]);
  pthread_create(&threads[0], NULL, produce, NULL);
  uint64_t sum = consume();
  pthread_join(threads[0], NULL);
  printf("queue %llx\n", (unsigned long long)sum);
  return 0;
}

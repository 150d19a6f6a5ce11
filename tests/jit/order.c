// What threads and processes may see of each other's stores (SDM vol. 3, section 9.2.3), aligned
// and not. Only outcomes that x86-64 forbids are counted.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kRounds = 1000, kMisalignedRounds = 300, kRoundsOfFour = 60 };

struct Place {
  volatile uint64_t* x;
  volatile uint64_t* y;
  uint64_t rounds;
};
static unsigned char arena[4096] __attribute__((aligned(4096)));
static struct Place place;

// Keeps the threads in step: everybody is past round n - 1 when anybody begins round n.
static volatile uint64_t turn[4];
static void meet(unsigned self, unsigned count, uint64_t round) {
  turn[self] = round;
  for (unsigned n = 0; n < count; n++) {
    while (turn[n] < round) sched_yield();
  }
}

// Stores are seen in their order.
static uint64_t passed;
static void* send(void* unused) {
  for (uint64_t i = 1; i <= place.rounds; i++) {
    *place.x = i;
    *place.y = i;
  }
  return unused;
}
static void* receive(void* unused) {
  for (uint64_t seen = 0; seen < place.rounds;) {
    seen = *place.y;
    passed += *place.x < seen;
  }
  return unused;
}

// A load does not pass an older store when a locked instruction or a fence is in between.
enum Fence { kFence, kLockedElsewhere, kExchange, kFailedCompare, kFailedCompare16, kFenceCount };
static enum Fence fence_kind;
static uint64_t results[2][kRounds + 1];
static void* store_then_load(void* argument) {
  unsigned self = (unsigned)(uintptr_t)argument;
  volatile uint64_t* mine = self ? place.y : place.x;
  volatile uint64_t* theirs = self ? place.x : place.y;
  static _Thread_local uint64_t elsewhere[2] __attribute__((aligned(16)));
  for (uint64_t i = 1; i <= place.rounds; i++) {
    meet(self, 2, i);
    uint64_t value = i, rax = 1, rdx = 1;
    switch (fence_kind) {
      case kFence:
        *mine = i;
        __asm__ volatile("mfence" ::: "memory");
        break;
      case kLockedElsewhere:
        *mine = i;
        __asm__ volatile("lock; addq $1, %0" : "+m"(elsewhere[0])::"memory", "cc");
        break;
      case kExchange:
        __asm__ volatile("xchg %1, %0" : "+m"(*mine), "+r"(value)::"memory");
        break;
      case kFailedCompare:
        *mine = i;
        elsewhere[0] = 0;
        __asm__ volatile("lock; cmpxchg %2, %0"
                         : "+m"(elsewhere[0]), "+a"(rax)
                         : "r"(value)
                         : "memory", "cc");
        break;
      default:
        *mine = i;
        __asm__ volatile("lock; cmpxchg16b %0"
                         : "+m"(elsewhere), "+a"(rax), "+d"(rdx)
                         : "b"(value), "c"(value)
                         : "memory", "cc");
        break;
    }
    results[self][i] = *theirs;
  }
  return NULL;
}

// Two who read see the stores of two others in one order.
static uint64_t seen[2][2][kRoundsOfFour + 1];
static void* independent(void* argument) {
  unsigned self = (unsigned)(uintptr_t)argument;
  for (uint64_t i = 1; i <= kRoundsOfFour; i++) {
    meet(self, 4, i);
    if (self < 2) {
      *(self ? place.y : place.x) = i;
    } else {
      seen[self - 2][0][i] = *(self == 2 ? place.x : place.y);
      seen[self - 2][1][i] = *(self == 2 ? place.y : place.x);
    }
  }
  return NULL;
}

static void run(unsigned count, void* (*bodies[])(void*)) {
  pthread_t threads[4];
  *place.x = *place.y = 0;
  for (unsigned n = 0; n < 4; n++) turn[n] = 0;
  for (uintptr_t n = 0; n < count; n++) pthread_create(&threads[n], NULL, bodies[n], (void*)n);
  for (unsigned n = 0; n < count; n++) pthread_join(threads[n], NULL);
}

static void message_passing(const char* name) {
  void* (*bodies[])(void*) = {send, receive};
  passed = 0;
  run(2, bodies);
  printf("%s: messages passed %llu\n", name, (unsigned long long)passed);
}

static void store_buffering(const char* name) {
  void* (*bodies[])(void*) = {store_then_load, store_then_load};
  for (fence_kind = 0; fence_kind < kFenceCount; fence_kind++) {
    run(2, bodies);
    uint64_t forbidden = 0;
    for (uint64_t i = 1; i <= kRoundsOfFour; i++)
      forbidden += results[0][i] < i && results[1][i] < i;
    printf("%s: fence %d passed %llu\n", name, fence_kind, (unsigned long long)forbidden);
  }
}

static void independent_reads(const char* name) {
  void* (*bodies[])(void*) = {independent, independent, independent, independent};
  run(4, bodies);
  uint64_t forbidden = 0;
  for (uint64_t i = 1; i <= kRoundsOfFour; i++) {
    forbidden += seen[0][0][i] == i && seen[0][1][i] < i && seen[1][0][i] == i && seen[1][1][i] < i;
  }
  printf("%s: orders %llu\n", name, (unsigned long long)forbidden);
}

// A process with one thread and a child: message passing through memory that both map.
static void processes(bool through_protection) {
  int fd = memfd_create("shared", 0);
  if (ftruncate(fd, 4096)) exit(1);
  int first = through_protection ? PROT_READ : PROT_READ | PROT_WRITE;
  uint64_t* words = mmap(NULL, 4096, first, MAP_SHARED, fd, 0);
  mprotect(words, 4096, PROT_READ | PROT_WRITE);
  place = (struct Place){words, words + 64, kRounds};
  pid_t child = fork();
  if (child == 0) {
    send(NULL);
    _exit(0);
  }
  passed = 0;
  receive(NULL);
  int status;
  waitpid(child, &status, 0);
  printf("processes: messages passed %llu status %d\n", (unsigned long long)passed, status);
}

static volatile uint64_t* at(unsigned offset) { return (volatile uint64_t*)(arena + offset); }

int main(void) {
  // Translated before anybody else can see it.
  place = (struct Place){at(0), at(256), 2000};
  send(NULL);
  receive(NULL);
  processes(false);
  processes(true);
  static const struct {
    const char* name;
    unsigned x, y;
  } places[] = {
      {"aligned", 0, 256}, {"one line", 512, 520}, {"within 16", 1, 259}, {"across 16", 12, 268}};
  for (unsigned n = 0; n < sizeof places / sizeof *places; n++) {
    place = (struct Place){at(places[n].x), at(places[n].y), n < 2 ? kRounds : kMisalignedRounds};
    message_passing(places[n].name);
    store_buffering(places[n].name);
    independent_reads(places[n].name);
  }
  return 0;
}

// Coroutines as some libraries have them: a switch saves the registers of calls, exchanges stack
// pointers and returns, to where the other stack says. The first entry's return address was never
// pushed by a call. They switch deep inside calls, so that all returns of the other coroutine come
// where calls of this one would be expected to return.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kCoroutines = 8, kStackBytes = 65536 };

void switch_stacks(void **from, void *to);
__asm__(
    "switch_stacks:\n"
    "\tpush %rbp\n\tpush %rbx\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n"
    "\tmov %rsp, (%rdi)\n\tmov %rsi, %rsp\n"
    "\tpop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbx\n\tpop %rbp\n"
    "\tret\n");

static void *scheduler, *stacks[kCoroutines];
static int current;
static uint64_t sum;

static void yield_now(void) { switch_stacks(&stacks[current], scheduler); }

// Yields at the bottom, and returns a long way.
__attribute__((noinline)) static uint64_t descend(int depth, uint64_t x) {
  volatile uint64_t kept = x;
  if (depth == 0) {
    yield_now();
    return kept;
  }
  return descend(depth - 1, x * 3 + 1) ^ kept;
}

static void body(void) {
  for (uint64_t i = 0;; i++) sum += descend(6 + current, i);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 20000;
  for (int i = 0; i < kCoroutines; i++) {
    void **top = (void **)((char *)aligned_alloc(16, kStackBytes) + kStackBytes);
    *--top = NULL;  // body() must find the stack as a call leaves it
    *--top = (void *)body;
    stacks[i] = top - 6;
  }
  for (int round = 0; round < rounds; round++) {
    for (current = 0; current < kCoroutines; current++) {
      switch_stacks(&scheduler, stacks[current]);
    }
  }
  printf("%016lx\n", sum);
  return 0;
}

// Returns that do not go where the last call came from, and more calls than anybody counts on.
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

static uint64_t deep(uint64_t n, uint64_t sum) {
  volatile uint64_t here = n;
  if (n == 0) return sum;
  return deep(n - 1, sum + (n ^ 5)) + (here & 1);
}

static jmp_buf back;
static void unwind(int n) {
  volatile int here = n;
  if (n == 0) longjmp(back, 1);
  unwind(n - 1);
  printf("not reached %d\n", here);
}

// To the address that was pushed, which no call has to do with.
static uint64_t pushed(uint64_t x) {
  uint64_t result;
  __asm__ volatile(
      "lea 1f(%%rip), %%rax\n\tsub $128, %%rsp\n\tpush %%rax\n\tret\n"
      "0:\tmov $0, %0\n\tjmp 2f\n"
      "1:\tlea 3(%1), %0\n"
      "2:\tadd $128, %%rsp"
      : "=&r"(result)
      : "r"(x)
      : "rax", "memory", "cc");
  return result;
}

// The callee returns to somewhere else than behind the call.
static uint64_t elsewhere(uint64_t x) {
  uint64_t result = x;
  __asm__ volatile(
      "sub $128, %%rsp\n\tcall 1f\n"
      "0:\tadd $100, %0\n\tjmp 2f\n"
      "1:\taddq $3f-0b, (%%rsp)\n\tret\n"
      "3:\tadd $7, %0\n"
      "2:\tadd $128, %%rsp"
      : "+r"(result)
      :
      : "memory", "cc");
  return result;
}

static ucontext_t main_context, other_context;
static uint64_t turns;
static void yield_once(void) { swapcontext(&other_context, &main_context); }
static void other(void) {
  for (;;) {
    turns += 3;
    yield_once();
  }
}
static void resume(void) { swapcontext(&main_context, &other_context); }

static uint64_t pops_only(uint64_t n) {
  // A chain of returns: the stack holds their addresses.
  uint64_t count = 0;
  for (uint64_t i = 0; i < n; i++) count += pushed(i) - i;
  return count;
}

int main(void) {
  for (int i = 0; i < 40; i++) printf("%lu\n", deep(20000 + 100 * i, i));
  volatile int jumps = 0;
  for (volatile int i = 0; i < 300; i++) {
    if (setjmp(back)) {
      jumps++;
    } else {
      unwind(i % 37);
    }
  }
  printf("%d jumps\n", jumps);
  uint64_t sum = 0;
  for (uint64_t i = 0; i < 5000; i++) sum = sum * 31 + pushed(i) + elsewhere(i);
  printf("%lu\n", sum);
  printf("%lu\n", pops_only(20000));
  getcontext(&other_context);
  other_context.uc_stack.ss_sp = malloc(65536);
  other_context.uc_stack.ss_size = 65536;
  makecontext(&other_context, other, 0);
  for (int i = 0; i < 2000; i++) resume();
  printf("%lu turns\n", turns);
  return 0;
}

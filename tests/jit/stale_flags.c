// Flags that only the handler of a fault sees: the code behind the access sets them anew before it
// reads any.
// emulator: --exact-flags
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { kStatusFlags = 0x8d5, kAdjust = 0x10 };

static char *page;
static uint64_t seen;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  seen = ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] & kStatusFlags & ~kAdjust;
  mprotect(page, 4096, PROT_READ);
}

__attribute__((noinline)) static uint64_t access_between(uint64_t a, uint64_t b, const char *at) {
  uint64_t result = a;
  __asm__ volatile(
      "cmp %1, %0\n\t"      // what the handler sees
      "movzbl (%2), %%eax\n\t"
      "add %%rax, %0\n\t"   // sets all of them again
      : "+r"(result)
      : "r"(b), "r"(at)
      : "rax", "cc");
  return result;
}

int main(void) {
  page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  uint64_t sum = 0;
  for (uint64_t i = 0; i < 3000; i++) {
    if (i % 100 == 99) mprotect(page, 4096, PROT_NONE);
    sum += access_between(i * 0x123456789, i % 7 ? i * 0x123456789 : ~i, page);
    if (i % 100 == 99) printf("%lx\n", seen);
  }
  printf("%lx\n", sum);
  return 0;
}

// REP MOVS and REP STOS in hot code: few and many iterations, backward, overlapping, up to a fault.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct registers {
  uint64_t rcx, rsi, rdi;
};

#define STRING(name, instruction)                                                  \
  __attribute__((noinline)) static void name(struct registers* r, bool backward) { \
    uint64_t value = 0x1122334455667788;                                           \
    if (backward) {                                                                \
      __asm__ volatile("std\n\t" instruction "\n\tcld"                             \
                       : "+c"(r->rcx), "+S"(r->rsi), "+D"(r->rdi)                  \
                       : "a"(value)                                                \
                       : "cc", "memory");                                          \
    } else {                                                                       \
      __asm__ volatile(instruction                                                 \
                       : "+c"(r->rcx), "+S"(r->rsi), "+D"(r->rdi)                  \
                       : "a"(value)                                                \
                       : "memory");                                                \
    }                                                                              \
  }
STRING(movsb, "rep movsb")
STRING(movsw, "rep movsw")
STRING(movsl, "rep movsl")
STRING(movsq, "rep movsq")
STRING(stosb, "rep stosb")
STRING(stosw, "rep stosw")
STRING(stosl, "rep stosl")
STRING(stosq, "rep stosq")
STRING(movsl_narrow, "addr32 rep movsl")
STRING(stosl_narrow, "addr32 rep stosl")

// The flags are those of the comparison before it.
__attribute__((noinline)) static unsigned flags_behind(uint64_t lhs, uint64_t rhs, uint64_t count) {
  static uint8_t bytes[256];
  void* at = bytes;
  uint8_t below, even;
  __asm__ volatile("cmp %5, %4\n\trep stosb\n\tsetb %0\n\tsetp %1"
                   : "=q"(below), "=q"(even), "+D"(at), "+c"(count)
                   : "r"(lhs), "r"(rhs), "a"(1)
                   : "cc", "memory");
  return below * 2u + even;
}

typedef void (*string)(struct registers*, bool);
static const string strings[] = {movsb, movsw, movsl, movsq,        stosb,
                                 stosw, stosl, stosq, movsl_narrow, stosl_narrow};
static const unsigned widths[] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 4};

static uint8_t* page;  // below 4 GiB, three of them
static sigjmp_buf out;

static void report(int signal, siginfo_t* info, void* context) {
  greg_t* r = ((ucontext_t*)context)->uc_mcontext.gregs;
  printf("signal %d at %ld: rcx %lld, rsi %lld, rdi %lld\n", signal,
         (long)((uint8_t*)info->si_addr - page), r[REG_RCX], r[REG_RSI] - (long long)page,
         r[REG_RDI] - (long long)page);
  siglongjmp(out, 1);
}

static uint64_t hash(void) {
  uint64_t h = 0;
  for (unsigned n = 0; n < 8192; n++) h = h * 31 + page[n];
  return h;
}

static void run(unsigned which, uint64_t count, long source, long destination, bool backward) {
  struct registers r = {count, (uint64_t)(page + source), (uint64_t)(page + destination)};
  if (sigsetjmp(out, 1)) return;
  strings[which](&r, backward);
  printf("%u x %lu: rcx %lu, rsi %ld, rdi %ld, %lx\n", which, count, r.rcx,
         (long)(r.rsi - (uint64_t)page), (long)(r.rdi - (uint64_t)page), hash());
}

int main(void) {
  page = mmap((void*)0x10000000, 12288, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mprotect(page + 8192, 4096, PROT_NONE);
  for (unsigned n = 0; n < 8192; n++) page[n] = (uint8_t)(n * 7 + (n >> 8));
  struct sigaction on_fault = {.sa_sigaction = report, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &on_fault, 0);
  for (unsigned which = 0; which < sizeof strings / sizeof *strings; which++) {
    for (uint64_t count = 0; count < 140; count += count < 12 || count > 60 ? 1 : 7) {
      run(which, count, 1000, 4000, false);
      run(which, count, 1003, 1000, false);
      run(which, count, 1000, 1003, false);
      run(which, count, 3000, 6001, true);
    }
    for (unsigned left = 0; left < 70; left += 3) {
      run(which, 63, 1000, 8192 - (long)(left * widths[which]), false);
      run(which, 40, 8192 - (long)(left * widths[which]), 1000, false);
    }
  }
  for (uint64_t n = 0; n < 100; n++) printf("%u", flags_behind(n * 3 % 7, n % 5, n));
  printf("\n");
  return 0;
}

// Short loops, which are repeated in translated code: how often they go round, where they are left,
// what a fault and a signal in the middle of them show.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

static uint64_t tested_at_the_end(uint64_t n) {
  uint64_t sum = 0;
  __asm__ volatile("1:\tadd %1, %0\n\tdec %1\n\tjne 1b" : "+r"(sum), "+r"(n) : : "cc");
  return sum;
}

static uint64_t tested_at_the_head(uint64_t n) {
  uint64_t sum = 0;
  __asm__ volatile("1:\ttest %1, %1\n\tje 2f\n\tadd %1, %0\n\tdec %1\n\tjmp 1b\n2:"
                   : "+r"(sum), "+r"(n)
                   :
                   : "cc");
  return sum;
}

// Jumps back from two places, forward within the loop, and out of its middle.
static uint64_t with_ways_inside(uint64_t n, uint64_t limit) {
  uint64_t sum = 0;
  __asm__ volatile(
      "1:\tadd %1, %0\n\tdec %1\n\ttest $3, %b1\n\tjne 2f\n\tadd $100, %0\n"
      "2:\tcmp %2, %0\n\tja 3f\n\ttest $4, %b1\n\tjne 1b\n\tadd $1000, %0\n"
      "\ttest %1, %1\n\tjg 1b\n"
      "3:"
      : "+r"(sum), "+q"(n)
      : "r"(limit)
      : "cc");
  return sum;
}

static uint64_t nested(uint64_t n) {
  uint64_t sum = 0, m = 0;
  __asm__ volatile(
      "1:\tmov %1, %2\n"
      "2:\tadd %2, %0\n\tsub $2, %2\n\tjg 2b\n\tdec %1\n\tjne 1b"
      : "+r"(sum), "+r"(n), "+r"(m)
      :
      : "cc");
  return sum;
}

// The carry and the parity of the last round.
static unsigned flags_behind(uint64_t n, uint64_t step) {
  uint64_t sum = 5;
  uint8_t carry, parity;
  __asm__ volatile("1:\tadd %4, %2\n\tlea -1(%3), %3\n\tjrcxz 2f\n\tjmp 1b\n2:\tsetc %0\n\tsetp %1"
                   : "=q"(carry), "=q"(parity), "+r"(sum), "+c"(n)
                   : "r"(step)
                   : "cc");
  return carry * 2u + parity;
}

static sigjmp_buf out;
static uint8_t* page;
static void report(int signal, siginfo_t* info, void* context) {
  greg_t* r = ((ucontext_t*)context)->uc_mcontext.gregs;
  printf("signal %d at %ld: read %lld, sum %lld, left %lld\n", signal,
         (long)((uint8_t*)info->si_addr - page), r[REG_RSI] - (long long)page, r[REG_RAX],
         r[REG_RCX]);
  siglongjmp(out, 1);
}

static void run_off_the_page(uint64_t start) {
  if (sigsetjmp(out, 1)) return;
  uint64_t sum = 0, left = 10000;
  const uint8_t* at = page + start;
  __asm__ volatile(
      "1:\tadd $3, %%rax\n\tmovzbl (%1), %%edx\n\tadd %%rdx, %%rax\n\tinc %1\n\tdec %%rcx\n\tjne 1b"
      : "+a"(sum), "+S"(at), "+c"(left)
      :
      : "rdx", "cc", "memory");
  printf("not reached\n");
}

// Between these labels RCX says whether to go on.
extern const char direct_begin[], direct_end[], indirect_begin[], indirect_end[];
extern const char past_begin[], past_end[], calls_begin[], calls_end[];
extern const char units_begin[], units_end[];
static const char* const loops[][2] = {{direct_begin, direct_end},
                                       {indirect_begin, indirect_end},
                                       {past_begin, past_end},
                                       {calls_begin, calls_end},
                                       {units_begin, units_end}};

static void stop(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info;
  greg_t* r = ((ucontext_t*)context)->uc_mcontext.gregs;
  const char* rip = (const char*)r[REG_RIP];
  for (int n = 0; n < 5; n++) {
    if (rip >= loops[n][0] && rip < loops[n][1]) r[REG_RCX] = 0;
  }
}

__attribute__((noinline)) static uint64_t until_stopped(void) {
  uint64_t rounds = 0;
  __asm__ volatile("direct_begin:\tinc %0\n\ttest %1, %1\n\tjne direct_begin\ndirect_end:"
                   : "+r"(rounds)
                   : "c"(1L)
                   : "cc");
  return rounds;
}

// The jump back is an indirect one.
__attribute__((noinline)) static uint64_t until_stopped_indirectly(void) {
  uint64_t rounds = 0;
  __asm__ volatile(
      "lea indirect_begin(%%rip), %%rdx\n"
      "indirect_begin:\tinc %0\n\ttest %1, %1\n\tje indirect_end\n\tjmp *%%rdx\n"
      "indirect_end:"
      : "+r"(rounds)
      : "c"(1L)
      : "rdx", "cc");
  return rounds;
}

// Around an inner loop, which the first rounds take in turns with another way and the others never:
// one that does nothing, or a call.
__attribute__((noinline)) static uint64_t until_stopped_outside(void) {
  uint64_t rounds = 0;
  __asm__ volatile(
      "past_begin:\tinc %0\n\tmov $4, %%edx\n"
      "\ttest $1, %b0\n\tjne 2f\n\tcmp $1000, %0\n\tja 2f\n"
      "1:\tdec %%edx\n\tjne 1b\n"
      "2:\ttest %1, %1\n\tjne past_begin\n"
      "past_end:"
      : "+q"(rounds)
      : "c"(1L)
      : "rdx", "cc");
  return rounds;
}
__attribute__((noinline)) static uint64_t until_stopped_in_calls(void) {
  uint64_t rounds = 0;
  __asm__ volatile(
      "lea -128(%%rsp), %%rsp\n"
      "calls_begin:\tinc %0\n\tmov $4, %%edx\n"
      "\ttest $1, %b0\n\tjne 2f\n\tcmp $1000, %0\n\tja 2f\n"
      "1:\tdec %%edx\n\tjne 1b\n\tjmp calls_begin\n"
      "2:\tcall 3f\n\ttest %1, %1\n\tjne calls_begin\n\tjmp calls_end\n"
      "3:\tret\n"
      "calls_end:\tlea 128(%%rsp), %%rsp"
      : "+q"(rounds)
      : "c"(1L)
      : "rdx", "cc", "memory");
  return rounds;
}

// Rounds that are translated as two units: the first thousand do not come by the middle of the code.
// The jump back is within a unit, from its beginning; the ways between the units lead forward.
__attribute__((noinline)) static uint64_t until_stopped_between_units(void) {
  uint64_t rounds = 0;
  __asm__ volatile(
      "jmp 3f\n"
      "units_begin:\tinc %0\n\tcmp $1000, %0\n\tja 2f\n\tjmp 3f\n"
      "2:\tlea (%0,%0), %%rdx\n\tjmp 3f\n"
      "3:\ttest %1, %1\n\tjne units_begin\n"
      "units_end:"
      : "+r"(rounds)
      : "c"(1L)
      : "rdx", "cc");
  return rounds;
}

static void interrupt(const char* name, uint64_t (*loop)(void)) {
  sigaction(SIGALRM, &(struct sigaction){.sa_sigaction = stop, .sa_flags = SA_SIGINFO}, 0);
  const struct itimerval often = {{.tv_usec = 3000}, {.tv_usec = 3000}}, never = {0};
  unsigned times = 0;
  setitimer(ITIMER_REAL, &often, 0);
  // A signal may come before the first round.
  while (times < 30) times += loop() > 0;
  setitimer(ITIMER_REAL, &never, 0);
  printf("%s %u\n", name, times);
}

int main(void) {
  for (uint64_t n = 1; n < 90; n++) {
    printf("%lu: %lu %lu %lu %lu %lu %u %u\n", n, tested_at_the_end(n), tested_at_the_head(n - 1),
           with_ways_inside(n, 1u << 30), with_ways_inside(n, 40 * n), nested(n),
           flags_behind(n, 3), flags_behind(n, UINT64_MAX / 3));
  }
  page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(page + 4096, 4096, PROT_NONE);
  for (int n = 0; n < 4096; n++) page[n] = (uint8_t)(n * 7);
  sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = report, .sa_flags = SA_SIGINFO}, 0);
  for (uint64_t start = 0; start < 4096; start += start < 4000 ? 500 : 7) run_off_the_page(start);
  interrupt("direct", until_stopped);
  interrupt("indirect", until_stopped_indirectly);
  interrupt("outside", until_stopped_outside);
  interrupt("in calls", until_stopped_in_calls);
  interrupt("between units", until_stopped_between_units);
}

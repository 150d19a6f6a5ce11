// Flags that functions and indirect jumps leave to the code they lead to, which mostly reads none.
// Here it does: behind a call, behind the call of a function that only calls, at the target of a
// jump; and in a handler, when an access between them and the return faults.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { kStatusFlags = 0x8d5, kAdjust = 0x10 };
enum { kPage = 4096 };

// What leaves AF undefined, and what does not. RDI and RSI are the operands.
#define LOGIC(X)                      \
  X(and_8, "and $0x5c, %al")          \
  X(and_4, "and %esi, %eax")          \
  X(or_2, "or %si, %ax")              \
  X(xor_8, "xor %rsi, %rax")          \
  X(zero, "xor %eax, %eax")           \
  X(test_1, "test %sil, %dil")        \
  X(test_4, "test $0x80001234, %edi") \
  X(test_8, "test %rdi, %rdi")
#define SUMS(X)                          \
  X(add_1, "add $0x17, %al")             \
  X(add_2, "add $0x7ff8, %ax")           \
  X(add_4, "add $24, %eax")              \
  X(add_8, "add $8, %rax")               \
  X(add_16, "add $16, %rax")             \
  X(add_128, "sub $-128, %rax")          \
  X(add_large, "add $0x7654321f, %rax")  \
  X(add_both, "add %rsi, %rax")          \
  X(add_both_4, "add %esi, %eax")        \
  X(sub_4, "sub $0x10, %eax")            \
  X(sub_8, "sub $0x12345678, %rax")      \
  X(sub_both, "sub %rsi, %rax")          \
  X(cmp_1, "cmp $0x42, %dil")            \
  X(cmp_4, "cmp $-8, %edi")              \
  X(cmp_8, "cmp $24, %rdi")              \
  X(cmp_both, "cmp %esi, %edi")          \
  X(neg, "neg %rax")                     \
  X(inc, "cmp %rsi, %rdi; inc %rax")     \
  X(adc, "cmp %rsi, %rdi; adc $3, %rax") \
  X(set, "cmp %rsi, %rdi; setl %al")     \
  X(both, "cmp $5, %rdi; cmovb %rsi, %rax; add $8, %rax")

// NAME_return and others set the flags, NAME_return_read and others read them into RAX. RDX is an
// address for accesses in between. Of the ways of a branch one leaves the flags as they are.
#define FUNCTIONS(name, code)                                                                  \
  asm(".text\n" #name "_return: mov %rdi, %rax; " code "; ret\n" #name                         \
      "_pops: push %rbx; push %rbx; mov %rdi, %rax; " code "; pop %rbx; pop %rbx; ret\n" #name \
      "_loads: mov %rdi, %rax; " code "; mov (%rdx), %rcx; ret\n" #name                        \
      "_stores: mov %rdi, %rax; " code "; mov %rdi, (%rdx); mov (%rdx), %rcx; ret\n" #name     \
      "_jumps: lea 1f(%rip), %rcx; mov %rdi, %rax; " code "; jmp *%rcx; 1: ret\n" #name        \
      "_through: push %rbx; call " #name "_return; mov %rbx, %rbx; pop %rbx; ret\n" #name      \
      "_taken: mov %rdi, %rax; " code "; ja 1f; cmp $1, %rdi; 1: ret\n" #name                  \
      "_falls: mov %rdi, %rax; " code "; js 1f; ret; 1: cmp $1, %rdi; ret\n" #name             \
      "_waits: mov %rdi, %rax; " code "; mov (%rdx), %rcx; ja 1f; cmp $1, %rdi; 1: ret\n");    \
  CALLERS(name##_return)                                                                       \
  CALLERS(name##_pops)                                                                         \
  CALLERS(name##_loads)                                                                        \
  CALLERS(name##_stores)                                                                       \
  CALLERS(name##_jumps)                                                                        \
  CALLERS(name##_through)                                                                      \
  CALLERS(name##_taken)                                                                        \
  CALLERS(name##_falls)                                                                        \
  CALLERS(name##_waits)

#define CALLERS(name)                                                                         \
  asm(#name "_read: call " #name "; pushf; pop %rax; ret\n" #name "_pointer: lea " #name      \
            "(%rip), %rcx; call *%rcx; pushf; pop %rax; ret\n" #name "_no_flags: call " #name \
            "; mov %rax, %rax; cmp %rsi, %rax; ret\n");                                       \
  uint64_t name##_read(uint64_t a, uint64_t b, void* memory);                                 \
  uint64_t name##_pointer(uint64_t a, uint64_t b, void* memory);                              \
  uint64_t name##_no_flags(uint64_t a, uint64_t b, void* memory);

LOGIC(FUNCTIONS)
SUMS(FUNCTIONS)

typedef uint64_t Function(uint64_t a, uint64_t b, void* memory);

static const uint64_t kEdges[] = {0,
                                  1,
                                  7,
                                  8,
                                  0x0f,
                                  0x10,
                                  0x17,
                                  0x7f,
                                  0x80,
                                  0xff,
                                  0x7fff,
                                  0x8000,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0xfffffff8,
                                  0x123456789abcdef,
                                  ~0ull,
                                  1ull << 63,
                                  ~0ull >> 1};
enum { kEdgeCount = sizeof kEdges / sizeof *kEdges };

static char* page;
static uint64_t flags_of_faults, fault_mask;
static int faults;

// Lets the access go on.
static void on_fault(int signal, siginfo_t* info, void* pointer) {
  (void)signal, (void)info;
  ucontext_t* context = pointer;
  flags_of_faults = flags_of_faults * 31 + (context->uc_mcontext.gregs[REG_EFL] & fault_mask);
  faults++;
  mprotect(page, kPage, PROT_READ | PROT_WRITE);
}

static uint64_t sum_of(Function* function, uint64_t mask, int with_faults) {
  uint64_t sum = 0;
  for (int round = 0; round < 3; round++) {
    for (int n = 0; n < kEdgeCount * kEdgeCount; n++) {
      if (with_faults && n % 37 == 0) mprotect(page, kPage, PROT_NONE);
      uint64_t result = function(kEdges[n % kEdgeCount], kEdges[n / kEdgeCount], page);
      sum = sum * 31 + (result & mask);
    }
  }
  return sum;
}

static void show(const char* name, Function* read, Function* pointer, Function* no_flags,
                 uint64_t mask) {
  fault_mask = mask;
  printf("%s %lx %lx %lx\n", name, sum_of(read, mask, 0), sum_of(pointer, mask, 0),
         sum_of(no_flags, ~0ull, 0));
  printf("  and with faults %lx %lx\n", sum_of(read, mask, 1), sum_of(no_flags, ~0ull, 1));
}

#define SHOW_ALL(name, code, mask)                                              \
  SHOW(name##_return, mask)                                                     \
  SHOW(name##_pops, mask)                                                       \
  SHOW(name##_loads, mask)                                                      \
  SHOW(name##_stores, mask) SHOW(name##_jumps, mask) SHOW(name##_through, mask) \
      SHOW(name##_taken, mask) SHOW(name##_falls, mask) SHOW(name##_waits, mask)
#define SHOW(name, mask) show(#name, name##_read, name##_pointer, name##_no_flags, mask);
#define SHOW_LOGIC(name, code) SHOW_ALL(name, code, kStatusFlags & ~kAdjust)
#define SHOW_SUM(name, code) SHOW_ALL(name, code, kStatusFlags)

int main(void) {
  page = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  LOGIC(SHOW_LOGIC)
  SUMS(SHOW_SUM)
  printf("%d faults, %lx\n", faults, flags_of_faults);
}

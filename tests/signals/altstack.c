// sigaltstack(2): entering, nesting, overflow, SS_AUTODISARM, errors.
#include "tests/guest/guest.h"
#include <setjmp.h>

static char stack[65536] __attribute__((aligned(16)));
static sigjmp_buf back;

static int inside(void) {
  char here;
  return &here >= stack && &here < stack + sizeof stack;
}

static void show(const char* what) {
  stack_t s;
  EXPECT(sigaltstack(NULL, &s) == 0);
  printf("%s: on stack %d flags %#x size %zu sp %d\n", what, inside(), s.ss_flags, s.ss_size, s.ss_sp == stack);
}

static void handler(int signal, siginfo_t* info, void* context) {
  (void)info;
  ucontext_t* u = context;
  show("handler");
  printf("frame: flags %#x size %zu\n", u->uc_stack.ss_flags, u->uc_stack.ss_size);
  stack_t off = {.ss_flags = SS_DISABLE};
  int result = sigaltstack(&off, NULL);
  printf("disable inside: %d %d\n", result, result ? errno : 0);
  if (signal == SIGUSR1) raise(SIGUSR2);
}

static void overflow(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info, (void)context;
  printf("overflow handled on alternate stack %d\n", inside());
  siglongjmp(back, 1);
}

static volatile int endless = 1;
static int recurse(int n) {
  volatile char big[4096];
  big[0] = (char)n;
  if (!endless) return 0;
  return recurse(n + 1) + big[0];
}

static void set(int flags, size_t size) {
  stack_t s = {.ss_sp = stack, .ss_flags = flags, .ss_size = size};
  int result = sigaltstack(&s, NULL);
  printf("set %#x %zu: %d %d\n", flags, size, result, result ? errno : 0);
}

int main(void) {
  show("start");
  install(SIGUSR1, handler, SA_ONSTACK);
  install(SIGUSR2, handler, SA_ONSTACK);
  raise(SIGUSR1);
  set(0, sizeof stack);
  show("set");
  raise(SIGUSR1);
  show("after");
  set(0, 100);
  set(0x10, sizeof stack);
  set(SS_ONSTACK, sizeof stack);
  set((int)(1u << 31), sizeof stack);
  raise(SIGUSR2);
  show("after autodisarm");
  set(SS_DISABLE, 0);
  show("disabled");

  set(0, sizeof stack);
  install(SIGSEGV, overflow, SA_ONSTACK);
  if (!sigsetjmp(back, 1)) recurse(0);
  printf("survived\n");

  IN_CHILD("overflow without alternate stack", {
    set(SS_DISABLE, 0);
    recurse(0);
  });
  return 0;
}

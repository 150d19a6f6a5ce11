#include "cases.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

static volatile int seen[65], order[16], order_count;
static void count(int number) {
  seen[number]++;
  if (order_count < 16) order[order_count++] = number;
}

static void install(int number, void (*handler)(int), int flags, int masked) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  if (masked) sigaddset(&action.sa_mask, masked);
  sigaction(number, &action, NULL);
}

CASE(Sigaction, ReadsBackAndErrors) {
  struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART | SA_NODEFER}, old;
  sigaddset(&action.sa_mask, SIGUSR2);
  SHOW(sigaction(SIGUSR1, &action, NULL));
  SHOW(sigaction(SIGUSR1, NULL, &old));
  printf("%d %x %d\n", old.sa_handler == count, old.sa_flags & ~0x04000000,
         sigismember(&old.sa_mask, SIGUSR2));
  SHOW(sigaction(SIGKILL, &action, NULL));
  SHOW(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR1, (void*)8, NULL, 8));
}

CASE(Sigprocmask, BlocksAndPending) {
  install(SIGUSR1, count, 0, 0);
  sigset_t set, old, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGKILL);
  SHOW(sigprocmask(SIG_BLOCK, &set, NULL));
  seen[SIGUSR1] = 0;
  raise(SIGUSR1);
  raise(SIGUSR1);
  SHOW(sigpending(&pending));
  printf("%d %d\n", sigismember(&pending, SIGUSR1), seen[SIGUSR1]);
  sigprocmask(SIG_SETMASK, NULL, &old);
  printf("%d %d\n", sigismember(&old, SIGUSR1), sigismember(&old, SIGKILL));
  SHOW(sigprocmask(SIG_UNBLOCK, &set, NULL));
  printf("%d\n", seen[SIGUSR1]);
  SHOW(syscall(SYS_rt_sigprocmask, 9, &set, NULL, 8));
  SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16));
}

CASE(Realtime, QueuedInOrderWithValues) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < 3; i++) sigaddset(&set, SIGRTMIN + i);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int i = 0; i < 4; i++) {
    union sigval value = {.sival_int = 10 + i};
    sigqueue(getpid(), SIGRTMIN + 2 - i % 3, value);
  }
  siginfo_t info;
  for (int i = 0; i < 4; i++) {
    int number = sigwaitinfo(&set, &info);
    printf("%d %d %d %d\n", number - SIGRTMIN, info.si_value.sival_int, info.si_code,
           info.si_pid == getpid());
  }
  struct timespec limit = {0, 1000000};
  SHOW(sigtimedwait(&set, &info, &limit));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void raise_second(int number) {
  count(number);
  raise(SIGUSR2);
  order[order_count++] = 100 + number;
}

CASE(Handler, MaskHoldsSecondSignalBack) {
  order_count = 0;
  install(SIGUSR2, count, 0, 0);
  install(SIGUSR1, raise_second, 0, SIGUSR2);
  raise(SIGUSR1);
  install(SIGUSR1, raise_second, 0, 0);
  raise(SIGUSR1);
  for (int i = 0; i < order_count; i++) printf("%d ", order[i]);
  puts("");
}

CASE(Handler, ResethandAndNodefer) {
  install(SIGUSR1, count, SA_RESETHAND, 0);
  raise(SIGUSR1);
  struct sigaction old;
  sigaction(SIGUSR1, NULL, &old);
  printf("%d\n", old.sa_handler == SIG_DFL);
}

static volatile int on_alternate;
static char alternate[65536];
static void look_at_stack(int number) {
  char here;
  (void)number;
  stack_t now;
  sigaltstack(NULL, &now);
  on_alternate = &here > alternate && &here < alternate + sizeof alternate;
  printf("flags %d\n", now.ss_flags);
}

CASE(Sigaltstack, HandlerRunsThere) {
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
  SHOW(sigaltstack(&stack, &old));
  printf("%d\n", old.ss_flags);
  install(SIGUSR1, look_at_stack, SA_ONSTACK, 0);
  raise(SIGUSR1);
  printf("%d\n", on_alternate);
  install(SIGUSR1, look_at_stack, 0, 0);
  raise(SIGUSR1);
  printf("%d\n", on_alternate);
  stack.ss_size = 100;
  SHOW(sigaltstack(&stack, NULL));
  stack.ss_flags = SS_DISABLE;
  SHOW(sigaltstack(&stack, NULL));
}

static void skip_instruction(int number, siginfo_t* info, void* context) {
  ucontext_t* state = context;
  printf("%d %d address %d trap %lld\n", number, info->si_code,
         info->si_addr == (void*)state->uc_mcontext.gregs[REG_RIP],
         state->uc_mcontext.gregs[REG_TRAPNO]);
  state->uc_mcontext.gregs[REG_RIP] += 2;
  state->uc_mcontext.gregs[REG_RBX] = 42;
}

CASE(Context, EditsAreSeen) {
  struct sigaction action = {.sa_sigaction = skip_instruction, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &action, NULL);
  long value = 1;
  asm volatile("ud2" : "+b"(value));
  printf("%ld\n", value);
}

static sigjmp_buf recovery;
static void jump_out(int number, siginfo_t* info, void* context) {
  ucontext_t* state = context;
  printf("%d %d trap %lld error %lld\n", number, info->si_code,
         state->uc_mcontext.gregs[REG_TRAPNO], state->uc_mcontext.gregs[REG_ERR]);
  siglongjmp(recovery, 1);
}

CASE(Exceptions, SignalsAndCodes) {
  struct sigaction action = {.sa_sigaction = jump_out, .sa_flags = SA_SIGINFO};
  int numbers[] = {SIGSEGV, SIGFPE, SIGTRAP, SIGILL};
  for (int i = 0; i < 4; i++) sigaction(numbers[i], &action, NULL);
  if (!sigsetjmp(recovery, 1)) *(volatile int*)8 = 1;
  if (!sigsetjmp(recovery, 1)) asm volatile("xorl %%ecx, %%ecx; divl %%ecx" ::: "ecx", "eax", "edx");
  if (!sigsetjmp(recovery, 1)) asm volatile("int3");
  if (!sigsetjmp(recovery, 1)) asm volatile("hlt");
  if (!sigsetjmp(recovery, 1)) asm volatile("ud2");
  if (!sigsetjmp(recovery, 1)) asm volatile("movq (%0), %%rax" ::"r"(0x8000000000000000) : "rax");
}

CASE(Exceptions, DefaultActionKills) {
  int numbers[] = {SIGTERM, SIGUSR1, SIGKILL, SIGRTMIN + 3};
  for (int i = 0; i < 4; i++) {
    pid_t child = fork();
    if (!child) {
      signal(numbers[i], SIG_DFL);
      raise(numbers[i]);
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    printf("%d %d\n", WIFSIGNALED(status), WTERMSIG(status));
  }
  pid_t child = fork();
  if (!child) {
    signal(SIGSEGV, SIG_DFL);
    *(volatile int*)8 = 1;
  }
  int status;
  waitpid(child, &status, 0);
  printf("%d %d\n", WIFSIGNALED(status), WTERMSIG(status));
}

CASE(Sigsuspend, RestoresMask) {
  install(SIGALRM, count, 0, 0);
  sigset_t block, none, now;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  sigprocmask(SIG_BLOCK, &block, NULL);
  seen[SIGALRM] = 0;
  struct itimerval timer = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  SHOW(sigsuspend(&none));
  sigprocmask(SIG_SETMASK, NULL, &now);
  printf("%d %d\n", seen[SIGALRM], sigismember(&now, SIGALRM));
  sigprocmask(SIG_UNBLOCK, &block, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
  SHOW(syscall(SYS_pause));
}

CASE(Loop, SignalsInterruptComputation) {
  install(SIGALRM, count, 0, 0);
  seen[SIGALRM] = 0;
  struct itimerval timer = {{0, 3000}, {0, 3000}}, off = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &timer, NULL);
  unsigned long sum = 0;
  while (seen[SIGALRM] < 10) sum += sum * 3 + 1;
  setitimer(ITIMER_REAL, &off, NULL);
  puts("done");
}

CASE(Sigchld, InfoOfChild) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  pid_t child = fork();
  if (!child) _exit(5);
  siginfo_t info;
  SHOW(sigwaitinfo(&set, &info));
  printf("%d %d %d\n", info.si_code, info.si_status, info.si_pid == child);
  int status;
  waitpid(child, &status, 0);
  printf("%d\n", WEXITSTATUS(status));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void* wait_for_signal(void* argument) {
  (void)argument;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  int number = 0;
  sigwait(&set, &number);
  return (void*)(long)number;
}

CASE(Threads, SignalToOneThread) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  pthread_t thread;
  pthread_create(&thread, NULL, wait_for_signal, NULL);
  pthread_kill(thread, SIGUSR1);
  void* result;
  pthread_join(thread, &result);
  printf("%ld\n", (long)result);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

// sigaction(2): queries, flags, SA_RESETHAND, ignored and default dispositions, errors.
#include "tests/guest/guest.h"
#include <sys/prctl.h>

static volatile int calls;
static void count(int signal, siginfo_t* info, void* context) { (void)signal, (void)info, (void)context, calls++; }

struct kernel_action { unsigned long handler, flags, restorer, mask; };

static void show(int signal) {
  struct kernel_action a = {1, 1, 1, 1};
  long result = syscall(SYS_rt_sigaction, signal, NULL, &a, 8);
  printf("signal %d: %ld handler %d flags %#lx mask %#lx\n", signal, result, a.handler > 1 ? 2 : (int)a.handler,
         a.flags & ~0x04000000ul, a.mask);
}

int main(void) {
  for (int signal = 1; signal <= 64; signal++) show(signal);
  install(SIGUSR1, count, SA_RESETHAND | SA_RESTART);
  show(SIGUSR1);
  raise(SIGUSR1);
  show(SIGUSR1);
  printf("calls %d\n", calls);
  IN_CHILD("reset handler", raise(SIGUSR1));

  struct kernel_action all = {1, ~0ul, 0, ~0ul};
  printf("all flags: %ld\n", syscall(SYS_rt_sigaction, SIGUSR2, &all, NULL, 8));
  show(SIGUSR2);
  int errors[] = {0, 65, -1, SIGKILL, SIGSTOP};
  for (int i = 0; i < 5; i++) {
    long result = syscall(SYS_rt_sigaction, errors[i], &all, NULL, 8);
    printf("set %d: %ld %d\n", errors[i], result, errno);
  }
  errno = 0;
  printf("size: %ld %d\n", syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), errno);
  printf("fault: %ld %d\n", syscall(SYS_rt_sigaction, SIGUSR1, 16, NULL, 8), errno);

  int fatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV,
                 SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGSYS, SIGRTMIN, SIGRTMAX, 32, 33};
  for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++) {
    IN_CHILD("default", kill(getpid(), fatal[i]));
    IN_CHILD("ignored", {
      signal(fatal[i], SIG_IGN);
      kill(getpid(), fatal[i]);
    });
  }
  int harmless[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
  for (unsigned i = 0; i < 4; i++) IN_CHILD("harmless", kill(getpid(), harmless[i]));

  // A fault is not stopped by a blocked or ignored signal.
  IN_CHILD("ignored fault", {
    signal(SIGSEGV, SIG_IGN);
    *(volatile char*)8 = 0;
  });
  IN_CHILD("blocked fault", {
    install(SIGSEGV, count, 0);
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    *(volatile char*)8 = 0;
  });
  IN_CHILD("blocked kill", {
    sigset_t set;
    install(SIGSEGV, count, 0);
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    kill(getpid(), SIGSEGV);
    kill(getpid(), SIGSEGV);
    sigset_t pending;
    sigpending(&pending);
    printf("pending %d calls %d\n", sigismember(&pending, SIGSEGV), calls);
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    printf("calls %d\n", calls);
  });
  IN_CHILD("abort", abort());
  return 0;
}

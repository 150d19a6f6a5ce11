// Synchronous waiting: sigsuspend, sigwaitinfo, sigtimedwait, signalfd, ppoll's mask.
#include "tests/guest/guest.h"
#include <poll.h>
#include <sys/signalfd.h>

static volatile int last, calls;
static unsigned long long in_handler;

static unsigned long long mask_bits(void) {
  unsigned long long bits = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &bits, 8);
  return bits;
}

static void handler(int signal, siginfo_t* info, void* context) {
  (void)info;
  last = signal, calls++;
  in_handler = mask_bits();
  printf("  handler %d saved mask %#lx\n", signal, ((ucontext_t*)context)->uc_sigmask.__val[0]);
}

static void after(const char* name, long result) {
  printf("%s: %ld errno %d last %d calls %d in handler %#llx now %#llx\n", name, result < 0 ? -1 : result,
         result < 0 ? errno : 0, last, calls, in_handler, mask_bits());
}

int main(void) {
  sigset_t blocked, none, usr1;
  sigemptyset(&none);
  sigemptyset(&blocked);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  int all[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGRTMIN, SIGRTMIN + 1};
  for (int i = 0; i < 5; i++) {
    sigaddset(&blocked, all[i]);
    install(all[i], handler, 0);
  }
  sigprocmask(SIG_SETMASK, &blocked, NULL);

  raise(SIGUSR1);
  raise(SIGUSR2);
  after("sigsuspend", sigsuspend(&none));
  alarm(1);
  after("sigsuspend waiting", sigsuspend(&none));
  raise(SIGUSR2);
  alarm(1);
  sigset_t not_usr2 = none;
  sigaddset(&not_usr2, SIGUSR2);
  after("sigsuspend, USR2 blocked", sigsuspend(&not_usr2));

  raise(SIGUSR1);
  after("ppoll", ppoll(NULL, 0, &(struct timespec){1, 0}, &none));
  struct pollfd ready = {1, POLLOUT, 0};
  raise(SIGUSR1);
  after("ppoll of a ready descriptor", ppoll(&ready, 1, NULL, &none));
  sigset_t pending;
  sigpending(&pending);
  printf("pending %d\n", sigismember(&pending, SIGUSR1));

  siginfo_t info;
  memset(&info, 0, sizeof info);
  int r = sigwaitinfo(&usr1, &info);
  after("sigwaitinfo", r);
  for (int i = 0; i < 3; i++) sigqueue(getpid(), SIGRTMIN + (i & 1), (union sigval){.sival_int = i});
  sigset_t rt = none;
  sigaddset(&rt, SIGRTMIN);
  sigaddset(&rt, SIGRTMIN + 1);
  for (int i = 0; i < 3; i++) {
    r = sigwaitinfo(&rt, &info);
    printf("rt %d value %d code %d\n", r - SIGRTMIN, info.si_value.sival_int, info.si_code);
  }
  after("sigtimedwait", sigtimedwait(&rt, &info, &(struct timespec){0, 1000000}));

  int fd = signalfd(-1, &rt, SFD_CLOEXEC | SFD_NONBLOCK);
  struct signalfd_siginfo s;
  r = read(fd, &s, sizeof s);
  after("signalfd empty", r);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 77});
  r = read(fd, &s, sizeof s);
  printf("signalfd %d signo %d int %d code %d pid %d\n", r, s.ssi_signo - SIGRTMIN, s.ssi_int, s.ssi_code,
         s.ssi_pid == (unsigned)getpid());
  raise(SIGUSR2);  // two pending, one unblock
  raise(SIGUSR1);
  sigprocmask(SIG_SETMASK, &none, NULL);
  after("unblock", 0);

  // A fault signal that was sent, waited for.
  sigset_t segv = none;
  sigaddset(&segv, SIGSEGV);
  sigprocmask(SIG_BLOCK, &segv, NULL);
  kill(getpid(), SIGSEGV);
  r = sigwaitinfo(&segv, &info);
  printf("waited for %d code %d\n", r, info.si_code);
  return 0;
}

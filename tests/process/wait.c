// wait(2): statuses, stops and continues, options, SIGCHLD's siginfo, orphans, process groups, sessions.
#include "tests/guest/guest.h"
#include <sys/prctl.h>
#include <sys/resource.h>

static volatile int chld;
static siginfo_t last;
static void on_chld(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)context;
  last = *info;
  chld++;
}

// SIGCHLD number n, before the next one can fall together with it.
static void await(int n) {
  while (chld < n) sleep_ms(1);
  printf("SIGCHLD code %d status %d uid %d\n", last.si_code, last.si_status, last.si_uid == getuid());
}

static void one(const char* name, pid_t pid, int options) {
  int status = 0;
  struct rusage usage;
  memset(&usage, 0, sizeof usage);
  pid_t r = wait4(pid, &status, options, &usage);
  printf("%s: %s %#x\n", name, r == pid ? "pid" : r == 0 ? "none" : "error", status);
}

int main(void) {
  install(SIGCHLD, on_chld, SA_RESTART);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    while (1) pause();
  }
  one("nothing yet", pid, WNOHANG);
  kill(pid, SIGSTOP);
  one("stopped", pid, WUNTRACED);
  await(1);
  kill(pid, SIGCONT);
  one("continued", pid, WCONTINUED);
  await(2);
  kill(pid, SIGTERM);
  one("terminated", pid, 0);
  await(3);
  one("gone", pid, 0);
  printf("handler calls %d\n", chld);
  signal(SIGCHLD, SIG_DFL);

  for (int code = 0; code < 512; code += 37) {
    fflush(stdout);
    pid = fork();
    if (pid == 0) _exit(code);
    one("exit", pid, 0);
  }
  fflush(stdout);
  pid = fork();
  if (pid == 0) _exit(7);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int r = waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
  printf("waitid %d signo %d code %d status %d\n", r, info.si_signo, info.si_code, info.si_status);
  one("still there", pid, 0);
  memset(&info, 1, sizeof info);
  r = waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
  printf("waitid %d errno %d\n", r, errno);

  signal(SIGCHLD, SIG_IGN);
  pid = fork();
  if (pid == 0) _exit(1);
  one("ignored", pid, 0);
  signal(SIGCHLD, SIG_DFL);

  IN_CHILD("group and session", {
    EXPECT(setpgid(0, 0) == 0);
    printf("leader %d %d\n", getpgrp() == getpid(), setsid() == -1 && errno == EPERM);
    pid_t inner = fork();
    if (inner == 0) {
      printf("session %d %d\n", setsid() == getpid(), getsid(0) == getpid() && getpgid(0) == getpid());
      fflush(stdout);
      _exit(0);
    }
    waitpid(inner, NULL, 0);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
  });
  IN_CHILD("subreaper", {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int to[2];
    EXPECT(pipe(to) == 0);
    pid_t middle = fork();
    if (middle == 0) {
      pid_t orphan = fork();
      if (orphan == 0) {
        while (getppid() != *(volatile pid_t*)&middle && getppid() == 0) {
        }
        sleep_ms(50);
        _exit(33);
      }
      EXPECT(write(to[1], &orphan, sizeof orphan) == sizeof orphan);
      _exit(0);
    }
    waitpid(middle, NULL, 0);
    pid_t orphan;
    EXPECT(read(to[0], &orphan, sizeof orphan) == sizeof orphan);
    one("orphan", orphan, 0);
  });
  IN_CHILD("parent death signal", {
    pid_t parent = fork();
    if (parent == 0) {
      int ready[2];
      EXPECT(pipe(ready) == 0);
      if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGUSR1);
        EXPECT(write(ready[1], "x", 1) == 1);
        while (1) pause();
      }
      char c;
      EXPECT(read(ready[0], &c, 1) == 1);
      _exit(0);
    }
    waitpid(parent, NULL, 0);
  });
  struct rlimit limit = {0, 0};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 50;
  EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  int fd, last = 0;
  while ((fd = dup(0)) >= 0) last = fd;
  printf("last descriptor %d errno %d\n", last, errno);
  for (fd = 3; fd <= last; fd++) close(fd);
  EXPECT(dup2(1, 49) == 49);
  EXPECT(write(49, "through 49\n", 11) == 11);
  IN_CHILD("after close", execl("/bin/true", "true", NULL));
  return 0;
}

// fork(2), vfork(2), clone(2), clone3(2): what children have and what they share; in threads, too.
#include "tests/guest/guest.h"
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>

static volatile int shared;

static int child_function(void* argument) {
  shared = *(int*)argument;
  return 3;
}

static char stack[4][65536] __attribute__((aligned(16)));

static void show(const char* name, pid_t pid, int options) {
  int status = 0;
  pid_t r = waitpid(pid, &status, options);
  printf("%s: %s status %#x shared %d\n", name, r == pid ? "waited" : "not waited", status, shared);
}

static void handler(int signal) { (void)signal; }

static void* fork_many(void* unused) {
  long ok = 0;
  for (int i = 0; i < 20; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      void* p = malloc(1000);
      free(p);
      _exit(i);
    }
    int status;
    ok += waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i;
  }
  (void)unused;
  return (void*)ok;
}

static volatile int stop;
static void* churn(void* unused) {
  while (!stop) free(malloc(100 + rand() % 5000));
  return unused;
}

int main(void) {
  int value = 11;
  pid_t pid = fork();
  if (pid == 0) {
    shared = 1;
    _exit(getppid() > 0 && syscall(SYS_gettid) == getpid() ? 4 : 5);
  }
  show("fork", pid, 0);

  pid = vfork();
  if (pid == 0) {
    shared = 2;
    _exit(1);
  }
  show("vfork", pid, 0);

  show("clone VM VFORK", clone(child_function, stack[0] + 65536, CLONE_VM | CLONE_VFORK | SIGCHLD, &value), 0);
  value = 12;
  show("clone VM", clone(child_function, stack[1] + 65536, CLONE_VM | SIGCHLD, &value), 0);
  value = 13;
  show("clone", clone(child_function, stack[2] + 65536, SIGCHLD, &value), 0);
  show("clone without a signal", clone(child_function, stack[2] + 65536, 0, &value), __WALL);

  int parent_tid = 0, child_tid = 0;
  value = 14;
  pid = clone(child_function, stack[3] + 65536,
              CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &value, &parent_tid, NULL,
              &child_tid);
  printf("tids %d %d\n", parent_tid == pid, child_tid == pid);
  show("clone with tids", pid, 0);

  // Dispositions of a vfork child are its own.
  signal(SIGUSR1, handler);
  pid = vfork();
  if (pid == 0) {
    signal(SIGUSR1, SIG_IGN);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  struct sigaction action;
  sigaction(SIGUSR1, NULL, &action);
  printf("handler kept %d\n", action.sa_handler == handler);

  int pidfd = -1;
  struct clone_args args = {.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD};
  fflush(stdout);
  pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    sigaction(SIGUSR1, NULL, &action);
    _exit(action.sa_handler == SIG_DFL ? 21 : 22);
  }
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int r = waitid(P_PIDFD, pidfd, &info, WEXITED);
  printf("clone3 %d: code %d status %d pid %d\n", r, info.si_code, info.si_status, info.si_pid == pid);

  long errors[][2] = {{CLONE_THREAD, 0}, {CLONE_SIGHAND, 0}, {CLONE_NEWNS | CLONE_FS, 0}, {CLONE_VM | CLONE_THREAD, 0}};
  for (int i = 0; i < 4; i++) {
    long e = syscall(SYS_clone, errors[i][0], stack[0] + 65536, 0, 0, 0);
    printf("error %ld %d\n", e, errno);
  }
  struct clone_args bad = {.exit_signal = 65};
  printf("clone3 %ld %d\n", syscall(SYS_clone3, &bad, sizeof bad), errno);
  printf("clone3 %ld %d\n", syscall(SYS_clone3, &bad, 8), errno);
  printf("clone3 %ld %d\n", syscall(SYS_clone3, NULL, sizeof bad), errno);

  pthread_t threads[4];
  pthread_create(&threads[3], NULL, churn, NULL);
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, fork_many, NULL);
  for (int i = 0; i < 3; i++) {
    void* ok;
    pthread_join(threads[i], &ok);
    printf("forked in a thread: %ld\n", (long)ok);
  }
  stop = 1;
  pthread_join(threads[3], NULL);
  return 0;
}

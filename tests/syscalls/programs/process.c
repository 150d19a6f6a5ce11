#include "cases.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static int wait_status(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

CASE(Fork, MemoryIsCopied) {
  volatile int value = 1;
  pid_t child = fork();
  if (!child) {
    value = 2;
    _exit(value);
  }
  printf("%x %d\n", wait_status(child), value);
}

CASE(Vfork, MemoryIsShared) {
  static volatile int value = 1;
  pid_t child = vfork();
  if (!child) {
    value = 2;
    _exit(3);
  }
  printf("%d %x\n", value, wait_status(child));
}

CASE(Vfork, ExecErrorReachesTheParent) {
  static volatile int error;
  pid_t child = vfork();
  if (!child) {
    char* arguments[] = {"missing", NULL};
    execve("/missing", arguments, arguments + 1);
    error = errno;
    _exit(1);
  }
  printf("%x %s\n", wait_status(child), strerrorname_np(error));
  pid_t spawned;
  char* arguments[] = {"missing", NULL};
  printf("%s\n", strerrorname_np(posix_spawn(&spawned, "/missing", NULL, NULL, arguments, NULL)));
}

CASE(Execve, Errors) {
  char* none[] = {NULL};
  make_file("not-executable", "text");
  SHOW(execve("not-executable", none, none));
  chmod("not-executable", 0700);
  make_file("empty", "");
  chmod("empty", 0700);
  SHOW(execve("empty", none, none));
  make_file("elf", "\177ELF\2\1\1");
  chmod("elf", 0700);
  SHOW(execve("elf", none, none));
  SHOW(execve(".", none, none));
  SHOW(execve("", none, none));
  SHOW(execve((char*)8, none, none));
  SHOW(execve("/missing/x", none, none));
}

CASE(Wait, StatusesAndErrors) {
  SHOW(wait4(-1, NULL, 0, NULL));
  pid_t child = fork();
  if (!child) {
    raise(SIGSTOP);
    _exit(9);
  }
  int status;
  struct rusage usage;
  printf("%d\n", wait4(child, &status, WUNTRACED, &usage) == child);
  printf("%x\n", status);
  kill(child, SIGCONT);
  siginfo_t info;
  SHOW(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
  printf("%d %d %d\n", info.si_code, info.si_status, info.si_pid == child);
  printf("%d\n", waitpid(-1, &status, 0) == child);
  printf("%x\n", status);
  SHOW(waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
  SHOW(waitpid(-1, &status, 0x8000));
}

CASE(Ids, SessionsAndGroups) {
  printf("%d %d\n", getppid() > 0, getpgid(0) == getpgrp());
  pid_t child = fork();
  if (!child) {
    printf("%d\n", setsid() == getpid());
    printf("%d\n", getsid(0) == getpid());
    SHOW(setsid());
    SHOW(setpgid(0, 0));
    fflush(stdout);
    _exit(0);
  }
  wait_status(child);
  SHOW(getpgid(99999999));
  uid_t real, effective, saved;
  SHOW(getresuid(&real, &effective, &saved));
  printf("%d\n", real == getuid() && effective == geteuid());
  SHOW(setresuid(-1, -1, -1));
  SHOW(syscall(SYS_setfsuid, -1) == (long)geteuid());
  SHOW_OK(getgroups(0, NULL));
}

CASE(Limits, GetAndSet) {
  struct rlimit limit = {100, 200}, got;
  SHOW(setrlimit(RLIMIT_NPROC, NULL));
  SHOW(syscall(SYS_getrlimit, RLIMIT_CORE, &got));
  SHOW(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &got));
  limit = (struct rlimit){64, got.rlim_max};
  SHOW(syscall(SYS_setrlimit, RLIMIT_NOFILE, &limit));
  SHOW(dup2(0, 64));
  SHOW(dup2(0, 63));
  SHOW(getrlimit(RLIMIT_NOFILE, &got));
  printf("%d\n", (int)got.rlim_cur);
  SHOW(syscall(SYS_getrlimit, 99, &got));
  struct rusage usage;
  SHOW(getrusage(RUSAGE_SELF, &usage));
  SHOW(getrusage(99, &usage));
}

CASE(Prctl, NamesAndFlags) {
  char name[16] = "";
  SHOW(prctl(PR_SET_NAME, "a-name-that-is-too-long"));
  SHOW(prctl(PR_GET_NAME, name));
  puts(name);
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_PDEATHSIG, SIGUSR1));
  int number = 0;
  SHOW(prctl(PR_GET_PDEATHSIG, &number));
  printf("%d\n", number);
  SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
  SHOW(prctl(99999));
  FILE* file = fopen("/proc/self/comm", "r");
  fgets(name, sizeof name, file);
  fclose(file);
  printf("%s", name);
}

CASE(Sched, PolicyAndAffinity) {
  SHOW(sched_getscheduler(0));
  struct sched_param parameters = {1};
  SHOW(sched_getparam(0, &parameters));
  printf("%d\n", parameters.sched_priority);
  SHOW(sched_get_priority_max(SCHED_FIFO));
  SHOW(sched_get_priority_min(99));
  cpu_set_t set;
  SHOW(sched_getaffinity(0, sizeof set, &set));
  printf("%d\n", CPU_COUNT(&set) > 0);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  SHOW(sched_yield());
  unsigned cpu;
  SHOW(getcpu(&cpu, NULL));
  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(setpriority(99, 0, 0));
}

CASE(Futex, WakeAndErrors) {
  int word = 5;
  struct timespec limit = {0, 1000000};
  SHOW(syscall(SYS_futex, &word, FUTEX_WAIT, 4, NULL, NULL, 0));
  SHOW(syscall(SYS_futex, &word, FUTEX_WAIT, 5, &limit, NULL, 0));
  SHOW(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0));
  SHOW(syscall(SYS_futex, (char*)&word + 1, FUTEX_WAIT, 5, NULL, NULL, 0));
  SHOW(syscall(SYS_futex, (void*)8, FUTEX_WAIT, 5, NULL, NULL, 0));
  SHOW(syscall(SYS_futex, &word, 99, 5, NULL, NULL, 0));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int counter, ready;
static __thread int own = 7;
static void* count_up(void* argument) {
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
  }
  own += (int)(long)argument;
  pthread_mutex_lock(&mutex);
  pthread_cond_broadcast(&condition);
  pthread_mutex_unlock(&mutex);
  return (void*)(long)own;
}

CASE(Threads, MutexConditionTls) {
  pthread_t threads[8];
  for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, count_up, (void*)i);
  pthread_mutex_lock(&mutex);
  while (counter < 8000) pthread_cond_wait(&condition, &mutex);
  pthread_mutex_unlock(&mutex);
  long sum = 0;
  for (int i = 0; i < 8; i++) {
    void* result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("%d %d %ld %d\n", counter, ready, sum, own);
}

static void* hold_and_exit(void* argument) {
  pthread_mutex_lock(argument);
  return NULL;
}

CASE(Threads, RobustMutexOfDeadOwner) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t robust;
  pthread_mutex_init(&robust, &attributes);
  pthread_t thread;
  pthread_create(&thread, NULL, hold_and_exit, &robust);
  pthread_join(thread, NULL);
  printf("%s\n", strerrorname_np(pthread_mutex_lock(&robust)));
  printf("%d\n", pthread_mutex_consistent(&robust));
}

CASE(Exit, GroupEndsAllThreads) {
  pid_t child = fork();
  if (!child) {
    pthread_t thread;
    pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&held);
    pthread_create(&thread, NULL, hold_and_exit, &held);
    _exit(17);
  }
  printf("%x\n", wait_status(child));
}

CASE(Pidfd, OpenSendWait) {
  pid_t child = fork();
  if (!child) {
    pause();
    _exit(0);
  }
  int fd = SHOW_OK(syscall(SYS_pidfd_open, child, 0));
  SHOW(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
  siginfo_t info;
  SHOW(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
  printf("%d %d\n", info.si_code, info.si_status);
  SHOW(syscall(SYS_pidfd_open, -1, 0));
}

#include "cases.h"

#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>

static volatile int signals_seen;
static void on_signal(int number) {
  (void)number;
  signals_seen++;
}

static double since(struct timespec* start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) / 1e9;
}

CASE(Time, ClocksAgree) {
  struct timespec real;
  struct timeval day;
  SHOW(syscall(SYS_clock_gettime, CLOCK_REALTIME, &real));
  SHOW(syscall(SYS_gettimeofday, &day, NULL));
  long stored = 0, now = syscall(SYS_time, &stored);
  printf("%d %d %d\n", labs(now - real.tv_sec) <= 1, labs(now - day.tv_sec) <= 1, now == stored);
  SHOW(syscall(SYS_time, (void*)8));
  SHOW(syscall(SYS_clock_gettime, 99, &real));
  struct timespec resolution;
  SHOW(clock_getres(CLOCK_MONOTONIC, &resolution));
  printf("%ld %ld\n", resolution.tv_sec, resolution.tv_nsec);
  SHOW(syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &real));
  SHOW(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &real));
}

CASE(Nanosleep, SleepsAndChecks) {
  struct timespec start, pause = {0, 30000000}, bad = {0, 1000000000};
  clock_gettime(CLOCK_MONOTONIC, &start);
  SHOW(syscall(SYS_nanosleep, &pause, NULL));
  double slept = since(&start);
  printf("%d\n", slept >= 0.03);
  SHOW(syscall(SYS_nanosleep, &bad, NULL));
  SHOW(syscall(SYS_nanosleep, (void*)8, NULL));
  clock_gettime(CLOCK_MONOTONIC, &start);
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL));
}

CASE(Nanosleep, SignalLeavesTheRest) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, 30000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  struct timespec pause = {20, 0}, rest = {0, 0};
  SHOW(nanosleep(&pause, &rest));
  printf("%d %d\n", signals_seen, rest.tv_sec >= 15 && rest.tv_sec < 20);
}

CASE(Alarm, LeftSeconds) {
  SHOW(syscall(SYS_alarm, 100));
  SHOW(syscall(SYS_alarm, 50));
  SHOW(syscall(SYS_alarm, 0));
  SHOW(syscall(SYS_alarm, 0));
  struct itimerval timer;
  SHOW(getitimer(ITIMER_REAL, &timer));
  printf("%ld\n", timer.it_value.tv_sec);
  SHOW(getitimer(9, &timer));
}

CASE(Timer, PosixTimerSignals) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR2, &action, NULL);
  signals_seen = 0;
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGUSR2);
  sigprocmask(SIG_BLOCK, &block, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
  timer_t timer;
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  struct itimerspec when = {.it_value = {0, 20000000}}, left;
  SHOW(timer_settime(timer, 0, &when, NULL));
  SHOW(sigsuspend(&none));
  printf("%d\n", signals_seen);
  SHOW(timer_gettime(timer, &left));
  printf("%ld\n", (long)left.it_value.tv_sec);
  SHOW(timer_getoverrun(timer));
  SHOW(timer_delete(timer));
  SHOW(timer_create(99, &event, &timer));
  sigprocmask(SIG_UNBLOCK, &block, NULL);
}

CASE(Timerfd, CountsExpirations) {
  int fd = SHOW_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
  uint64_t count = 0;
  SHOW(read(fd, &count, 8));
  struct itimerspec when = {.it_value = {0, 1000000}}, old;
  SHOW(timerfd_settime(fd, 0, &when, NULL));
  usleep(20000);
  SHOW(read(fd, &count, 8));
  printf("%lu\n", count);
  when.it_value.tv_sec = 100;
  timerfd_settime(fd, 0, &when, NULL);
  SHOW(timerfd_gettime(fd, &old));
  printf("%d\n", old.it_value.tv_sec >= 98);
  SHOW(timerfd_create(99, 0));
  close(fd);
}

CASE(Adjtimex, ReadOnly) {
  struct timex state = {0};
  printf("%d\n", adjtimex(&state) >= 0);
  printf("%d\n", state.tick > 0);
}

CASE(Times, Counts) {
  struct tms used;
  printf("%d\n", times(&used) > 0);
  SHOW(syscall(SYS_times, (void*)8));
}

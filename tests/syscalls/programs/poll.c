#include "cases.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

static volatile int signals_seen;
static void on_signal(int number) {
  (void)number;
  signals_seen++;
}

static void catch_alarm(int flags) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
  sigaction(SIGALRM, &action, NULL);
  signals_seen = 0;
}

static void alarm_in(int milliseconds) {
  struct itimerval timer = {.it_value = {0, milliseconds * 1000}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

CASE(Poll, ReadyAndTimeout) {
  int fds[2];
  pipe(fds);
  struct pollfd polled[3] = {{fds[0], POLLIN, 0}, {fds[1], POLLOUT, 0}, {999, POLLIN, 0}};
  SHOW(syscall(SYS_poll, polled, 1, 10));
  SHOW(syscall(SYS_poll, polled, 3, 1000));
  printf("%x %x %x\n", polled[0].revents, polled[1].revents, polled[2].revents);
  close(fds[1]);
  SHOW(syscall(SYS_poll, polled, 1, -1));
  printf("%x\n", polled[0].revents);
  SHOW(syscall(SYS_poll, (void*)8, 1, 0));
  SHOW(syscall(SYS_poll, NULL, 0, 5));
  close(fds[0]);
}

CASE(Poll, SignalGivesEINTR) {
  catch_alarm(SA_RESTART);
  alarm_in(20);
  SHOW(syscall(SYS_poll, NULL, 0, 5000));
  printf("%d\n", signals_seen);
}

CASE(Ppoll, MaskLetsSignalIn) {
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  catch_alarm(0);
  sigprocmask(SIG_BLOCK, &block, NULL);
  raise(SIGALRM);
  struct timespec limit = {0, 10000000};
  SHOW(syscall(SYS_ppoll, NULL, 0, &limit, NULL, 0));
  printf("%d\n", signals_seen);
  limit = (struct timespec){5, 0};
  SHOW(syscall(SYS_ppoll, NULL, 0, &limit, &none, 8));
  printf("%d\n", signals_seen);
  sigset_t now;
  sigprocmask(SIG_SETMASK, NULL, &now);
  printf("%d\n", sigismember(&now, SIGALRM));
  sigprocmask(SIG_UNBLOCK, &block, NULL);
  SHOW(syscall(SYS_ppoll, NULL, 0, &limit, &none, 4));
}

CASE(Select, ReadyAndRemainingTime) {
  int fds[2];
  pipe(fds);
  fd_set read_set, write_set;
  FD_ZERO(&read_set);
  FD_ZERO(&write_set);
  FD_SET(fds[0], &read_set);
  FD_SET(fds[1], &write_set);
  struct timeval limit = {100, 0};
  SHOW(syscall(SYS_select, fds[1] + 1, &read_set, &write_set, NULL, &limit));
  printf("%d %d %d\n", FD_ISSET(fds[0], &read_set), FD_ISSET(fds[1], &write_set),
         limit.tv_sec >= 98 && limit.tv_sec <= 100);
  FD_SET(fds[0], &read_set);
  limit = (struct timeval){0, 10000};
  SHOW(syscall(SYS_select, fds[0] + 1, &read_set, NULL, NULL, &limit));
  printf("%ld %ld\n", (long)limit.tv_sec, (long)limit.tv_usec);
  limit.tv_sec = -1;
  SHOW(syscall(SYS_select, 0, NULL, NULL, NULL, &limit));
  SHOW(syscall(SYS_select, -1, NULL, NULL, NULL, NULL));
  FD_ZERO(&read_set);
  FD_SET(40, &read_set);
  limit = (struct timeval){0, 0};
  SHOW(syscall(SYS_select, 41, &read_set, NULL, NULL, &limit));
}

CASE(Pselect, MaskLetsSignalIn) {
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  catch_alarm(0);
  sigprocmask(SIG_BLOCK, &block, NULL);
  raise(SIGALRM);
  struct timespec limit = {5, 0};
  SHOW(pselect(0, NULL, NULL, NULL, &limit, &none));
  printf("%d\n", signals_seen);
  limit = (struct timespec){0, 1000};
  SHOW(pselect(0, NULL, NULL, NULL, &limit, NULL));
  sigprocmask(SIG_UNBLOCK, &block, NULL);
}

CASE(Epoll, EventsCarryTheirData) {
  int fds[2], epoll = SHOW_OK(syscall(SYS_epoll_create, 1));
  pipe(fds);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0};
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
  event.events = EPOLLOUT;
  event.data.u64 = 0x0fedcba987654321;
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[1], &event));
  struct epoll_event got[4];
  memset(got, 0x55, sizeof got);
  SHOW(syscall(SYS_epoll_wait, epoll, got, 4, 0));
  printf("%x %lx\n", got[0].events, got[0].data.u64);
  write(fds[1], "x", 1);
  SHOW(epoll_wait(epoll, got, 4, -1));
  printf("%lx %lx\n", got[0].data.u64 ^ got[1].data.u64, got[0].data.u64 + got[1].data.u64);
  SHOW(epoll_wait(epoll, got, 1, -1));
  event.events = EPOLLIN | EPOLLONESHOT;
  SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, fds[1], NULL));
  SHOW(epoll_wait(epoll, got, 4, 1000));
  SHOW(epoll_wait(epoll, got, 4, 10));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, fds[1], NULL));
  SHOW(epoll_ctl(epoll, 77, fds[0], &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], (void*)8));
  SHOW(epoll_wait(epoll, got, 0, 0));
  SHOW(epoll_wait(epoll, got, 1 << 30, 0));
  SHOW(syscall(SYS_epoll_create, 0));
  SHOW(epoll_create1(5));
  close(epoll);
}

CASE(Epoll, ManyEventsAtOnce) {
  int epoll = epoll_create1(0), fds[2], pipes = 300;
  for (int i = 0; i < pipes; i++) {
    if (pipe(fds)) break;
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data.u32 = (unsigned)i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[1], &event);
  }
  struct epoll_event got[400];
  int seen = 0, sum = 0;
  for (int n; (n = epoll_wait(epoll, got, 400, 0)) > 0; seen += n) {
    for (int i = 0; i < n; i++) sum += got[i].data.u32;
  }
  printf("%d %d\n", seen, sum);
  syscall(SYS_close_range, 3, ~0U, 0);
}

CASE(Epoll, PwaitMask) {
  int epoll = epoll_create1(0);
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  catch_alarm(0);
  sigprocmask(SIG_BLOCK, &block, NULL);
  raise(SIGALRM);
  struct epoll_event got;
  SHOW(epoll_pwait(epoll, &got, 1, 10, NULL));
  SHOW(epoll_pwait(epoll, &got, 1, 5000, &none));
  printf("%d\n", signals_seen);
  sigprocmask(SIG_UNBLOCK, &block, NULL);
  close(epoll);
}

CASE(Epoll, Pwait2Timeouts) {
  int epoll = epoll_create1(0);
  struct epoll_event got;
  struct timespec limit = {0, 1000};
  SHOW(syscall(441, epoll, &got, 1, &limit, NULL, 0));
  limit.tv_nsec = -1;
  SHOW(syscall(441, epoll, &got, 1, &limit, NULL, 0));
  close(epoll);
}

CASE(Read, RestartsUnderSaRestart) {
  int fds[2];
  pipe(fds);
  if (!fork()) {
    struct timespec pause = {0, 150000000};
    nanosleep(&pause, NULL);
    write(fds[1], "late", 4);
    _exit(0);
  }
  catch_alarm(SA_RESTART);
  alarm_in(30);
  char text[8];
  SHOW(read(fds[0], text, 8));
  printf("%d\n", signals_seen);
  catch_alarm(0);
  alarm_in(30);
  SHOW(read(fds[0], text, 8));
  printf("%d\n", signals_seen);
}

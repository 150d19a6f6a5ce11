// What a handler with SA_RESTART does to calls that wait (signal(7)). The first alarm interrupts the
// call; the second one ends the wait. A restarted call sees both.
#include "cases.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static volatile int alarms;
static void (*end_wait)(void);
static int pair[2];
static pid_t helper;
static int word = 1;

static void nothing(void) {}
static void write_byte(void) { write(pair[1], "x", 1); }
static void kill_helper(void) { kill(helper, SIGKILL); }
static void change_word(void) { word = 2; }
static void make_entry(void) { close(open("watch/entry", O_CREAT, 0600)); }
static void open_writer(void) { pair[1] = open("restart-fifo", O_RDWR); }
static void connect_to(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "restart-socket"};
  connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&name, sizeof name);
}

static void on_alarm(int number) {
  (void)number;
  if (++alarms == 2) end_wait();
}

static void start(void (*end)(void)) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  alarms = 0;
  end_wait = end;
  struct itimerval timer = {{0, 40000}, {0, 40000}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void stop(void) {
  struct itimerval off = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &off, NULL);
  puts(alarms > 1 ? "restarted" : "interrupted");
}

#define WAIT(end, call) \
  do {                  \
    start(end);         \
    SHOW(call);         \
    stop();             \
  } while (0)

// A child that holds a lock on the file until it is killed.
static int locked_by_child(const char* name, int whole) {
  int fds[2];
  char byte;
  pipe(fds);
  helper = fork();
  if (!helper) {
    int fd = open(name, O_CREAT | O_RDWR, 0600);
    struct flock lock = {.l_type = F_WRLCK};
    whole ? flock(fd, LOCK_EX) : fcntl(fd, F_SETLK, &lock);
    write(fds[1], "x", 1);
    for (;;) pause();
  }
  read(fds[0], &byte, 1);
  return open(name, O_RDWR);
}

CASE(Restart, ReadOfPipe) {
  char byte;
  pipe(pair);
  WAIT(write_byte, read(pair[0], &byte, 1));
}

CASE(Restart, SocketCalls) {
  char byte;
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  WAIT(write_byte, recv(pair[0], &byte, 1, 0));
  struct timeval limit = {5, 0};
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  WAIT(write_byte, recv(pair[0], &byte, 1, 0));
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "restart-socket"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(server, (struct sockaddr*)&name, sizeof name);
  listen(server, 1);
  start(connect_to);
  SHOW_OK(accept(server, NULL, NULL));
  stop();
}

CASE(Restart, WaitForChild) {
  helper = fork();
  if (!helper) {
    for (;;) pause();
  }
  start(kill_helper);
  printf("%d\n", wait4(helper, NULL, 0, NULL) == helper);
  stop();
}

CASE(Restart, Locks) {
  int fd = locked_by_child("restart-flock", 1);
  WAIT(kill_helper, flock(fd, LOCK_EX));
  waitpid(helper, NULL, 0);
  fd = locked_by_child("restart-lock", 0);
  struct flock lock = {.l_type = F_WRLCK};
  WAIT(kill_helper, fcntl(fd, F_SETLKW, &lock));
  waitpid(helper, NULL, 0);
}

CASE(Restart, OpenOfFifo) {
  mkfifo("restart-fifo", 0600);
  start(open_writer);
  SHOW_OK(open("restart-fifo", O_RDONLY));
  stop();
}

CASE(Restart, Futex) { WAIT(change_word, syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL, NULL, 0)); }

CASE(Restart, ReadOfInotify) {
  char buffer[256];
  mkdir("watch", 0700);
  int fd = inotify_init();
  inotify_add_watch(fd, "watch", IN_CREATE);
  WAIT(make_entry, read(fd, buffer, sizeof buffer));
}

CASE(Restart, NeverForPolling) {
  struct pollfd none;
  struct epoll_event event;
  struct timespec limit = {5, 0};
  struct timeval old_limit = {5, 0};
  int epoll = epoll_create1(0);
  WAIT(nothing, poll(&none, 0, 5000));
  WAIT(nothing, ppoll(&none, 0, &limit, NULL));
  WAIT(nothing, select(0, NULL, NULL, NULL, &old_limit));
  limit = (struct timespec){5, 0};
  WAIT(nothing, pselect(0, NULL, NULL, NULL, &limit, NULL));
  WAIT(nothing, epoll_wait(epoll, &event, 1, 5000));
}

CASE(Restart, NeverForSleeping) {
  struct timespec limit = {5, 0};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  WAIT(nothing, nanosleep(&limit, NULL));
  WAIT(nothing, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &limit, NULL));
  WAIT(nothing, pause());
  WAIT(nothing, sigtimedwait(&set, NULL, &limit));
}

CASE(Restart, NeverForSystemV) {
  struct { long type; char text[8]; } message;
  int queue = msgget(IPC_PRIVATE, 0600), semaphore = semget(IPC_PRIVATE, 1, 0600);
  WAIT(nothing, msgrcv(queue, &message, 8, 0, 0));
  struct sembuf take = {0, -1, 0};
  WAIT(nothing, semop(semaphore, &take, 1));
  msgctl(queue, IPC_RMID, NULL);
  semctl(semaphore, 0, IPC_RMID);
}

CASE(Restart, IgnoredSignalDoesNotInterrupt) {
  struct timespec limit = {0, 200000000};
  pid_t parent = getpid();
  signal(SIGUSR2, SIG_IGN);
  signal(SIGWINCH, SIG_DFL);
  if (!fork()) {
    struct timespec pause = {0, 30000000};
    nanosleep(&pause, NULL);
    kill(parent, SIGUSR2);
    kill(parent, SIGWINCH);
    _exit(0);
  }
  SHOW(nanosleep(&limit, NULL));
  wait(NULL);
}

CASE(Restart, StopAndContinueDoesNotInterrupt) {
  pid_t child = fork();
  if (!child) {
    struct timespec limit = {0, 300000000};
    SHOW(poll(NULL, 0, 300));
    SHOW(nanosleep(&limit, NULL));
    fflush(stdout);
    _exit(0);
  }
  for (int i = 0; i < 2; i++) {
    usleep(100000);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    kill(child, SIGCONT);
    usleep(250000);
  }
  waitpid(child, NULL, 0);
}

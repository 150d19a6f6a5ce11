// Interrupted system calls (signal(7)): which are restarted under SA_RESTART, which fail with EINTR.
#include "tests/guest/guest.h"
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

static volatile int calls;
static int to[2];

static void on_alarm(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info, (void)context;
  if (++calls == 2) EXPECT(write(to[1], "x", 1) == 1);
}

// Two alarms; the second one's handler writes to the pipe that the call waits for.
static void start(int flags) {
  EXPECT(pipe(to) == 0);
  calls = 0;
  install(SIGALRM, on_alarm, flags);
  // The second one leaves a slow machine time to turn them off after the first.
  struct itimerval timer = {{0, 150000}, {0, 30000}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void stop(const char* name, int flags, long result) {
  int error = errno;
  struct itimerval off = {0};
  setitimer(ITIMER_REAL, &off, NULL);
  printf("%s flags %#x: result %ld errno %d calls %d\n", name, flags, result < 0 ? -1 : result,
         result < 0 ? error : 0, calls > 2 ? 2 : calls);
  close(to[0]), close(to[1]);
}

static void each(int flags) {
  char c;
  start(flags);
  stop("read", flags, read(to[0], &c, 1));
  start(flags);
  struct pollfd p = {to[0], POLLIN, 0};
  stop("poll", flags, poll(&p, 1, 1000));
  start(flags);
  stop("ppoll", flags, ppoll(&p, 1, NULL, NULL));
  start(flags);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(to[0], &set);
  stop("select", flags, select(to[0] + 1, &set, NULL, NULL, NULL));
  start(flags);
  struct timespec t = {0, 500000000};
  stop("nanosleep", flags, nanosleep(&t, NULL));
  start(flags);
  stop("clock_nanosleep", flags, -clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL));
  start(flags);
  int ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN};
  epoll_ctl(ep, EPOLL_CTL_ADD, to[0], &e);
  stop("epoll_wait", flags, epoll_wait(ep, &e, 1, 1000));
  close(ep);
  start(flags);
  stop("pause", flags, pause());

  start(flags);
  int s[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  struct timeval tv = {0, 400000};
  setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  stop("recv with timeout", flags, recv(s[0], &c, 1, 0));
  close(s[0]), close(s[1]);

  start(flags);
  pid_t child = fork();
  if (child == 0) {
    sleep_ms(150);
    _exit(0);
  }
  stop("wait", flags, waitpid(child, NULL, 0) == child ? 1 : -1);
  waitpid(child, NULL, 0);

  start(flags);
  int word = 0;
  t.tv_nsec = 200000000;
  stop("futex with timeout", flags, syscall(SYS_futex, &word, 0, 0, &t, NULL, 0));
  start(flags);
  sem_t sem;
  sem_init(&sem, 0, 0);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  now.tv_sec += 1;
  stop("sem_timedwait", flags, flags ? 0 : sem_timedwait(&sem, &now));
  start(flags);
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGUSR1);
  stop("sigwaitinfo", flags, sigwaitinfo(&wanted, NULL));
}

// A stop and a continue without a handler do not end a sleep or a poll.
static void stopped(void) {
  pid_t child = fork();
  if (child == 0) {
    struct timespec t = {0, 300000000};
    int r = nanosleep(&t, NULL);
    printf("nanosleep over a stop: %d\n", r);
    r = poll(NULL, 0, 200);
    printf("poll over a stop: %d\n", r);
    fflush(stdout);
    _exit(0);
  }
  for (int i = 0; i < 4; i++) {
    sleep_ms(60);
    kill(child, SIGSTOP);
    kill(child, SIGCONT);
  }
  waitpid(child, NULL, 0);
}

int main(void) {
  each(0);
  each(SA_RESTART);
  fflush(stdout);
  stopped();
  return 0;
}

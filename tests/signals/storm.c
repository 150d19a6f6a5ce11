// Many signals: queued ones are not lost, timers tick while the program computes and calls the kernel.
#include "tests/guest/guest.h"
#include <pthread.h>

static volatile long queued, sum, ticks, usr;

static void on_queue(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)context;
  queued++;
  sum += info->si_value.sival_int;
}
static void on_tick(int signal, siginfo_t* info, void* context) { (void)signal, (void)info, (void)context, ticks++; }
static void on_usr(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info, (void)context;
  __atomic_fetch_add(&usr, 1, __ATOMIC_SEQ_CST);
}

static pthread_t target;
static void* sender(void* unused) {
  for (int i = 0; i < 10000; i++) {
    union sigval value = {.sival_int = i};
    while (pthread_sigqueue(target, SIGRTMIN, value) == EAGAIN) sched_yield();
  }
  return unused;
}

static volatile int stop;
static void* worker(void* unused) {
  unsigned long n = 0;
  while (!stop) n += getppid();
  (void)n;
  return unused;
}

int main(void) {
  install(SIGRTMIN, on_queue, SA_RESTART);
  install(SIGALRM, on_tick, SA_RESTART);
  install(SIGUSR1, on_usr, 0);
  struct itimerval timer = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  target = pthread_self();
  pthread_t thread;
  pthread_create(&thread, NULL, sender, NULL);
  volatile double x = 1;
  while (queued < 10000) {
    for (int i = 0; i < 100; i++) x = x * 1.0000001 + 0.5;
    getppid();
  }
  pthread_join(thread, NULL);
  printf("queued %ld sum %ld\n", queued, sum);

  int to[2];
  EXPECT(pipe(to) == 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 2000; i++) EXPECT(write(to[1], "abcd", 4) == 4);
    _exit(0);
  }
  close(to[1]);
  long total = 0, n;
  char buffer[7];
  while ((n = read(to[0], buffer, sizeof buffer)) > 0) total += n;
  printf("bytes %ld\n", total);
  waitpid(child, NULL, 0);
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_REAL, &timer, NULL);
  printf("ticked %d\n", ticks > 10);

  // timer_create with a value, and to a thread.
  timer_t id;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 5};
  queued = sum = 0;
  EXPECT(timer_create(CLOCK_MONOTONIC, &event, &id) == 0);
  struct itimerspec spec = {{0, 2000000}, {0, 2000000}};
  timer_settime(id, 0, &spec, NULL);
  while (queued < 20) pause();
  timer_delete(id);
  printf("timer %d\n", sum == queued * 5);

  // Signals to threads that loop over system calls: one in flight at a time, none is lost.
  pthread_t workers[4];
  for (int i = 0; i < 4; i++) pthread_create(&workers[i], NULL, worker, NULL);
  for (long i = 0; i < 800; i++) {
    pthread_kill(workers[i & 3], SIGUSR1);
    while (usr <= i) sched_yield();
  }
  stop = 1;
  for (int i = 0; i < 4; i++) pthread_join(workers[i], NULL);
  printf("usr %ld\n", usr);
  return 0;
}

// Threads: creation and join, mutexes, conditions, robust mutexes, cancellation, TLS, exit paths.
#include "tests/guest/guest.h"
#include <pthread.h>
#include <semaphore.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter, turns;
static __thread long local = 7;

static void* add(void* n) {
  for (long i = 0; i < 20000; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
  }
  local += (long)n;
  return (void*)local;
}

static void* same(void* argument) { return argument; }

static void* play(void* me) {
  for (int i = 0; i < 2000; i++) {
    pthread_mutex_lock(&mutex);
    while ((turns & 1) != (long)me) pthread_cond_wait(&condition, &mutex);
    turns++;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static pthread_mutex_t robust;
static void* die_with_lock(void* unused) {
  pthread_mutex_lock(&robust);
  return unused;
}

static void* forever(void* semaphore) {
  sem_post(semaphore);
  while (1) pause();
}

static void make_robust(int protocol) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setprotocol(&attributes, protocol);
  pthread_mutex_init(&robust, &attributes);
}

static void test_robust(const char* name, int protocol) {
  make_robust(protocol);
  pthread_t thread;
  pthread_create(&thread, NULL, die_with_lock, NULL);
  pthread_join(thread, NULL);
  int r = pthread_mutex_lock(&robust);
  printf("%s: %s\n", name, r == EOWNERDEAD ? "owner died" : "no");
  EXPECT(pthread_mutex_consistent(&robust) == 0);
  EXPECT(pthread_mutex_unlock(&robust) == 0);
}

static void* exit_with(void* status) {
  sleep_ms(30);
  syscall(SYS_exit_group, (int)(long)status);
  return NULL;
}
static void* exit_thread_later(void* unused) {
  sleep_ms(100);
  return unused;
}
static void* kill_self(void* unused) {
  sleep_ms(30);
  *(volatile char*)8 = 1;
  return unused;
}

int main(void) {
  for (long i = 0; i < 1000; i++) {
    pthread_t thread;
    void* result;
    EXPECT(pthread_create(&thread, NULL, same, (void*)i) == 0);
    EXPECT(pthread_join(thread, &result) == 0 && result == (void*)i);
  }
  pthread_t threads[32];
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, add, (void*)i);
  for (long i = 0; i < 4; i++) {
    void* result;
    pthread_join(threads[i], &result);
    printf("local %ld\n", (long)result);
  }
  printf("counter %ld mine %ld\n", counter, local);
  for (long i = 0; i < 2; i++) pthread_create(&threads[i], NULL, play, (void*)i);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  printf("turns %ld\n", turns);

  test_robust("robust", PTHREAD_PRIO_NONE);
  test_robust("robust, inheriting", PTHREAD_PRIO_INHERIT);

  sem_t started;
  sem_init(&started, 0, 0);
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, forever, &started);
  for (int i = 0; i < 8; i++) sem_wait(&started);
  for (int i = 0; i < 8; i++) {
    void* result;
    pthread_cancel(threads[i]);
    pthread_join(threads[i], &result);
    EXPECT(result == PTHREAD_CANCELED);
  }
  printf("cancelled\n");

  EXPECT(setgid(getgid()) == 0);  // glibc tells every thread with signal 33
  pthread_create(&threads[0], NULL, forever, &started);
  sem_wait(&started);
  EXPECT(setgid(getgid()) == 0);

  IN_CHILD("exit_group in a thread", {
    pthread_create(&threads[0], NULL, exit_with, (void*)9);
    pthread_join(threads[0], NULL);
    sleep_ms(5000);
  });
  IN_CHILD("main thread exits first", {
    pthread_create(&threads[0], NULL, exit_thread_later, NULL);
    syscall(SYS_exit, 5);
  });
  IN_CHILD("fault in a thread", {
    pthread_create(&threads[0], NULL, kill_self, NULL);
    pthread_join(threads[0], NULL);
  });
  IN_CHILD("return from main", {
    pthread_create(&threads[0], NULL, forever, &started);
    exit(6);
  });
  IN_CHILD("pthread_exit of main", {
    pthread_create(&threads[0], NULL, exit_thread_later, NULL);
    pthread_exit(NULL);
  });
  return 0;
}

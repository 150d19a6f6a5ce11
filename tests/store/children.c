// Children of fork, vfork and exec, each of which executes code that the others have not, and threads
// that execute the same at once.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long work(unsigned long x, int kind) {
  for (int i = 0; i < 2000; i++) {
    switch (kind) {
      case 0:
        x = x * 5 + 1;
        break;
      case 1:
        x ^= x << 7 | x >> 9;
        break;
      case 2:
        x = x % 1000003 * 31;
        break;
      default:
        x = ~x + (x >> 3);
    }
  }
  return x;
}

static void *thread(void *argument) { return (void *)work((unsigned long)argument, 3); }

static int status_of(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

int main(int argc, char **argv) {
  if (argc > 1) return (int)(work(77, 2) & 0x7f);
  pid_t child = fork();
  if (child == 0) exit((int)(work(5, 1) & 0x7f));
  printf("fork %d\n", status_of(child));
  child = vfork();
  if (child == 0) {
    char *const arguments[] = {argv[0], "again", NULL};
    execv("/proc/self/exe", arguments);
    _exit(127);
  }
  printf("vfork %d\n", status_of(child));
  pthread_t threads[4];
  for (unsigned long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, thread, (void *)i);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    printf("thread %lu\n", (unsigned long)result);
  }
  printf("main %lu\n", work(9, 0));
  return 0;
}

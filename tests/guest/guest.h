// What the guest programs of tests/signals and tests/process share. They print what they see, with
// numbers that are the same in every run; the runner compares a native run with an emulated one.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// Prints the failing call and goes on: both runs must fail alike.
#define EXPECT(condition)                                                                   \
  do {                                                                                      \
    if (!(condition)) printf("%d: not true: %s (errno %d)\n", __LINE__, #condition, errno); \
  } while (0)

static inline void install(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action = {0};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  EXPECT(sigaction(signal, &action, NULL) == 0);
}

static inline void sleep_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&t, &t) && errno == EINTR) {
  }
}

// Runs body in a child and prints how it ended.
#define IN_CHILD(name, body)                        \
  do {                                              \
    fflush(stdout);                                 \
    pid_t child_ = fork();                          \
    if (child_ == 0) {                              \
      body;                                         \
      fflush(stdout);                               \
      _exit(0);                                     \
    }                                               \
    int status_ = 0;                                \
    EXPECT(waitpid(child_, &status_, 0) == child_); \
    printf("%s: status %#x\n", name, status_);      \
  } while (0)

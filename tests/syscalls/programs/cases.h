// The frame of the programs in this folder. Each is one family of system calls, in cases that print
// what the calls return; what a native run prints is what the emulator has to print. So nothing
// that differs from run to run may be printed: no times, process ids or addresses.
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct case_entry {
  const char* name;
  void (*run)(void);
};
static struct case_entry case_table[100];
static int case_count;

// Defines a case. They run in the order of the file.
#define CASE(family, name)                                                              \
  static void family##_##name(void);                                                    \
  __attribute__((constructor)) static void family##_##name##_register(void) {           \
    case_table[case_count++] = (struct case_entry){#family "." #name, family##_##name}; \
  }                                                                                     \
  static void family##_##name(void)

// Prints a call's result, by the name of the error when it failed.
static inline long show(const char* what, long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerrorname_np(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
  return result;
}
// The same for results whose value differs from run to run.
static inline long show_ok(const char* what, long result) {
  if (result == -1) return show(what, result);
  printf("%s: ok\n", what);
  return result;
}
#define SHOW(call) show(#call, (long)(call))
#define SHOW_OK(call) show_ok(#call, (long)(call))

static inline int make_file(const char* name, const char* text) {
  FILE* file = fopen(name, "w");
  if (!file) return -1;
  fputs(text, file);
  return fclose(file);
}

// The arguments are names of cases to leave out.
int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < case_count; i++) {
    int left_out = 0;
    for (int j = 1; j < argc; j++) left_out |= !strcmp(case_table[i].name, argv[j]);
    if (left_out) continue;
    printf("== %s\n", case_table[i].name);
    case_table[i].run();
  }
  return 0;
}

// Code that changes: the emulator must notice, however it is done.
#include "cases.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { kPage = 4096, kAll = PROT_READ | PROT_WRITE | PROT_EXEC };
typedef int (*function)(void);

// mov eax, value; ret
static void write_function(unsigned char* at, int value) {
  at[0] = 0xb8;
  memcpy(at + 1, &value, 4);
  at[5] = 0xc3;
}
static int call(const void* at) { return ((function)at)(); }
static unsigned char* map(int protection) {
  return mmap(NULL, kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

CASE(Code, RewrittenOftenInPlace) {
  unsigned char* code = map(kAll);
  for (int i = 0; i < 12; i++) {
    write_function(code, i);
    SHOW(call(code));
  }
}

CASE(Code, RewrittenBetweenMprotects) {
  unsigned char* code = map(PROT_READ | PROT_WRITE);
  for (int i = 0; i < 12; i++) {
    mprotect(code, kPage, PROT_READ | PROT_WRITE);
    write_function(code, i);
    mprotect(code, kPage, PROT_READ | PROT_EXEC);
    SHOW(call(code));
  }
}

CASE(Code, RewrittenThroughAnotherMapping) {
  int fd = memfd_create("code", 0);
  ftruncate(fd, kPage);
  unsigned char* data = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  unsigned char* code = mmap(NULL, kPage, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  for (int i = 0; i < 4; i++) {
    write_function(data, i);
    SHOW(call(code));
  }
  unsigned char bytes[6];
  write_function(bytes, 77);
  pwrite(fd, bytes, sizeof bytes, 0);
  SHOW(call(code));
}

CASE(Code, RewrittenByTheKernel) {
  unsigned char *code = map(kAll), bytes[6];
  int ends[2];
  pipe(ends);
  for (int i = 0; i < 3; i++) {
    write_function(code, 1);
    SHOW(call(code));
    write_function(bytes, i + 10);
    write(ends[1], bytes, sizeof bytes);
    SHOW(read(ends[0], code, sizeof bytes));
    SHOW(call(code));
  }
}

// mov dword [rip + 1], 5; mov eax, 1; ret: the store changes the instruction after it.
CASE(Code, ChangesItsNextInstruction) {
  static const unsigned char kBytes[] = {0xc7, 0x05, 1,    0, 0, 0, 5, 0,
                                         0,    0,    0xb8, 1, 0, 0, 0, 0xc3};
  unsigned char* code = map(kAll);
  for (int i = 0; i < 8; i++) {
    memcpy(code, kBytes, sizeof kBytes);
    SHOW(call(code));
  }
}

CASE(Code, MovedAndReplaced) {
  unsigned char* code = map(kAll);
  write_function(code, 5);
  SHOW(call(code));
  unsigned char* moved = mremap(code, kPage, 16 * kPage, MREMAP_MAYMOVE);
  SHOW(call(moved));
  write_function(moved, 6);
  SHOW(call(moved));
  mmap(moved, kPage, kAll, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  write_function(moved, 7);
  SHOW(call(moved));
  madvise(moved, kPage, MADV_DONTNEED);
  SHOW(moved[0]);
  write_function(moved, 8);
  SHOW(call(moved));
}

CASE(Code, ChangedInAChildOnly) {
  unsigned char* code = map(kAll);
  write_function(code, 1);
  SHOW(call(code));
  fflush(stdout);
  if (fork() == 0) {
    write_function(code, 2);
    SHOW(call(code));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  SHOW(call(code));
}

static unsigned char* shared_code;
static int turn;

static void* call_repeatedly(void* unused) {
  (void)unused;
  long wrong = 0;
  for (int i = 1; i <= 200; i++) {
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != 2 * i - 1) {
    }
    wrong += call(shared_code) != i;
    __atomic_store_n(&turn, 2 * i, __ATOMIC_RELEASE);
  }
  return (void*)wrong;
}

CASE(Code, RewrittenByAnotherThread) {
  shared_code = map(kAll);
  pthread_t thread;
  pthread_create(&thread, NULL, call_repeatedly, NULL);
  for (int i = 1; i <= 200; i++) {
    write_function(shared_code, i);
    __atomic_store_n(&turn, 2 * i - 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != 2 * i) {
    }
  }
  void* wrong;
  pthread_join(thread, &wrong);
  SHOW(wrong);
}

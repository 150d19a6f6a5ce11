// emulator: --code-cache=1
// More code than there is memory for its translation: in threads that make code and drop it, in one
// that comes back to what was dropped, and in children of a process whose threads translate.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kThreads = 3, kRounds = 4, kCalls = 28, kSteps = 40, kFunctions = 100, kMany = 2000 };
enum { kFunctionBytes = 512 };

typedef uint32_t (*Function)(uint32_t);

// A chain of eax := (eax + n) ^ m, with a loop of three rounds around it.
static void emit(unsigned char* at, uint32_t seed) {
  static const unsigned char kEnter[] = {0x89, 0xf8, 0xb9, 3, 0, 0, 0};  // mov eax, edi; mov ecx, 3
  unsigned char* begin = at;
  memcpy(at, kEnter, sizeof kEnter);
  at += sizeof kEnter;
  unsigned char* loop = at;
  for (uint32_t n = 0; n < kSteps; n++) {
    uint32_t value = seed * 2654435761u + n * 40503u;
    *at++ = n % 2 ? 0x35 : 0x05;  // xor eax, imm32; add eax, imm32
    memcpy(at, &value, 4);
    at += 4;
  }
  *at++ = 0xff, *at++ = 0xc9;  // dec ecx
  *at++ = 0x0f, *at++ = 0x85;  // jne
  int32_t distance = (int32_t)(loop - (at + 4));
  memcpy(at, &distance, 4);
  at += 4;
  *at++ = 0xc3;
  if (at - begin > kFunctionBytes) _exit(1);
}

static unsigned char* make(unsigned count, uint32_t seed) {
  size_t size = (size_t)count * kFunctionBytes;
  unsigned char* code =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned n = 0; n < count; n++) emit(code + n * kFunctionBytes, seed + n);
  mprotect(code, size, PROT_READ | PROT_EXEC);
  return code;
}

static uint32_t call_all(unsigned char* code, unsigned count, uint32_t sum) {
  for (unsigned n = 0; n < count; n++) {
    Function function = (Function)(uintptr_t)(code + n * kFunctionBytes);
    for (unsigned i = 0; i < kCalls; i++) sum = function(sum + i);
  }
  return sum;
}

static uint32_t sums[kThreads];
static void* come_and_go(void* argument) {
  unsigned thread = (unsigned)(uintptr_t)argument;
  for (unsigned round = 0; round < kRounds; round++) {
    unsigned char* code = make(kFunctions, thread * 1000 + round);
    sums[thread] = call_all(code, kFunctions, sums[thread]);
    munmap(code, kFunctions * kFunctionBytes);
  }
  return NULL;
}

static atomic_bool done;
static void* translate_on(void* argument) {
  unsigned thread = (unsigned)(uintptr_t)argument;
  for (unsigned round = 0; !done; round++) {
    unsigned char* code = make(10, thread * 1000 + round);
    call_all(code, 10, 1);
    munmap(code, 10 * kFunctionBytes);
  }
  return NULL;
}

static void fork_meanwhile(void) {
  pthread_t threads[kThreads];
  for (uintptr_t n = 0; n < kThreads; n++)
    pthread_create(&threads[n], NULL, translate_on, (void*)n);
  unsigned sum = 0;
  for (unsigned n = 0; n < 12; n++) {
    pid_t child = fork();
    if (child == 0) _exit(call_all(make(20, n), 20, n) & 127);
    int status = 0;
    waitpid(child, &status, 0);
    sum = sum * 3 + (unsigned)status;
  }
  done = true;
  for (unsigned n = 0; n < kThreads; n++) pthread_join(threads[n], NULL);
  printf("children %x\n", sum);
}

int main(void) {
  unsigned char* many = make(kMany, 12345);
  for (unsigned pass = 0; pass < 2; pass++) printf("many %x\n", call_all(many, kMany, pass));
  pthread_t threads[kThreads];
  for (uintptr_t n = 0; n < kThreads; n++) pthread_create(&threads[n], NULL, come_and_go, (void*)n);
  for (unsigned n = 0; n < kThreads; n++) pthread_join(threads[n], NULL);
  for (unsigned n = 0; n < kThreads; n++) printf("thread %x\n", sums[n]);
  fork_meanwhile();
  return 0;
}

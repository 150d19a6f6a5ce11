// Handlers that repair: mprotect in a SIGSEGV handler, siglongjmp out, a guard page moved, code written
// at run time.
#include "tests/guest/guest.h"
#include <setjmp.h>

static char* pages;
static volatile int faults;
static sigjmp_buf back;

static void repair(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)context;
  faults++;
  char* page = (char*)((unsigned long)info->si_addr & ~4095ul);
  EXPECT(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
}

static void jump(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info, (void)context;
  faults++;
  siglongjmp(back, faults);
}

int main(void) {
  pages = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  install(SIGSEGV, repair, 0);
  for (int i = 0; i < 64; i++) pages[i * 4096 + 7] = (char)i;
  long sum = 0;
  for (int i = 0; i < 64; i++) sum += pages[i * 4096 + 7];
  printf("faults %d sum %ld\n", faults, sum);

  // REP MOVS over a protected page continues where it stopped.
  mprotect(pages, 64 * 4096, PROT_NONE);
  faults = 0;
  char* source = malloc(5 * 4096);
  memset(source, 'x', 5 * 4096);
  char* to = pages + 100;
  unsigned long n = 5 * 4096 - 200;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(n)::"memory");
  printf("faults %d left %lu end %ld\n", faults, n, (long)(to - pages));

  faults = 0;
  install(SIGSEGV, jump, 0);
  mprotect(pages, 4096, PROT_READ);
  for (volatile int i = 0; i < 1000; i++) {
    if (!sigsetjmp(back, 1)) pages[0] = 1;
  }
  printf("jumps %d\n", faults);

  // The kernel's own access gives EFAULT and no signal.
  int fd = open("/dev/zero", O_RDONLY);
  errno = 0;
  printf("read into read-only: %zd %d\n", read(fd, pages, 10), errno);

  // Code that is written, executed and written again, on one page with the data it changes.
  unsigned char* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  sum = 0;
  for (int i = 0; i < 200; i++) {
    unsigned char bytes[] = {0xb8, (unsigned char)i, 0, 0, 0, 0xff, 0x05, 0x10, 0, 0, 0, 0xc3};  // mov; inc [rip+16]; ret
    memcpy(code, bytes, sizeof bytes);
    sum += ((int (*)(void))code)();
  }
  printf("code %ld counter %d\n", sum, *(int*)(code + 11 + 16));
  // read(2) into a page that was executed.
  EXPECT(read(fd, code + 64, 64) == 64);
  // An instruction that changes the next one: mov byte [rip+1], 5; mov eax, imm32; ret. Its page has not
  // been rewritten before.
  code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char self[] = {0xc6, 0x05, 1, 0, 0, 0, 5, 0xb8, 1, 0, 0, 0, 0xc3};
  memcpy(code, self, sizeof self);
  printf("self %d\n", ((int (*)(void))code)());
  return 0;
}

// Prints what a program can find out about its CPU: CPUID, XCR0, the auxiliary vector, a signal frame,
// and which instructions are invalid.
#include "tests/guest/guest.h"
#include <cpuid.h>
#include <setjmp.h>
#include <sys/auxv.h>

static sigjmp_buf back;

static void invalid(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info, (void)context;
  siglongjmp(back, 1);
}

#define TRY(name, text)                                                                           \
  do {                                                                                            \
    if (sigsetjmp(back, 1)) {                                                                     \
      printf("%s: invalid\n", name);                                                              \
    } else {                                                                                      \
      __asm__ volatile(text ::"a"(0), "c"(0), "d"(0), "D"(area) : "memory", "rbx", "rsi", "xmm0"); \
      printf("%s: executes\n", name);                                                             \
    }                                                                                             \
  } while (0)

static void look_at_frame(int signal, siginfo_t* info, void* data) {
  (void)signal, (void)info;
  ucontext_t* context = data;
  unsigned* software = (unsigned*)((char*)context->uc_mcontext.fpregs + 464);
  printf("frame: flags %#lx magic %#x size %u features %u\n", context->uc_flags, software[0], software[4],
         software[2]);
}

// From the kernel: glibc's getauxval() knows another AT_HWCAP.
static unsigned long auxiliary(unsigned long type) {
  unsigned long pair[2] = {0};
  int fd = open("/proc/self/auxv", O_RDONLY);
  while (read(fd, pair, sizeof pair) == sizeof pair && pair[0] != type) {
  }
  close(fd);
  return pair[1];
}

int main(int argc, char** argv) {
  static char area[1024] __attribute__((aligned(64)));
  unsigned a, b, c, d;
  if (argc > 1) {  // through another emulator
    argv++;
    execv(argv[0], argv);
    return 1;
  }
  __cpuid_count(1, 0, a, b, c, d);
  printf("hwcap %d\n", auxiliary(AT_HWCAP) == d);
  printf("osxsave %u avx %u rdrand %u\n", c >> 27 & 1, c >> 28 & 1, c >> 30 & 1);
  __cpuid_count(7, 0, a, b, c, d);
  printf("avx2 %u fsgsbase %u hwcap2 %lu\n", b >> 5 & 1, b & 1, auxiliary(AT_HWCAP2));
  __cpuid_count(13, 0, a, b, c, d);
  printf("state %u size %u\n", a, b);
  printf("minimum signal stack %lu\n", auxiliary(51));
  install(SIGILL, invalid, 0);
  install(SIGUSR1, look_at_frame, 0);
  raise(SIGUSR1);
  TRY("xgetbv", "xgetbv");
  TRY("xsave", "xsave (%%rdi)");
  TRY("vpxor", "vpxor %%xmm0, %%xmm0, %%xmm0");
  TRY("vzeroupper", "vzeroupper");
  TRY("vldmxcsr", "vstmxcsr (%%rdi)");
  TRY("andn", "andn %%eax, %%ecx, %%ebx");
  TRY("rorx", "rorx $3, %%eax, %%ebx");
  TRY("rdrand", "rdrand %%ebx");
  return 0;
}

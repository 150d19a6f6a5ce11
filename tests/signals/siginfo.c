// SA_SIGINFO: the contents of siginfo and ucontext for the faults and for sent signals.
#include "tests/guest/guest.h"
#include <setjmp.h>

static sigjmp_buf back;
static char* page;

static const char* address_name(void* address, ucontext_t* u) {
  if (address == NULL) return "null";
  if (address == (void*)u->uc_mcontext.gregs[REG_RIP]) return "rip";
  if (address == page) return "page";
  if (address == page + 0x123) return "page+0x123";
  return "other";
}

static void report(int signal, siginfo_t* info, void* context) {
  ucontext_t* u = context;
  // Bit 0 of the error code, whether the page was there, is not told by every host.
  printf("signal %d code %#x errno %d address %s trapno %lld err %#llx cr2 %s\n", signal, info->si_code,
         info->si_errno, address_name(info->si_addr, u), u->uc_mcontext.gregs[REG_TRAPNO],
         u->uc_mcontext.gregs[REG_ERR] & ~1ull, address_name((void*)u->uc_mcontext.gregs[REG_CR2], u));
  printf("  csgsfs %#llx flags %#llx uc_flags %#lx oldmask %#llx stack flags %d\n",
         u->uc_mcontext.gregs[REG_CSGSFS], u->uc_mcontext.gregs[REG_EFL] & ~0x8d5ull, u->uc_flags & ~1,
         u->uc_mcontext.gregs[REG_OLDMASK], u->uc_stack.ss_flags);
  siglongjmp(back, 1);
}

#define FAULT(name, ...) \
  do { printf("%s\n", name); if (!sigsetjmp(back, 1)) { __VA_ARGS__; printf("  came back\n"); } } while (0)

static void on_sent(int signal, siginfo_t* info, void* context) {
  (void)context;
  printf("sent %d code %d pid %d uid %d value %d\n", signal, info->si_code, info->si_pid == getpid(),
         info->si_uid == getuid(), info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}

static void* volatile zero_pointer;
static volatile int zero;

int main(void) {
  page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; i++) install(signals[i], report, 0);

  FAULT("write to read-only", page[0x123] = 1);
  FAULT("read null", printf("%d\n", *(char*)zero_pointer));
  FAULT("write null", *(char*)zero_pointer = 1);
  mprotect(page, 4096, PROT_NONE);
  FAULT("read without permission", printf("%d\n", *(volatile char*)page));
  FAULT("non-canonical", printf("%d\n", *(volatile char*)0x8000000000000000));
  FAULT("jump to null", ((void (*)(void))zero_pointer)());
  FAULT("jump to data", ((void (*)(void))page)());
  FAULT("divide", printf("%d\n", 1 / zero));
  FAULT("ud2", __asm__ volatile("ud2"));
  FAULT("int3", __asm__ volatile("int3"));
  FAULT("int 5", __asm__ volatile("int $5"));
  FAULT("hlt", __asm__ volatile("hlt"));
  FAULT("single step", __asm__ volatile("pushf\n orl $0x100, (%%rsp)\n popf\n nop\n" ::: "cc", "memory"));

  char name[] = "/tmp/siginfo-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  char* empty = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  page = empty;
  FAULT("beyond the end of a file", printf("%d\n", *(volatile char*)(empty + 0x123)));

  for (int i = 0; i < 5; i++) install(signals[i], on_sent, 0);
  install(SIGUSR1, on_sent, 0);
  install(SIGRTMIN, on_sent, 0);
  for (int i = 0; i < 5; i++) kill(getpid(), signals[i]);
  raise(SIGUSR1);
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 42});
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = -7});
  sigqueue(getpid(), SIGSEGV, (union sigval){.sival_int = 9});
  return 0;
}

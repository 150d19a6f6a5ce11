#include "cases.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static sigjmp_buf recovery;
static volatile int fault_code;
static void on_fault(int number, siginfo_t* info, void* context) {
  (void)context;
  fault_code = number * 100 + info->si_code;
  siglongjmp(recovery, 1);
}

// 0 when the access works, else the signal and its code as one number.
static int try_access(volatile char* address, int write) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  fault_code = 0;
  if (!sigsetjmp(recovery, 1)) {
    if (write) {
      *address = 1;
    } else {
      (void)*address;
    }
  }
  return fault_code;
}

static char* anonymous(size_t size, int protection) {
  return mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

CASE(Mmap, AddressesAreBelow47Bits) {
  int high = 0, unaligned = 0;
  for (int i = 0; i < 50; i++) {
    unsigned long address = (unsigned long)anonymous(4096 * (i + 1), PROT_READ);
    high += address >> 47 != 0;
    unaligned += address % 4096 != 0;
  }
  printf("%d %d\n", high, unaligned);
  unsigned long low = (unsigned long)mmap(NULL, 4096, PROT_READ,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  printf("%d\n", low < 1ul << 31);
}

CASE(Mmap, Errors) {
  SHOW(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0));
  SHOW(mmap((void*)123, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  SHOW(mmap((void*)(1ul << 47), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  SHOW(mmap(NULL, 1ul << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  int fd = open("/dev/null", O_WRONLY);
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 100));
  close(fd);
}

CASE(Mmap, FixedNoreplaceGivesEEXIST) {
  char* page = anonymous(8192, PROT_READ);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  SHOW(mmap(page + 4096, 4096, PROT_READ, flags, -1, 0));
  munmap(page + 4096, 4096);
  printf("%d\n", mmap(page + 4096, 4096, PROT_READ, flags, -1, 0) == page + 4096);
}

CASE(Mmap, HolesOfOnePage) {
  char* pages = anonymous(4096 * 5, PROT_READ | PROT_WRITE);
  memset(pages, 7, 4096 * 5);
  SHOW(munmap(pages + 4096, 4096));
  SHOW(mprotect(pages + 4096 * 3, 4096, PROT_READ));
  for (int i = 0; i < 5; i++) {
    printf("%d %d\n", try_access(pages + 4096 * i, 0), try_access(pages + 4096 * i, 1));
  }
  SHOW(mprotect(pages, 4096 * 5, PROT_READ));
  SHOW(mprotect(pages + 1, 4096, PROT_READ));
  printf("%d\n", try_access(pages + 4096 * 4, 1));
}

CASE(Mmap, FilePrivateAndShared) {
  int fd = open("mapped", O_CREAT | O_RDWR | O_TRUNC, 0600);
  ftruncate(fd, 6000);
  pwrite(fd, "file", 4, 4096);
  char* shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
  printf("%.4s %.4s\n", shared + 4096, private);
  memcpy(private, "mine", 4);
  memcpy(shared + 4100, "both", 4);
  char text[9] = "";
  pread(fd, text, 8, 4096);
  printf("%s %.8s\n", text, private);
  SHOW(msync(shared, 8192, MS_SYNC));
  printf("%d %d\n", try_access(shared + 6001, 0), shared[6001]);
  ftruncate(fd, 100);
  printf("%d\n", try_access(shared + 4096, 0));
  close(fd);
}

CASE(Mremap, GrowMoveShrink) {
  char* pages = anonymous(8192, PROT_READ | PROT_WRITE);
  strcpy(pages + 4096, "kept");
  char* bigger = mremap(pages, 8192, 65536, MREMAP_MAYMOVE);
  printf("%s %d\n", bigger + 4096, bigger[65535]);
  char* place = anonymous(65536, PROT_NONE);
  char* moved = mremap(bigger, 65536, 65536, MREMAP_MAYMOVE | MREMAP_FIXED, place);
  printf("%d %s %d\n", moved == place, moved + 4096, try_access(bigger, 0));
  printf("%d\n", mremap(moved, 65536, 8192, 0) == moved);
  printf("%d\n", try_access(moved + 8192, 0));
  SHOW(mremap(moved, 8192, 1ul << 46, 0));
  SHOW(mremap(bigger, 4096, 8192, MREMAP_MAYMOVE));
  SHOW(mremap(moved, 8192, 4096, MREMAP_FIXED, place));
}

CASE(Brk, GrowsAndShrinks) {
  char* start = sbrk(0);
  printf("%d\n", sbrk(100000) == start);
  start[99999] = 1;
  printf("%d\n", brk(start) == 0);
  printf("%d\n", sbrk(0) == start);
}

CASE(Madvise, DontneedZeroes) {
  char* page = anonymous(8192, PROT_READ | PROT_WRITE);
  memset(page, 1, 8192);
  SHOW(madvise(page + 4096, 4096, MADV_DONTNEED));
  printf("%d %d\n", page[4095], page[4096]);
  SHOW(madvise(page + 1, 4096, MADV_DONTNEED));
  munmap(page, 4096);
  SHOW(madvise(page, 8192, MADV_WILLNEED));
  SHOW(posix_madvise(page + 4096, 4096, POSIX_MADV_SEQUENTIAL));
}

CASE(Madvise, UnknownAdviceGivesEINVAL) {
  SHOW(madvise(anonymous(4096, PROT_READ), 4096, 12345));
}

CASE(Mincore, UnmappedGivesENOMEM) {
  unsigned char present[4];
  char* page = anonymous(8192, PROT_READ | PROT_WRITE);
  page[0] = 1;
  SHOW(mincore(page, 4096, present));
  printf("%d\n", present[0] & 1);
  munmap(page + 4096, 4096);
  SHOW(mincore(page, 8192, present));
  SHOW(mincore(page + 1, 1, present));
}

CASE(Fault, CodesOfAccesses) {
  char* page = anonymous(4096, PROT_READ);
  printf("%d %d\n", try_access(page, 0), try_access(page, 1));
  printf("%d\n", try_access((char*)16, 0));
  printf("%d\n", try_access((char*)0x7000000000000000, 0));
  mprotect(page, 4096, PROT_NONE);
  printf("%d\n", try_access(page, 0));
}

CASE(Code, RewrittenWithoutTelling) {
  unsigned char* code = (unsigned char*)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int (*function)(void) = (int (*)(void))code;
  for (int i = 0; i < 5; i++) {
    unsigned char body[] = {0xb8, (unsigned char)(i * 3), 0, 0, 0, 0xc3};
    memcpy(code, body, sizeof body);
    printf("%d ", function());
  }
  puts("");
}

CASE(Code, WrittenByTheKernel) {
  unsigned char* code = (unsigned char*)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int (*function)(void) = (int (*)(void))code;
  int fds[2];
  pipe(fds);
  for (int i = 1; i < 4; i++) {
    unsigned char body[] = {0xb8, (unsigned char)(i * 7), 0, 0, 0, 0xc3};
    write(fds[1], body, sizeof body);
    printf("%ld ", (long)read(fds[0], code, sizeof body));
    printf("%d ", function());
  }
  puts("");
}

CASE(Code, MappedTwice) {
  int fd = memfd_create("code", 0);
  ftruncate(fd, 4096);
  unsigned char* writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  int (*function)(void) = (int (*)(void))mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  for (int i = 0; i < 5; i++) {
    unsigned char body[] = {0xb8, (unsigned char)(i * 5), 0, 0, 0, 0xc3};
    memcpy(writable, body, sizeof body);
    printf("%d ", function());
  }
  puts("");
}

CASE(Code, NotExecutableFaults) {
  char* page = anonymous(4096, PROT_READ | PROT_WRITE);
  page[0] = (char)0xc3;
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  fault_code = 0;
  if (!sigsetjmp(recovery, 1)) ((void (*)(void))page)();
  printf("%d\n", fault_code);
}

CASE(Mlock, AndUnlock) {
  char* page = anonymous(8192, PROT_READ | PROT_WRITE);
  SHOW(mlock(page, 4096));
  SHOW(mlock2(page, 4096, MLOCK_ONFAULT));
  SHOW(munlock(page, 4096));
  munmap(page + 4096, 4096);
  SHOW(mlock(page, 8192));
  SHOW(syscall(SYS_mlock2, page, 4096, 99));
}

CASE(Pkey, WithoutHardware) { printf("%d\n", pkey_free(-1)); }

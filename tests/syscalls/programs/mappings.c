// Random calls on a fixed range of addresses. After each, the result and what every page of the
// range is and holds.
#include "cases.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { kPages = 48, kPage = 4096, kFilePages = 16, kSteps = 100 };
static char* const kBase = (char*)0x200000000;
static unsigned long random_state;
static int file, pipe_ends[2];

static unsigned next_random(unsigned limit) {
  random_state = random_state * 6364136223846793005ul + 1442695040888963407ul;
  return (unsigned)(random_state >> 33) % limit;
}

// A character a page: the bits of its protection, 8 for shared, or '.'.
static void read_protections(char* text) {
  memset(text, '.', kPages);
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[512], flags[5];
  unsigned long start, end;
  while (fgets(line, sizeof line, maps)) {
    if (sscanf(line, "%lx-%lx %4s", &start, &end, flags) != 3) continue;
    for (int i = 0; i < kPages; i++) {
      unsigned long page = (unsigned long)kBase + i * kPage;
      int bits =
          (flags[0] == 'r') + 2 * (flags[1] == 'w') + 4 * (flags[2] == 'x') + 8 * (flags[3] == 's');
      if (page >= start && page < end) text[i] = "0123456789abcdef"[bits];
    }
  }
  fclose(maps);
}

static void show_pages(void) {
  char text[kPages + 1] = "";
  read_protections(text);
  printf("%s", text);
  for (int i = 0; i < kPages; i++) {
    if (!strchr("13579bdf", text[i])) continue;
    unsigned char byte;
    if (write(pipe_ends[1], kBase + i * kPage, 1) == 1 && read(pipe_ends[0], &byte, 1) == 1) {
      printf(" %d:%02x", i, byte);
    } else {
      printf(" %d:%s", i, strerrorname_np(errno));
    }
  }
  printf("\n");
}

static long map(char* at, long size, int flags, int fd, long offset) {
  return (long)mmap(at, size, next_random(8), flags, fd, offset);
}

static long step(const char** name) {
  char* at = kBase + next_random(kPages - 8) * kPage;
  long size = (1 + next_random(8)) * kPage - (next_random(4) ? 0 : 100);
  long other_size = (1 + next_random(8)) * kPage;
  int type = next_random(3) ? MAP_PRIVATE : MAP_SHARED;
  char value = (char)next_random(256);
  switch (next_random(9)) {
    case 0:
      *name = "anonymous";
      return map(at, size, type | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    case 1:
      *name = "file";
      return map(at, size, type | MAP_FIXED, file, next_random(8) * kPage);
    case 2:
      *name = "noreplace";
      return map(at, size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    case 3:
      *name = "munmap";
      return munmap(at, size);
    case 4:
      *name = "mprotect";
      return mprotect(at, size, next_random(8));
    case 5:
      // One page, which is one mapping: how much of several is moved differs between kernels.
      *name = "mremap fixed";
      return (long)mremap(at, kPage, other_size, MREMAP_MAYMOVE | MREMAP_FIXED,
                          kBase + next_random(kPages - 8) * kPage);
    case 6:
      *name = "mremap";
      return (long)mremap(at, kPage, other_size, 0);
    case 7:
      *name = "madvise";
      return madvise(at, size, MADV_DONTNEED);
    default:
      *name = "write";
      write(pipe_ends[1], &value, 1);
      if (read(pipe_ends[0], at, 1) == 1) return 1;
      int error = errno;
      (void)!read(pipe_ends[0], &value, 1);
      errno = error;
      return -1;
  }
}

static void run(unsigned long seed) {
  char page[kPage];
  random_state = seed;
  file = memfd_create("file", 0);
  for (int i = 0; i < kFilePages; i++) {
    memset(page, 0xa0 + i, sizeof page);
    (void)!write(file, page, sizeof page);
  }
  pipe2(pipe_ends, O_NONBLOCK);
  munmap(kBase, kPages * kPage);
  for (int i = 0; i < kSteps; i++) {
    const char* name = "";
    long result = step(&name);
    show(name, result);
    show_pages();
  }
  munmap(kBase, kPages * kPage);
  close(file);
}

CASE(Mappings, Random1) { run(1); }
CASE(Mappings, Random2) { run(2); }
CASE(Mappings, Random3) { run(3); }
CASE(Mappings, Random4) { run(4); }
CASE(Mappings, Random5) { run(5); }

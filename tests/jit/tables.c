// Jumps through a table that cannot be written, as those between files are, and then is: the table
// becomes writable, is mapped anew, discarded, moved, or is another view of memory that can be.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kPage = 4096, kCalls = 100 };
typedef int Function(void);

static int one(void) { return 1; }
static int two(void) { return 2; }
static int three(void) { return 3; }

static unsigned char* code;  // a page, right in front of the table
static Function** table;

static unsigned char* emit(unsigned char* at, const void* bytes, int count) {
  memcpy(at, bytes, (size_t)count);
  return at + count;
}

// An instruction 0xff `modrm` whose operand is the table's entry.
static unsigned char* emit_jump(unsigned char* at, unsigned char modrm, int entry) {
  int32_t distance = (int32_t)((unsigned char*)(table + entry) - (at + 6));
  at = emit(at, (unsigned char[]){0xff, modrm}, 2);
  return emit(at, &distance, 4);
}

// jmp [table]; and add rsp, -8; call [table + 8]; add rsp, 8; ret
static void make(void) {
  code = mmap(NULL, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  table = (Function**)(code + kPage);
  emit_jump(code, 0x25, 0);
  unsigned char* at = emit(code + 64, "\x48\x83\xc4\xf8", 4);
  at = emit_jump(at, 0x15, 1);
  emit(at, "\x48\x83\xc4\x08\xc3", 5);
  mprotect(code, kPage, PROT_READ | PROT_EXEC);
}

static void call(const char* name) {
  Function* jumps = (Function*)(uintptr_t)code;
  Function* calls = (Function*)(uintptr_t)(code + 64);
  int sum = 0;
  for (int n = 0; n < kCalls; n++) sum += jumps() + 10 * calls();
  printf("%s %d\n", name, sum);
}

static void fill(Function* first, Function* second) {
  table[0] = first;
  table[1] = second;
}

static void* map_table(int protection, int flags, int fd) {
  return mmap(table, kPage, protection, flags | MAP_FIXED, fd, 0);
}

static void change_protection(void) {
  fill(one, two);
  call("writable");
  mprotect(table, kPage, PROT_READ);
  call("read-only");
  mprotect(table, kPage, PROT_READ | PROT_WRITE);
  table[0] = three;
  call("written");
  mprotect(table, kPage, PROT_READ);
  call("read-only again");
}

static void map_anew(void) {
  map_table(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  fill(two, one);
  call("mapped anew");
}

// A private mapping of a file has the file's content again.
static void discard(void) {
  int fd = memfd_create("table", 0);
  Function* content[2] = {three, three};
  if (write(fd, content, sizeof content) != sizeof content) return;
  map_table(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
  fill(one, one);
  mprotect(table, kPage, PROT_READ);
  call("of a file");
  madvise(table, kPage, MADV_DONTNEED);
  call("discarded");
  close(fd);
}

static void move(void) {
  unsigned char* other = code + 2 * kPage;
  mprotect(other, kPage, PROT_READ | PROT_WRITE);
  memcpy(other, (Function*[]){two, three}, 2 * sizeof(Function*));
  mprotect(other, kPage, PROT_READ);
  if (mremap(other, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, table) != table) return;
  call("moved");
}

static void share(void) {
  int fd = memfd_create("table", 0);
  if (ftruncate(fd, kPage) != 0) return;
  Function** view = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  map_table(PROT_READ, MAP_SHARED, fd);
  view[0] = one, view[1] = two;
  call("another view");
  view[0] = three;
  call("written there");
  close(fd);
}

int main(void) {
  make();
  change_protection();
  map_anew();
  discard();
  move();
  share();
  return 0;
}

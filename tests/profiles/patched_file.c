// Code on a page of a file's private mapping that nobody wrote to: a change of the file changes the
// code. No write to memory shows that.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
  unsigned char code[4096] = {0xb8, 1, 0, 0, 0, 0xc3};  // mov $1, %eax; ret
  int fd = memfd_create("code", 0);
  if (fd < 0 || write(fd, code, sizeof code) != sizeof code) return 1;
  int (*function)(void) = (int (*)(void))mmap(NULL, sizeof code, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  int sum = 0;
  for (unsigned char i = 1; i <= 100; i++) {
    if (pwrite(fd, &i, 1, 1) != 1) return 1;
    sum += function();
  }
  printf("%d\n", sum);
  return 0;
}

// Makes the calls whose --strace lines are in expected.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  char text[64];
  int size;
  syscall(SYS_write, -1, "begin", 5);
  syscall(SYS_openat, AT_FDCWD, "/missing\n\"file\"", O_RDONLY | O_CLOEXEC, 0);
  int fd = syscall(SYS_open, "file", O_CREAT | O_RDWR, 0644);
  syscall(SYS_write, fd, "0123456789012345678901234567890123456789\001\377\n", 43);
  syscall(SYS_pread64, fd, text, 4, 38L);
  syscall(SYS_pread64, fd, text, 4, 100L);
  syscall(SYS_lseek, fd, -5L, SEEK_END);
  syscall(SYS_lseek, fd, 1L << 40, SEEK_SET);
  syscall(SYS_close, fd);
  syscall(SYS_open, (char*)8, O_RDONLY, 0);
  syscall(SYS_open, NULL, O_RDONLY | O_CLOEXEC, 0);
  syscall(SYS_mkdir, "directory", 0755);
  syscall(SYS_access, "directory", R_OK);
  syscall(SYS_kill, 0, 0);
  syscall(SYS_tgkill, -1, -1, SIGUSR1);
  syscall(SYS_mmap, NULL, 0L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  syscall(SYS_ioctl, -1, FIONREAD, NULL);
  syscall(SYS_ioctl, -1, 0x1234, NULL);
  syscall(SYS_io_uring_setup, 1L, 2L, 3L, 4L, 5L, 6L);
  syscall(400, 1L, 2L, 3L, 4L, 5L, 6L);
  syscall(SYS_exit_group, 3);
}

// The emulator's descriptors do not show, cannot be closed, and give way.
#include "tests/guest/guest.h"
#include <dirent.h>

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory)) count++;
  closedir(directory);
  printf("entries %d\n", count);
  int open_fds = 0, closed = 0;
  for (int fd = 3; fd < 1100; fd++) open_fds += fcntl(fd, F_GETFD) >= 0, closed += close(fd) == 0;
  printf("open %d closed %d\n", open_fds, closed);
  IN_CHILD("after closing all", execl("/bin/echo", "echo", "still works", NULL));
  syscall(SYS_close_range, 3, ~0u, 0);
  IN_CHILD("after close_range", execl("/bin/echo", "echo", "still works", NULL));
  for (int fd = 995; fd < 1015; fd++) EXPECT(dup2(1, fd) == fd);
  EXPECT(write(1000, "mine\n", 5) == 5);
  IN_CHILD("after dup2", execl("/bin/echo", "echo", "still works", NULL));
  int n = 0;
  for (int fd = 995; fd < 1015; fd++) n += close(fd) == 0;
  printf("closed %d\n", n);
  return 0;
}

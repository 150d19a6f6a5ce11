#include "cases.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

CASE(Dup, NumbersAndErrors) {
  int fd = open("/dev/null", O_RDWR);
  SHOW(syscall(SYS_dup2, fd, 50));
  SHOW(syscall(SYS_dup2, 50, 50));
  SHOW(syscall(SYS_dup2, 60, 60));
  SHOW(syscall(SYS_dup2, 60, 61));
  SHOW(syscall(SYS_dup3, fd, 51, O_CLOEXEC));
  SHOW(fcntl(51, F_GETFD));
  SHOW(syscall(SYS_dup3, fd, fd, 0));
  SHOW(syscall(SYS_dup3, fd, 52, 1));
  SHOW(syscall(SYS_dup, 60));
  SHOW(fcntl(fd, F_DUPFD, 55));
  SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 55));
  SHOW(syscall(SYS_close_range, 50, 56, 0));
  SHOW(close(50));
  SHOW(syscall(SYS_close_range, 56, 50, 0));
  close(fd);
}

CASE(Dup, OntoAnyNumber) {
  // The emulator keeps descriptors of its own at numbers that the guest may take.
  int fd = open("/dev/null", O_RDWR), wrong = 0;
  for (int i = 100; i < 1020; i++) wrong += dup2(fd, i) != i;
  printf("%d\n", wrong);
  SHOW(syscall(SYS_close_range, 3, ~0U, 0));
  SHOW(write(999, "x", 1));
  fd = open("/dev/null", O_RDWR);
  printf("%d\n", fd);
  close(fd);
}

CASE(Fcntl, LocksAndOwner) {
  int fd = open("locks", O_CREAT | O_RDWR, 0600);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
  SHOW(fcntl(fd, F_SETLK, &lock));
  pid_t child = fork();
  if (!child) {
    struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    SHOW(fcntl(fd, F_GETLK, &probe));
    printf("type %d start %ld length %ld owner %d\n", probe.l_type, (long)probe.l_start,
           (long)probe.l_len, probe.l_pid == getppid());
    SHOW(fcntl(fd, F_SETLK, &probe));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  lock.l_type = F_UNLCK;
  SHOW(fcntl(fd, F_SETLKW, &lock));
  SHOW(fcntl(fd, F_OFD_SETLK, &lock));
  SHOW(fcntl(fd, F_SETOWN, getpid()));
  printf("%d\n", fcntl(fd, F_GETOWN) == getpid());
  SHOW(fcntl(fd, F_SETSIG, SIGUSR1));
  SHOW(fcntl(fd, F_GETSIG));
  SHOW(flock(fd, LOCK_EX | LOCK_NB));
  SHOW(fcntl(fd, 9999));
  close(fd);
}

CASE(Fcntl, StatusFlags) {
  int fd = open("status", O_CREAT | O_RDWR, 0600);
  SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
  printf("%#lo\n", (long)syscall(SYS_fcntl, fd, F_GETFL));
  SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC));
  SHOW(fcntl(fd, F_GETFD));
  close(fd);
}

CASE(Pipe, FlagsAndCapacity) {
  int fds[2];
  SHOW(syscall(SYS_pipe, fds));
  SHOW(fcntl(fds[0], F_GETPIPE_SZ));
  close(fds[0]);
  signal(SIGPIPE, SIG_IGN);
  SHOW(write(fds[1], "x", 1));
  close(fds[1]);
  SHOW(syscall(SYS_pipe2, fds, O_NONBLOCK | O_CLOEXEC | O_DIRECT));
  char text[8];
  SHOW(read(fds[0], text, 1));
  SHOW(write(fds[1], "one", 3));
  SHOW(write(fds[1], "two", 3));
  SHOW(read(fds[0], text, 8));
  SHOW(syscall(SYS_pipe2, fds, O_APPEND));
  SHOW(syscall(SYS_pipe, (void*)8));
}

CASE(Pipe, StatusFlags) {
  int fds[2];
  pipe2(fds, O_NONBLOCK | O_DIRECT);
  printf("%#lo\n", (long)syscall(SYS_fcntl, fds[1], F_GETFL));
}

CASE(Ioctl, PipeAndTerminal) {
  int fds[2], count = -1;
  pipe(fds);
  write(fds[1], "12345", 5);
  SHOW(ioctl(fds[0], FIONREAD, &count));
  printf("%d\n", count);
  struct termios settings;
  SHOW(ioctl(fds[0], TCGETS, &settings));
  int on = 1;
  SHOW(ioctl(fds[0], FIONBIO, &on));
  SHOW(ioctl(fds[0], FIOCLEX));
  SHOW(fcntl(fds[0], F_GETFD));
  SHOW(ioctl(999, FIONREAD, &count));
  SHOW(ioctl(fds[0], FIONREAD, (void*)8));
}

CASE(Ioctl, PseudoTerminal) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) return;
  SHOW(grantpt(master));
  SHOW(unlockpt(master));
  struct winsize size = {24, 80, 0, 0}, got;
  SHOW(ioctl(master, TIOCSWINSZ, &size));
  SHOW(ioctl(master, TIOCGWINSZ, &got));
  printf("%d %d\n", got.ws_row, got.ws_col);
  struct termios settings;
  SHOW(tcgetattr(master, &settings));
  printf("%x %x %x %x %d\n", settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag,
         settings.c_cc[VEOF]);
  cfmakeraw(&settings);
  SHOW(tcsetattr(master, TCSANOW, &settings));
  SHOW(tcgetattr(master, &settings));
  printf("%x %x %x %x\n", settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag);
  close(master);
}

CASE(Eventfd, NonblockingReadGivesEAGAIN) {
  int fd = eventfd(0, EFD_NONBLOCK);
  uint64_t value = 0;
  SHOW(read(fd, &value, 8));
  value = 5;
  SHOW(write(fd, &value, 8));
  SHOW(write(fd, &value, 8));
  SHOW(read(fd, &value, 8));
  printf("%lu\n", value);
  SHOW(read(fd, &value, 4));
  close(fd);
}

CASE(Eventfd, SemaphoreAndOldCall) {
  int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  uint64_t value;
  for (int i = 0; i < 3; i++) SHOW(read(fd, &value, 8));
  close(fd);
  fd = SHOW_OK(syscall(SYS_eventfd, 7));
  SHOW(read(fd, &value, 8));
  printf("%lu\n", value);
  close(fd);
  SHOW(eventfd(0, 0x40));
}

CASE(Signalfd, ReadsBlockedSignal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = SHOW_OK(signalfd(-1, &set, SFD_NONBLOCK));
  struct signalfd_siginfo info;
  SHOW(read(fd, &info, sizeof info));
  kill(getpid(), SIGUSR1);
  SHOW(read(fd, &info, sizeof info));
  printf("%d %d %d\n", info.ssi_signo, info.ssi_code, info.ssi_pid == (unsigned)getpid());
  close(fd);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

CASE(Inotify, CreateAndDelete) {
  int fd = SHOW_OK(syscall(SYS_inotify_init));
  mkdir("watched", 0700);
  int watch = inotify_add_watch(fd, "watched", IN_CREATE | IN_DELETE);
  printf("%d\n", watch);
  make_file("watched/file", "");
  unlink("watched/file");
  char buffer[512] __attribute__((aligned(8)));
  long size = SHOW(read(fd, buffer, sizeof buffer));
  for (long at = 0; at < size;) {
    struct inotify_event* event = (struct inotify_event*)(buffer + at);
    printf("%x %s\n", event->mask, event->name);
    at += sizeof *event + event->len;
  }
  SHOW(inotify_rm_watch(fd, watch));
  SHOW(inotify_rm_watch(fd, 99));
  SHOW(inotify_add_watch(fd, "missing", IN_CREATE));
  close(fd);
}

CASE(Inotify, UnknownFlagGivesEINVAL) { SHOW(inotify_init1(3)); }

CASE(Fanotify, BadFlags) { SHOW(syscall(SYS_fanotify_mark, 999, 0, 0, 0, NULL)); }

// Structures whose pointers handlers give to the host as they are: each has x86-64's layout on
// every host, or this file does not compile.

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fanotify.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <termios.h>
#include <utime.h>

#include <cstddef>
#include <ctime>

namespace gantry::runtime::abi {
namespace {

static_assert(sizeof(long) == 8 && sizeof(void*) == 8 && alignof(long) == 8);

static_assert(sizeof(timespec) == 16 && sizeof(timeval) == 16 && sizeof(itimerspec) == 32 &&
              sizeof(itimerval) == 32 && sizeof(tms) == 32 && sizeof(utimbuf) == 16);
static_assert(sizeof(timex) == 208 && offsetof(timex, time) == 72 && offsetof(timex, tai) == 160);
static_assert(sizeof(rusage) == 144 && offsetof(rusage, ru_maxrss) == 32);
static_assert(sizeof(rlimit) == 16);
static_assert(sizeof(struct sysinfo) == 112 && offsetof(struct sysinfo, procs) == 80 &&
              offsetof(struct sysinfo, mem_unit) == 104);
static_assert(sizeof(utsname) == 390 && offsetof(utsname, machine) == 260);

static_assert(sizeof(struct statfs) == 120 && offsetof(struct statfs, f_bsize) == 8 &&
              offsetof(struct statfs, f_namelen) == 64 && offsetof(struct statfs, f_flags) == 80);
static_assert(sizeof(struct flock) == 32 && offsetof(struct flock, l_start) == 8 &&
              offsetof(struct flock, l_pid) == 24);
static_assert(F_GETLK == 5 && F_SETLK == 6 && F_SETLKW == 7 && F_OFD_GETLK == 36 && F_SETOWN == 8 &&
              F_GETOWN == 9 && F_SETSIG == 10 && F_GETSIG == 11);
static_assert(sizeof(f_owner_ex) == 8);
static_assert(sizeof(struct open_how) == 24);
static_assert(sizeof(struct statx) == 256 && offsetof(struct statx, stx_size) == 40 &&
              offsetof(struct statx, stx_dev_major) == 136);
static_assert(AT_FDCWD == -100 && AT_SYMLINK_NOFOLLOW == 0x100 && AT_REMOVEDIR == 0x200 &&
              AT_SYMLINK_FOLLOW == 0x400 && AT_EMPTY_PATH == 0x1000);

static_assert(sizeof(iovec) == 16);
static_assert(sizeof(pollfd) == 8 && POLLIN == 1 && POLLHUP == 0x10 && POLLWRNORM == 0x100 &&
              POLLMSG == 0x400 && POLLRDHUP == 0x2000);
static_assert(sizeof(inotify_event) == 16 && sizeof(signalfd_siginfo) == 128);
static_assert(sizeof(fanotify_event_metadata) == 24);
static_assert(sizeof(iocb) == 64 && offsetof(iocb, aio_fildes) == 20 &&
              offsetof(iocb, aio_buf) == 24 && offsetof(iocb, aio_resfd) == 60);
static_assert(sizeof(io_event) == 32);
static_assert(sizeof(mq_attr) == 64);

static_assert(sizeof(msghdr) == 56 && offsetof(msghdr, msg_iov) == 16 &&
              offsetof(msghdr, msg_control) == 32 && offsetof(msghdr, msg_flags) == 48);
static_assert(sizeof(mmsghdr) == 64 && sizeof(cmsghdr) == 16 && sizeof(linger) == 8 &&
              sizeof(ucred) == 12 && sizeof(sockaddr_storage) == 128);
static_assert(SOL_SOCKET == 1 && SO_REUSEADDR == 2 && SO_PEERCRED == 17 && SO_RCVTIMEO == 20 &&
              SO_REUSEPORT == 15 && SOCK_STREAM == 1 && SOCK_DGRAM == 2 &&
              SOCK_CLOEXEC == O_CLOEXEC && SOCK_NONBLOCK == O_NONBLOCK);

// glibc's termios has other sizes than the kernel's; what matters are the numbers of the requests.
static_assert(TCGETS == 0x5401 && TIOCGWINSZ == 0x5413 && FIONREAD == 0x541b && FIONBIO == 0x5421 &&
              FIOCLEX == 0x5451 && TIOCGPTN == 0x80045430 && TIOCSCTTY == 0x540e &&
              TIOCGPGRP == 0x540f && TIOCOUTQ == 0x5411);
static_assert(sizeof(winsize) == 8 && NCCS == 32);
static_assert(ECHO == 010 && ICANON == 2 && ISIG == 1 && OPOST == 1 && VMIN == 6 &&
              CBAUD == 010017);

static_assert(RLIMIT_NOFILE == 7 && RLIMIT_AS == 9 && RLIMIT_NPROC == 6 && RLIMIT_MEMLOCK == 8);

}  // namespace
}  // namespace gantry::runtime::abi

#include "cases.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>

CASE(Open, MissingFileGivesENOENT) { SHOW(syscall(SYS_open, "missing", O_RDONLY, 0)); }

CASE(Open, CreateExclusiveTwiceGivesEEXIST) {
  int fd = SHOW_OK(syscall(SYS_open, "exclusive", O_CREAT | O_EXCL | O_RDWR, 0640));
  struct stat status;
  SHOW(fstat(fd, &status));
  printf("mode %o size %ld\n", status.st_mode, (long)status.st_size);
  close(fd);
  SHOW(syscall(SYS_open, "exclusive", O_CREAT | O_EXCL | O_RDWR, 0640));
}

CASE(Open, DirectoryFlagOnFileGivesENOTDIR) {
  make_file("plain", "text");
  SHOW(syscall(SYS_open, "plain", O_RDONLY | O_DIRECTORY));
  SHOW_OK(syscall(SYS_open, ".", O_RDONLY | O_DIRECTORY));
  SHOW(syscall(SYS_open, ".", O_WRONLY));
}

CASE(Open, NofollowOnLinkGivesELOOP) {
  make_file("target", "text");
  SHOW(symlink("target", "nofollow"));
  SHOW(syscall(SYS_open, "nofollow", O_RDONLY | O_NOFOLLOW));
  SHOW_OK(syscall(SYS_open, "nofollow", O_RDONLY));
  SHOW_OK(syscall(SYS_open, "nofollow", O_PATH | O_NOFOLLOW));
}

CASE(Open, StatusFlagsAreGuestValues) {
  int fd = open("flags", O_CREAT | O_RDWR | O_APPEND | O_NONBLOCK | O_NOATIME, 0600);
  printf("%#lo\n", (long)syscall(SYS_fcntl, fd, F_GETFL));
  close(fd);
  fd = open(".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  printf("%#lo\n", (long)syscall(SYS_fcntl, fd, F_GETFL));
  close(fd);
}

CASE(Open, StatusFlagsOfPathDescriptor) {
  int fd = open(".", O_PATH | O_DIRECTORY);
  printf("%#lo\n", (long)syscall(SYS_fcntl, fd, F_GETFL));
  close(fd);
}

CASE(Open, BadAddressGivesEFAULT) {
  SHOW(syscall(SYS_open, (char*)8, O_RDONLY));
  SHOW(syscall(SYS_openat, AT_FDCWD, (char*)-1L, O_RDONLY));
}

CASE(Open, LongPathGivesENAMETOOLONG) {
  char path[5000];
  memset(path, 'a', sizeof path);
  path[sizeof path - 1] = 0;
  SHOW(syscall(SYS_open, path, O_RDONLY));
  path[300] = 0;
  SHOW(syscall(SYS_open, path, O_RDONLY));
  SHOW(syscall(SYS_open, "", O_RDONLY));
}

CASE(Open, CreatTruncates) {
  make_file("creat", "something");
  int fd = SHOW_OK(syscall(SYS_creat, "creat", 0600));
  SHOW(lseek(fd, 0, SEEK_END));
  close(fd);
}

CASE(Openat, RelativeToDirectory) {
  mkdir("directory", 0700);
  make_file("directory/file", "inside");
  int directory = open("directory", O_PATH);
  int fd = SHOW_OK(openat(directory, "file", O_RDONLY));
  char text[16] = "";
  SHOW(read(fd, text, sizeof text));
  puts(text);
  SHOW(openat(fd, "file", O_RDONLY));
  SHOW(openat(999, "file", O_RDONLY));
  close(fd);
  close(directory);
}

CASE(Openat2, ResolveBeneathGivesEXDEV) {
  struct open_how how = {.flags = O_RDONLY | O_DIRECTORY, .resolve = RESOLVE_BENEATH};
  SHOW(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how));
  SHOW_OK(syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how));
  SHOW(syscall(SYS_openat2, AT_FDCWD, ".", &how, 8));
}

CASE(Openat2, UnknownFlagGivesEINVAL) {
  struct open_how how = {.flags = O_RDONLY | 1ULL << 40};
  SHOW(syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how));
}

CASE(Stat, FieldsOfFile) {
  make_file("stat", "12345");
  chmod("stat", 04751);
  link("stat", "stat2");
  struct stat a, b, c;
  SHOW(syscall(SYS_stat, "stat", &a));
  SHOW(syscall(SYS_lstat, "stat", &b));
  SHOW(syscall(SYS_newfstatat, AT_FDCWD, "stat", &c, 0));
  printf("mode %o links %ld size %ld blocks %ld blksize %ld\n", a.st_mode, (long)a.st_nlink,
         (long)a.st_size, (long)a.st_blocks, (long)a.st_blksize);
  printf("same %d %d\n", !memcmp(&a, &b, sizeof a), !memcmp(&a, &c, sizeof a));
  printf("owner %d %d\n", a.st_uid == geteuid(), a.st_gid == getegid());
}

CASE(Stat, DeviceNumbers) {
  struct stat status;
  SHOW(stat("/dev/null", &status));
  printf("%o %lx\n", status.st_mode, (long)status.st_rdev);
}

CASE(Stat, BadAddressGivesEFAULT) {
  SHOW(syscall(SYS_stat, "/", (void*)16));
  SHOW(syscall(SYS_fstat, 0, (void*)0));
  SHOW(syscall(SYS_fstat, 999, (void*)0));
}

CASE(Stat, LinkItself) {
  symlink("somewhere else", "dangling");
  struct stat status;
  SHOW(lstat("dangling", &status));
  printf("%o %ld\n", status.st_mode, (long)status.st_size);
  SHOW(stat("dangling", &status));
}

CASE(Statx, BasicFields) {
  make_file("statx", "123");
  struct statx status;
  memset(&status, 0, sizeof status);
  SHOW(statx(AT_FDCWD, "statx", 0, STATX_BASIC_STATS, &status));
  printf("%o %lld %u %d\n", status.stx_mode, status.stx_size, status.stx_nlink,
         (status.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
  int fd = open("statx", O_RDONLY);
  SHOW(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &status));
  SHOW(statx(fd, "", 0, STATX_SIZE, &status));
  close(fd);
}

CASE(Statfs, MatchesFstatfs) {
  struct statfs a, b;
  SHOW(statfs("/proc", &a));
  int fd = open("/proc", O_RDONLY);
  SHOW(fstatfs(fd, &b));
  close(fd);
  printf("%lx %ld %ld %d\n", (long)a.f_type, (long)a.f_bsize, (long)a.f_namelen,
         a.f_type == b.f_type && a.f_flags == b.f_flags);
  SHOW(statfs("missing", &a));
}

CASE(Access, ModesAndErrors) {
  make_file("access", "");
  chmod("access", 0644);
  SHOW(syscall(SYS_access, "access", R_OK | W_OK));
  SHOW(syscall(SYS_access, "access", X_OK));
  SHOW(syscall(SYS_access, "access", 8));
  SHOW(syscall(SYS_access, "access/x", F_OK));
  SHOW(syscall(SYS_faccessat, AT_FDCWD, "missing", F_OK));
  SHOW(syscall(439, AT_FDCWD, "access", R_OK, AT_EACCESS));
  SHOW(syscall(439, AT_FDCWD, "access", R_OK, 0x8000));
}

CASE(Read, ErrorsAndEnd) {
  char buffer[8] = "";
  make_file("read", "abcdef");
  int fd = open("read", O_RDONLY);
  SHOW(read(fd, buffer, 4));
  printf("%.4s\n", buffer);
  SHOW(read(fd, buffer, 4));
  SHOW(read(fd, buffer, 4));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(read(fd, (void*)8, 4));
  SHOW(write(fd, buffer, 1));
  SHOW(read(-1, buffer, 1));
  close(fd);
  fd = open(".", O_RDONLY);
  SHOW(read(fd, buffer, 1));
  close(fd);
}

CASE(Read, PositionedAndVectored) {
  int fd = open("vector", O_CREAT | O_RDWR | O_TRUNC, 0600);
  struct iovec out[2] = {{"hello ", 6}, {"world", 5}};
  SHOW(writev(fd, out, 2));
  SHOW(pwrite(fd, "W", 1, 6));
  char a[4] = "", b[16] = "";
  struct iovec in[2] = {{a, 3}, {b, 15}};
  SHOW(preadv(fd, in, 2, 1));
  printf("%s|%s\n", a, b);
  SHOW(pread(fd, b, 5, 6));
  printf("%s\n", b);
  SHOW(preadv2(fd, in, 2, -1, 0));
  SHOW(pwritev2(fd, out, 2, 0, RWF_APPEND));
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(readv(fd, in, -1));
  SHOW(pread(fd, b, 1, -5));
  close(fd);
}

CASE(Lseek, HolesAndErrors) {
  int fd = open("hole", O_CREAT | O_RDWR | O_TRUNC, 0600);
  SHOW(ftruncate(fd, 1 << 20));
  SHOW(lseek(fd, 0, SEEK_HOLE));
  SHOW(lseek(fd, 0, SEEK_DATA));
  SHOW(lseek(fd, -1, SEEK_SET));
  SHOW(lseek(fd, 1L << 40, SEEK_SET));
  SHOW(lseek(fd, 0, 99));
  close(fd);
  int fds[2];
  pipe(fds);
  SHOW(lseek(fds[0], 0, SEEK_CUR));
  close(fds[0]);
  close(fds[1]);
}

CASE(Truncate, SizesAndErrors) {
  make_file("truncate", "0123456789");
  struct stat status;
  SHOW(truncate("truncate", 4));
  stat("truncate", &status);
  printf("%ld\n", (long)status.st_size);
  SHOW(truncate("truncate", -1));
  SHOW(truncate("missing", 1));
  SHOW(truncate(".", 1));
}

CASE(Copy, RangeSendfileSplice) {
  make_file("copy-from", "copied text");
  int from = open("copy-from", O_RDONLY), to = open("copy-to", O_CREAT | O_RDWR | O_TRUNC, 0600);
  off_t offset = 2;
  SHOW(sendfile(to, from, &offset, 4));
  printf("%ld\n", (long)offset);
  loff_t in = 0;
  SHOW(copy_file_range(from, &in, to, NULL, 6, 0));
  int fds[2];
  pipe(fds);
  SHOW(splice(from, NULL, fds[1], NULL, 5, 0));
  SHOW(splice(fds[0], NULL, to, NULL, 5, 0));
  char text[32] = "";
  SHOW(pread(to, text, 31, 0));
  puts(text);
  int other[2];
  pipe(other);
  write(fds[1], "tee", 3);
  SHOW(tee(fds[0], other[1], 10, 0));
  struct iovec piece = {text, 3};
  SHOW(vmsplice(other[1], &piece, 1, 0));
  SHOW(read(other[0], text, 10));
}

CASE(Sync, Calls) {
  int fd = open("sync", O_CREAT | O_RDWR, 0600);
  SHOW(fsync(fd));
  SHOW(fdatasync(fd));
  SHOW(syncfs(fd));
  SHOW(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
  SHOW(fsync(999));
  SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
  SHOW(readahead(fd, 0, 4096));
  SHOW(fallocate(fd, 0, 0, 10000));
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(fallocate(fd, 0, -1, 1));
  close(fd);
}

CASE(Memfd, SealsAndSize) {
  int fd = SHOW_OK(memfd_create("name", MFD_ALLOW_SEALING | MFD_CLOEXEC));
  SHOW(ftruncate(fd, 4096));
  SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  SHOW(ftruncate(fd, 1));
  SHOW(fcntl(fd, F_GET_SEALS));
  SHOW(memfd_create("name", 0x8000));
  close(fd);
}

CASE(Handle, NameToHandleErrors) {
  int mount_id;
  struct { struct file_handle head; char rest[128]; } handle = {.head = {.handle_bytes = 0}};
  SHOW(name_to_handle_at(AT_FDCWD, "missing", &handle.head, &mount_id, 0));
}

#include "cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

struct old_entry {
  unsigned long inode;
  unsigned long offset;
  unsigned short size;
  char name[];
};
struct new_entry {
  unsigned long inode;
  unsigned long offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

static int by_text(const void* a, const void* b) { return strcmp(a, b); }

static void make_tree(void) {
  mkdir("tree", 0755);
  mkdir("tree/directory", 0755);
  make_file("tree/file", "x");
  make_file("tree/a-much-longer-name-than-the-others", "x");
  symlink("file", "tree/link");
}

static void print_sorted(char lines[][80], int count) {
  qsort(lines, count, 80, by_text);
  for (int i = 0; i < count; i++) puts(lines[i]);
}

CASE(Getdents, OldRecords) {
  make_tree();
  int fd = open("tree", O_RDONLY | O_DIRECTORY);
  char buffer[4096], lines[20][80];
  int count = 0;
  long size = syscall(SYS_getdents, fd, buffer, sizeof buffer);
  for (long at = 0; at < size;) {
    struct old_entry* entry = (struct old_entry*)(buffer + at);
    sprintf(lines[count++], "%s size %d type %d", entry->name, entry->size, buffer[at + entry->size - 1]);
    at += entry->size;
  }
  print_sorted(lines, count);
  SHOW(syscall(SYS_getdents, fd, buffer, sizeof buffer));
  lseek(fd, 0, SEEK_SET);
  SHOW(syscall(SYS_getdents, fd, buffer, 8));
  close(fd);
}

CASE(Getdents64, Records) {
  int fd = open("tree", O_RDONLY | O_DIRECTORY);
  char buffer[4096], lines[20][80];
  int count = 0;
  long size = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
  for (long at = 0; at < size;) {
    struct new_entry* entry = (struct new_entry*)(buffer + at);
    sprintf(lines[count++], "%s size %d type %d", entry->name, entry->size, entry->type);
    at += entry->size;
  }
  print_sorted(lines, count);
  SHOW(syscall(SYS_getdents64, fd, buffer, sizeof buffer));
  lseek(fd, 0, SEEK_SET);
  SHOW(syscall(SYS_getdents64, fd, (void*)8, sizeof buffer));
  SHOW(syscall(SYS_getdents64, 999, buffer, sizeof buffer));
  close(fd);
  fd = open("tree/file", O_RDONLY);
  SHOW(syscall(SYS_getdents64, fd, buffer, sizeof buffer));
  close(fd);
}

CASE(Getdents64, OwnDescriptorsOnly) {
  closefrom(3);
  DIR* directory = opendir("/proc/self/fd");
  int others = 0;
  for (struct dirent* entry; (entry = readdir(directory));) {
    if (entry->d_name[0] != '.' && atoi(entry->d_name) > 20) others++;
  }
  closedir(directory);
  printf("%d\n", others);
}

// Since Linux 6.2 the directory's size is the count of descriptors.
CASE(Stat, CountOfOwnDescriptors) {
  closefrom(3);
  struct stat status;
  struct statx extended;
  const char* paths[] = {"/proc/self/fd", "/proc/thread-self/fd", "/proc/self/fdinfo", "/dev/fd"};
  for (int i = 0; i < 4; i++) {
    SHOW(stat(paths[i], &status));
    printf("%s %ld\n", paths[i], (long)status.st_size);
    SHOW(lstat(paths[i], &status));
    if (S_ISDIR(status.st_mode)) printf("itself %ld\n", (long)status.st_size);
    SHOW(statx(AT_FDCWD, paths[i], 0, STATX_BASIC_STATS, &extended));
    printf("extended %lld\n", extended.stx_size);
  }
  int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
  SHOW(fstat(fd, &status));
  printf("opened %ld\n", (long)status.st_size);
  SHOW(syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH));
  printf("by its descriptor %ld\n", (long)status.st_size);
  SHOW(syscall(SYS_newfstatat, fd, ".", &status, 0));
  printf("relative %ld\n", (long)status.st_size);
  SHOW(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &extended));
  printf("extended %lld\n", extended.stx_size);
  close(fd);
}

CASE(Mkdir, AndRmdir) {
  SHOW(syscall(SYS_mkdir, "made", 0750));
  SHOW(syscall(SYS_mkdir, "made", 0750));
  SHOW(syscall(SYS_mkdirat, AT_FDCWD, "made/inner", 0700));
  SHOW(syscall(SYS_rmdir, "made"));
  SHOW(syscall(SYS_rmdir, "made/inner"));
  SHOW(syscall(SYS_rmdir, "made"));
  SHOW(syscall(SYS_rmdir, "made"));
  SHOW(syscall(SYS_mkdir, "a/b", 0700));
}

CASE(Link, HardAndSymbolic) {
  make_file("one", "text");
  struct stat status;
  SHOW(syscall(SYS_link, "one", "two"));
  stat("one", &status);
  printf("%ld\n", (long)status.st_nlink);
  SHOW(syscall(SYS_link, "one", "two"));
  SHOW(syscall(SYS_linkat, AT_FDCWD, "one", AT_FDCWD, "three", 0));
  SHOW(syscall(SYS_symlink, "one", "link"));
  SHOW(syscall(SYS_symlinkat, "one", AT_FDCWD, "link"));
  char text[64] = "";
  SHOW(syscall(SYS_readlink, "link", text, sizeof text));
  puts(text);
  SHOW(syscall(SYS_readlink, "link", text, 2));
  SHOW(syscall(SYS_readlink, "one", text, 2));
  SHOW(syscall(SYS_readlink, "link", text, 0));
  SHOW(syscall(SYS_readlink, "link", (void*)8, 5));
  SHOW(syscall(SYS_unlink, "link"));
  SHOW(syscall(SYS_unlink, "link"));
  SHOW(syscall(SYS_unlinkat, AT_FDCWD, "three", 0));
  SHOW(syscall(SYS_unlinkat, AT_FDCWD, "three", 0x4000));
}

CASE(Rename, PlainAndExchange) {
  make_file("old", "old");
  make_file("new", "newer");
  struct stat status;
  SHOW(syscall(SYS_renameat2, AT_FDCWD, "old", AT_FDCWD, "new", RENAME_NOREPLACE));
  SHOW(syscall(SYS_renameat2, AT_FDCWD, "old", AT_FDCWD, "new", RENAME_EXCHANGE));
  stat("old", &status);
  printf("%ld\n", (long)status.st_size);
  SHOW(syscall(SYS_rename, "old", "new"));
  SHOW(syscall(SYS_renameat, AT_FDCWD, "new", AT_FDCWD, "newest"));
  SHOW(syscall(SYS_rename, "new", "x"));
}

CASE(Mknod, Fifo) {
  struct stat status;
  SHOW(syscall(SYS_mknod, "fifo", S_IFIFO | 0600, 0));
  stat("fifo", &status);
  printf("%o\n", status.st_mode);
  SHOW(syscall(SYS_mknodat, AT_FDCWD, "fifo", S_IFIFO | 0600, 0));
  SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
}

CASE(Chmod, AllForms) {
  struct stat status;
  make_file("chmod", "");
  SHOW(syscall(SYS_chmod, "chmod", 0123));
  SHOW(syscall(SYS_fchmodat, AT_FDCWD, "chmod", 0234));
  int fd = open("chmod", O_RDONLY);
  SHOW(fchmod(fd, 0345));
  fstat(fd, &status);
  printf("%o\n", status.st_mode);
  close(fd);
  SHOW(syscall(SYS_chmod, "missing", 0));
  printf("%o\n", umask(077));
  printf("%o\n", umask(022));
}

CASE(Chown, ToOneself) {
  make_file("chown", "");
  symlink("nowhere", "chown-link");
  SHOW(syscall(SYS_chown, "chown", geteuid(), getegid()));
  SHOW(syscall(SYS_chown, "chown-link", -1, -1));
  SHOW(syscall(SYS_lchown, "chown-link", -1, -1));
  SHOW(syscall(SYS_fchownat, AT_FDCWD, "chown", -1, -1, AT_SYMLINK_NOFOLLOW));
  int fd = open("chown", O_RDONLY);
  SHOW(fchown(fd, -1, -1));
  close(fd);
}

static void print_times(const char* name) {
  struct stat status;
  lstat(name, &status);
  printf("%ld.%09ld %ld.%09ld\n", (long)status.st_atim.tv_sec, (long)status.st_atim.tv_nsec,
         (long)status.st_mtim.tv_sec, (long)status.st_mtim.tv_nsec);
}

CASE(Times, EveryCall) {
  make_file("times", "");
  struct utimbuf old = {1000, 2000};
  SHOW(syscall(SYS_utime, "times", &old));
  print_times("times");
  struct timeval micro[2] = {{3000, 123456}, {4000, 999999}};
  SHOW(syscall(SYS_utimes, "times", micro));
  print_times("times");
  micro[0].tv_usec = 7;
  SHOW(syscall(SYS_futimesat, AT_FDCWD, "times", micro));
  print_times("times");
  micro[0].tv_usec = 1000000;
  SHOW(syscall(SYS_utimes, "times", micro));
  struct timespec nano[2] = {{5000, 1}, {0, UTIME_OMIT}};
  SHOW(syscall(SYS_utimensat, AT_FDCWD, "times", nano, 0));
  print_times("times");
  int fd = open("times", O_RDONLY);
  nano[0].tv_sec = 6000;
  SHOW(syscall(SYS_utimensat, fd, NULL, nano, 0));
  print_times("times");
  close(fd);
  SHOW(syscall(SYS_utime, "missing", NULL));
  SHOW(syscall(SYS_utimes, "times", NULL));
  SHOW(syscall(SYS_utime, NULL, NULL));
}

CASE(Chdir, AndGetcwd) {
  char start[4096], text[4096];
  SHOW_OK(syscall(SYS_getcwd, start, sizeof start));
  mkdir("cwd", 0700);
  SHOW(syscall(SYS_chdir, "cwd"));
  long length = syscall(SYS_getcwd, text, sizeof text);
  printf("%s %d\n", strrchr(text, '/'), length == (long)strlen(text) + 1);
  SHOW(syscall(SYS_getcwd, text, 2));
  SHOW(syscall(SYS_chdir, "missing"));
  int fd = open("..", O_RDONLY);
  SHOW(syscall(SYS_fchdir, fd));
  close(fd);
  SHOW(syscall(SYS_fchdir, 999));
}

CASE(Xattr, SetGetListRemove) {
  make_file("xattr", "");
  int supported = !setxattr("xattr", "user.one", "value", 5, 0) || errno != EOPNOTSUPP;
  if (!supported) return;
  char text[64] = "";
  SHOW(setxattr("xattr", "user.one", "value", 5, XATTR_CREATE));
  SHOW(getxattr("xattr", "user.one", text, sizeof text));
  SHOW(getxattr("xattr", "user.one", text, 2));
  SHOW(lgetxattr("xattr", "user.two", text, 2));
  int fd = open("xattr", O_RDWR);
  SHOW(fsetxattr(fd, "user.two", "2", 1, 0));
  SHOW(fgetxattr(fd, "user.two", text, sizeof text));
  SHOW(removexattr("xattr", "user.one"));
  SHOW(fremovexattr(fd, "user.one"));
  close(fd);
}

CASE(Proc, SelfExeIsTheProgram) {
  char text[4096] = "";
  ssize_t length = readlink("/proc/self/exe", text, sizeof text - 1);
  printf("%d %s\n", length > 0, strrchr(text, '/'));
  struct stat a, b;
  SHOW(stat("/proc/self/exe", &a));
  SHOW(stat(text, &b));
  printf("%d\n", a.st_ino == b.st_ino && a.st_size == b.st_size);
  int fd = SHOW_OK(open("/proc/self/exe", O_RDONLY));
  unsigned char head[20] = "";
  SHOW(read(fd, head, sizeof head));
  printf("%.3s machine %d\n", head + 1, head[18]);
  close(fd);
  SHOW(access("/proc/self/exe", X_OK));
}

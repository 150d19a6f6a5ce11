// execve(2): errors, scripts, argv[0], descriptors, dispositions, masks and pending signals, threads.
#include "tests/guest/guest.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

extern char** environ;
static char self[4096];
static void* no_argv;

static void write_file(const char* name, const char* text, int mode) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
  EXPECT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  fchmod(fd, mode);
  close(fd);
}

static void try_exec(const char* path) {
  char* argv[] = {"a0", NULL};
  pid_t pid = vfork();
  if (pid == 0) {
    execve(path, argv, environ);
    _exit(errno);
  }
  int status;
  waitpid(pid, &status, 0);
  printf("exec %s: status %#x\n", path, status);
}

static void handler(int signal) { (void)signal; }

// The other side: what arrived.
static int report(int argc, char** argv) {
  for (int i = 0; i < argc; i++) printf(" argv[%d]=%s", i, i ? argv[i] : strrchr(argv[i], '/') ? "/…" : argv[i]);
  printf("\n  environment %s", environ[0] ? environ[0] : "none");
  int fds = 0;
  for (int fd = 0; fd < 1024; fd++) fds += fcntl(fd, F_GETFD) >= 0;
  sigset_t mask, pending;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  sigpending(&pending);
  printf(" fds %d mask %#lx pending %#lx actions", fds, mask.__val[0], pending.__val[0]);
  for (int signal = 1; signal < 65; signal++) {
    struct sigaction action;
    if (sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_DFL) printf(" %d", signal);
  }
  // The name of a program that is executed by descriptor is the number or (Linux 6.14) the file's.
  char name[16];
  prctl(PR_GET_NAME, name);
  printf(" name %s tid %d\n", argc == 3 ? "unchecked" : name, syscall(SYS_gettid) == getpid());
  return 17;
}

static void* exec_here(void* unused) {
  char* argv[] = {"from-thread", "report", NULL};
  execve(self, argv, environ);
  return unused;
}
static void* wait_here(void* unused) {
  while (1) pause();
  return unused;
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc > 1 && !strcmp(argv[1], "report")) return report(argc, argv);
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  EXPECT(n > 0);
  char* report_argv[] = {"own-name", "report", "", "two words", NULL};
  char* fd_argv[] = {"own-name", "report", "by descriptor", NULL};
  char* one[] = {"A=b", NULL};

  IN_CHILD("exec", execve(self, report_argv, one));
  IN_CHILD("exec without environment", execve(self, report_argv, (char*[]){NULL}));
  IN_CHILD("descriptors and signals", {
    open("/dev/null", O_RDONLY | O_CLOEXEC);
    open("/dev/null", O_RDONLY);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    signal(SIGUSR1, handler);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    raise(SIGRTMIN);
    execve(self, report_argv, one);
  });
  IN_CHILD("exec in a thread", {
    pthread_t thread;
    pthread_create(&thread, NULL, wait_here, NULL);
    pthread_create(&thread, NULL, exec_here, NULL);
    pthread_join(thread, NULL);
  });
  IN_CHILD("fexecve, close-on-exec", {
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    fexecve(fd, fd_argv, one);
  });
  IN_CHILD("memfd", {
    int fd = syscall(SYS_memfd_create, "m", 1);
    int file = open(self, O_RDONLY);
    static char buffer[1 << 20];
    ssize_t size = read(file, buffer, sizeof buffer);
    EXPECT(write(fd, buffer, size) == size);
    close(file);
    fexecve(fd, fd_argv, one);
  });
  IN_CHILD("no argv", execve("/bin/true", (char**)no_argv, (char**)no_argv));
  IN_CHILD("/proc/self/exe", execve("/proc/self/exe", report_argv, one));

  char script[8192];
  snprintf(script, sizeof script, "#!%s report\n", self);
  write_file("script", script, 0755);
  IN_CHILD("script", execl("./script", "ignored", "x", NULL));
  write_file("nested", "#!./script  spaced out  \n", 0755);
  IN_CHILD("nested script", execl("./nested", "ignored", "y", NULL));
  write_file("loop", "#!./loop\n", 0755);
  try_exec("./loop");
  write_file("missing", "#!/nonexistent/interpreter\n", 0755);
  try_exec("./missing");
  write_file("empty", "", 0755);
  try_exec("./empty");
  write_file("text", "echo no interpreter line\n", 0755);
  try_exec("./text");
  write_file("private", script, 0644);
  try_exec("./private");
  mkdir("directory", 0755);
  try_exec("./directory");
  try_exec("./script/below");
  try_exec("./does-not-exist");
  try_exec("");
  EXPECT(symlink("circle", "circle") == 0);
  try_exec("./circle");
  write_file("elf", "\177ELF\2\1\1", 0755);
  try_exec("./elf");

  errno = 0;
  printf("bad pointers: %d", execve((char*)8, report_argv, one));
  printf(" %d", errno);
  printf(" %d", execve(self, (char**)8, one));
  printf(" %d\n", errno);
  size_t size = 200000;
  char* big = malloc(size + 1);
  memset(big, 'x', size);
  big[size] = 0;
  char* big_argv[] = {"a", big, NULL};
  printf("too big: %d", execve(self, big_argv, one));
  printf(" %d\n", errno);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 5, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  signal(SIGPIPE, SIG_IGN);
  pid_t pid;
  int status, error = posix_spawn(&pid, self, &actions, &attributes, report_argv, one);
  waitpid(pid, &status, 0);
  printf("posix_spawn: %d status %#x\n", error, status);
  error = posix_spawn(&pid, "/does/not/exist", NULL, NULL, report_argv, one);
  printf("posix_spawn: %d\n", error);
  printf("system: %#x\n", system("exit 3"));
  FILE* pipe = popen("echo from popen; exit 2", "r");
  char line[100];
  EXPECT(fgets(line, sizeof line, pipe) != NULL);
  printf("%s%#x\n", line, pclose(pipe));
  return 0;
}

// Runs as a container's program and prints what it can observe of its surroundings, one fact a
// line. "exit=N" as an argument is the exit status; "wait" sleeps until a signal comes.

#include <dirent.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

void print_files(const char* title, const char* directory) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(directory);
  if (!stream) return;
  while (dirent* entry = ::readdir(stream)) {
    // The stream's own descriptor.
    if (std::string(directory) == "/proc/self/fd" && std::atoi(entry->d_name) == ::dirfd(stream)) {
      continue;
    }
    names.emplace_back(entry->d_name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) std::printf("%s: %s\n", title, name.c_str());
}

// proc_pid_status(5): what a runtime decides.
void print_status() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    for (const char* key : {"Uid:", "Gid:", "Groups:", "Cap",
                            "NoNewPrivs:", "Seccomp:", "SigBlk:", "SigIgn:", "Umask:", "NSpid:"}) {
      if (line.starts_with(key)) std::printf("status: %s\n", line.c_str());
    }
  }
}

// proc_pid_mountinfo(5) without the numbers of mounts and devices.
void print_mounts() {
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent, device, rest;
    words >> id >> parent >> device;
    std::getline(words, rest);
    std::printf("mount:%s\n", rest.c_str());
  }
}

void print_file(const char* path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) std::printf("%s: %s\n", path, line.c_str());
}

// What is open as standard input, output and error: S_IFMT and mode bits.
void print_standard_files() {
  for (int fd = 0; fd < 3; fd++) {
    struct stat status;
    std::printf("file %d: %o\n", fd, ::fstat(fd, &status) == 0 ? status.st_mode : 0);
  }
}

void print_attributes() {
  int death_signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &death_signal);
  std::printf("death signal: %d\nsecure bits: %d\ndumpable: %d\ntimer slack: %d\n", death_signal,
              ::prctl(PR_GET_SECUREBITS), ::prctl(PR_GET_DUMPABLE), ::prctl(PR_GET_TIMERSLACK));
  std::printf("secure: %lu\npriority: %d\nleads its session: %d, its group: %d\n",
              ::getauxval(AT_SECURE), ::getpriority(PRIO_PROCESS, 0), ::getsid(0) == ::getpid(),
              ::getpgrp() == ::getpid());
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  int status = 0;
  bool wait = false;
  for (int i = 0; i < argc; i++) {
    std::printf("argv: %s\n", argv[i]);
    if (std::strncmp(argv[i], "exit=", 5) == 0) status = std::atoi(argv[i] + 5);
    wait |= std::strcmp(argv[i], "wait") == 0;
  }
  for (char** variable = environment; *variable; variable++) std::printf("env: %s\n", *variable);
  char directory[4096];
  std::printf("cwd: %s\n", ::getcwd(directory, sizeof directory));
  utsname name;
  ::uname(&name);
  std::printf("host: %s\npid: %d\n", name.nodename, ::getpid());
  print_status();
  for (const char* path :
       {"/proc/self/limits", "/proc/self/cgroup", "/proc/self/oom_score_adj", "/proc/self/uid_map",
        "/proc/self/gid_map", "/proc/self/comm", "/proc/self/personality"}) {
    print_file(path);
  }
  print_attributes();
  print_standard_files();
  print_mounts();
  print_files("fd", "/proc/self/fd");
  print_files("root", "/");
  print_files("dev", "/dev");
  std::fflush(stdout);
  if (wait) ::pause();
  return status;
}
